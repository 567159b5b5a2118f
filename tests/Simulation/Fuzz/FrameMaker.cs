using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Pelago.Model;
using Pelago.Replication.Stored;
using Pelago.Replication.Wire;

namespace Pelago.Tests.Simulation;

/// <summary>Makes up frames of every kind that the wire describes. Fields get what fits their names, so that most
/// frames pass the reader, and say what nobody said.</summary>
/// <remarks>It goes by the description of the wire: a frame that is added is made up from then on. What the reader
/// demands beyond the description, <see cref="Mend"/> sees to. Events are the sender's own: a member that relays
/// another's is believed, as it is in who the group, or who gets a type, is: so of the types whose filter it
/// tells, none is of an honest region.</remarks>
internal sealed class FrameMaker(Dice dice, string sender, IReadOnlyList<string> members, string ownType)
{
    private const int Pages = 6;

    /// <summary>Every kind of frame.</summary>
    public static readonly IReadOnlyList<FieldDescriptor> Kinds = [.. Frame.Descriptor.Oneofs.Single().Fields];

    private static readonly string[] Reasons = ["removed", "superseded", "unsupported", "protocol", "stopping", "x"];
    private static readonly string[] Sixteen =
        ["incarnation", "life", "before", "stood", "session", "journal_id", "writer_session", "never_from",
            "never_through", "key_id", "fingerprint", "lives"];

    private static readonly MessageDescriptor[] OfVoters =
        [RegisterAsk.Descriptor, RegisterAnswer.Descriptor, Enrol.Descriptor, Enrolled.Descriptor];

    private static readonly string[] ThirtyTwo = ["event_sum", "state", "key"];

    private string[] types = [];
    private (int Type, string Id, int Lane) entity;

    /// <summary>Origins announced in this direction, in order of their numbers.</summary>
    public List<Origin> Origins { get; } = [];

    /// <summary>Entity types announced in this direction, in order of their numbers.</summary>
    public List<string> Types { get; } = [];

    /// <summary>Payload names announced in this direction.</summary>
    public int PayloadNames { get; set; }

    /// <summary>Under which number somebody has asked something, of the voters of registers or else of a
    /// peer.</summary>
    public required Func<bool, ulong> Asked { get; init; }

    /// <summary>A frame of a kind; null when names that it needs were not announced yet.</summary>
    public Frame? Make(FieldDescriptor kind)
    {
        types = [.. Types];
        // A page with an event that no handler reads is parked: then it takes nothing any more.
        var isOwn = kind.FieldNumber == Frame.FilterFieldNumber
            || (kind.FieldNumber == Frame.EventsFieldNumber && dice.Chance(800));
        var type = isOwn ? Array.IndexOf(types, ownType) : dice.Below(Math.Max(1, types.Length));
        if (types.Length == 0 || Origins.All(o => o.Region != sender) || type < 0)
            return null;
        if (kind.FieldNumber == Frame.EventsFieldNumber && PayloadNames == 0)
            return null;
        var id = string.Create(CultureInfo.InvariantCulture, $"p{dice.Below(Pages)}");
        entity = (type + 1, id, new EntityKey(types[type], id).Lane);
        var frame = new Frame();
        kind.Accessor.SetValue(frame, Message(kind.MessageType));
        return frame;
    }

    private IMessage Message(MessageDescriptor descriptor)
    {
        var message = descriptor.Parser.ParseFrom(ByteString.Empty);
        foreach (var field in descriptor.Fields.InDeclarationOrder())
        {
            if (field.IsRepeated)
                Fill((System.Collections.IList)field.Accessor.GetValue(message), field);
            else if (field.FieldType != FieldType.Message || dice.Chance(700))
                field.Accessor.SetValue(message, Value(field));
        }
        Mend(message);
        return message;
    }

    private void Fill(System.Collections.IList list, FieldDescriptor field)
    {
        var count = field.Name == "own_heads" ? EntityKey.Lanes : dice.Pick([0, 1, 1, 2, 3]);
        for (var i = 0; i < count; i++)
            list.Add(Value(field));
    }

    private object Value(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Message => Message(field.MessageType),
        FieldType.Bool => dice.Chance(400),
        FieldType.String => Text(field),
        FieldType.Bytes => ByteString.CopyFrom(Bytes(field)),
        FieldType.UInt32 => Number(field),
        FieldType.UInt64 when field.Name == "request" => Asked(OfVoters.Contains(field.ContainingType)),
        FieldType.UInt64 or FieldType.Fixed64
            => dice.Pick<ulong>([0, 1, 2, 5, (ulong)dice.Below(60), dice.Next() >> 20]),
        FieldType.Int32 => (int)dice.Between(0, 300),
        FieldType.Int64 => dice.Pick<long>([0, 1, VirtualTime.FirstWallMilliseconds + dice.Below(60_000), -5]),
        _ => throw new InvalidOperationException($"Nothing makes up {field.FullName}."),
    };

    private uint Number(FieldDescriptor field) => field.Name switch
    {
        "lane" => (uint)entity.Lane,
        "type" or "after_type" or "local" => (uint)entity.Type,
        "origin" or "current" or "newest" or "last" or "linked" or "vector_origins" => Origin(),
        "step" => 1 + (uint)dice.Below(3),
        "verdict" => 1 + (uint)dice.Below(4),
        "payload_name" => 1 + (uint)dice.Below(Math.Max(1, PayloadNames)),
        _ => dice.Pick<uint>([0, 1, 2, (uint)dice.Below(6_000)]),
    };

    private uint Origin() => 1 + (uint)dice.Below(Origins.Count);

    private uint OwnOrigin() => 1 + (uint)dice.Pick(Enumerable.Range(0, Origins.Count)
        .Where(i => Origins[i].Region == sender).ToArray());

    private string Text(FieldDescriptor field) => field.Name switch
    {
        "id" or "subject" or "after_id" => entity.Id,
        "region" => dice.Pick(members),
        "reason" => dice.Pick(Reasons),
        "code" => dice.Pick([ErrorCodes.NotPrimary.Code, "made-up"]),
        "acknowledgement" => dice.Pick(["", "local", "majority", "regions(2)"]),
        "command" => dice.Pick(["", "write-letter", "write-entry"]),
        _ => dice.Pick(["", "made up"]),
    };

    private byte[] Bytes(FieldDescriptor field)
    {
        if (field.Name == "content" && Content(field.ContainingType) is { } content)
            return content.ToByteArray();
        var isSnapshot = field.ContainingType == SnapshotPart.Descriptor;
        var length = Sixteen.Contains(field.Name) || (field.Name == "digest" && !isSnapshot) ? 16
            : ThirtyTwo.Contains(field.Name) || field.Name == "digest" ? 32 : dice.Pick([0, 2, 40]);
        var bytes = dice.Bytes(length);
        if (length > 0)
            bytes[0] &= 0x01; // an incarnation begins with its time, which does not lie in the far future
        return bytes;
    }

    // What a register or a journal holds, as a member could tell it.
    private IMessage? Content(MessageDescriptor of)
    {
        if (of == FilterNotice.Descriptor)
            return new StoredFilter { Epoch = 1 + (uint)dice.Below(3), Excluded = { dice.Pick(members) } };
        if (of == PrimaryNotice.Descriptor)
        {
            return new StoredPrimary
            {
                Epoch = 1 + (uint)dice.Below(4), Region = dice.Pick(members), Former = dice.Pick(members),
                Started = dice.Chance(500),
            };
        }
        return of == ConfigurationNotice.Descriptor ? new StoredConfiguration
        {
            Epoch = 1, Members = { members.Select(m => new StoredMember { Region = m, Votes = true, Since = 1 }) },
        } : null;
    }

    // What the reader demands of several fields together.
    private void Mend(IMessage message)
    {
        switch (message)
        {
            case Event e:
                e.Origin = OwnOrigin();
                e.Sequence = 1 + (ulong)dice.Below(40);
                (e.BatchIndex, e.BatchLength, e.OriginPosition) = (0, 1, 1 + (ulong)dice.Below(60));
                e.Timestamp = HybridTimestamp.At(VirtualTime.FirstWallMilliseconds + dice.Below(60_000)).Value;
                e.VectorOrigins.Clear();
                e.VectorOrigins.Add(e.Origin);
                e.VectorCounts.Clear();
                e.VectorCounts.Add(e.Sequence);
                e.RetiredOrigins.Clear();
                e.RetiredCounts.Clear();
                break;
            case Events events:
                events.Origin = OwnOrigin();
                foreach (var e in events.Events_)
                    (e.Origin, e.VectorOrigins[0]) = (events.Origin, events.Origin);
                events.Through = Math.Max(1, events.Through);
                events.Span = dice.Chance(800) ? 0 : events.Span; // most skip something, which ends the link at once
                break;
            case EntityDigest digest:
                (uint Origin, ulong Count)[] slots = [.. digest.VectorOrigins.Distinct().Zip(
                    digest.VectorCounts.Where(c => c > 0))];
                digest.VectorOrigins.Clear();
                digest.VectorOrigins.AddRange(slots.Select(s => s.Origin));
                digest.VectorCounts.Clear();
                digest.VectorCounts.AddRange(slots.Select(s => s.Count));
                break;
            case Digests { Entities.Count: > 1 } digests:
                digests.Entities.RemoveAt(1);
                break;
            case Hello hello:
                (hello.Protocol, hello.OldestProtocol, hello.Region) = (1, 1, sender);
                break;
            default:
                MendRare(message);
                break;
        }
    }

    private void MendRare(IMessage message)
    {
        switch (message)
        {
            case Report report:
                Once(report.Past);
                Once(report.LeftOut);
                break;
            case Lack lack:
                lack.Through = lack.After + 1 + (ulong)dice.Below(9);
                lack.Origin = Origin();
                break;
            case OpenedHistory history:
                history.Through = history.After + 1 + (ulong)dice.Below(9);
                break;
            case FetchType fetch:
                fetch.History ??= (OpenedHistory)Message(OpenedHistory.Descriptor);
                (fetch.Scanned, fetch.Until) = (Math.Min(fetch.Scanned, fetch.Until), fetch.Until);
                break;
            case Fetch fetch:
                fetch.FromSequence = Math.Max(1, fetch.FromSequence);
                fetch.ToSequence = Math.Max(fetch.FromSequence, fetch.ToSequence);
                break;
            case Compacted { Entities.Count: 0 } compacted:
                compacted.Entities.Add((CompactedEntity)Message(CompactedEntity.Descriptor));
                break;
            case CompactedEntity compacted:
                (compacted.ThroughSequence, compacted.Position) = (1 + compacted.ThroughSequence % 50,
                    1 + compacted.Position % 50);
                break;
            case SnapshotPart part:
                part.Content = ByteString.CopyFrom(dice.Bytes(40));
                (part.Offset, part.Length) = (part.Offset % 100, 140 + part.Length % 100);
                break;
            case SnapshotMore more:
                more.Offset %= 1_000;
                break;
            case SubjectKeyNames { Names.Count: 0 } names:
                names.Names.Add((SubjectKeyName)Message(SubjectKeyName.Descriptor));
                break;
            case SubjectKeys { Keys.Count: 0 } keys:
                keys.Keys.Add((GivenSubjectKey)Message(GivenSubjectKey.Descriptor));
                break;
            default:
                MendVotes(message);
                break;
        }
    }

    private void MendVotes(IMessage message)
    {
        switch (message)
        {
            case Ballot ballot:
                ballot.Counter = 1 + ballot.Counter % 100;
                break;
            case RegisterValue value:
                value.Version = 1 + value.Version % 20;
                break;
            case RegisterAsk ask:
                ask.Ballot = ask.Step == 1 ? null : ask.Ballot ?? (Ballot)Message(Ballot.Descriptor);
                ask.Value = ask.Step == 3 ? ask.Value ?? (RegisterValue)Message(RegisterValue.Descriptor) : null;
                break;
            case RegisterAnswer answer:
                (answer.Accepted, answer.Promised) = (null, answer.Promised);
                answer.Value = null;
                if (dice.Chance(600))
                {
                    answer.Accepted = (Ballot)Message(Ballot.Descriptor);
                    answer.Promised = answer.Accepted.Clone();
                    answer.Value = (RegisterValue)Message(RegisterValue.Descriptor);
                }
                answer.Heard &= answer.Value is not null;
                break;
            case Register register:
                register.Promised = register.Accepted ??= (Ballot)Message(Ballot.Descriptor);
                register.Value ??= (RegisterValue)Message(RegisterValue.Descriptor);
                break;
            case Enrolled enrolled:
                enrolled.More &= enrolled.Registers.Count > 0;
                break;
            case LeaseAsk ask:
                while (ask.Lives.Count > ask.Types_.Count)
                    ask.Lives.RemoveAt(0);
                if (ask.Lives.Count < ask.Types_.Count)
                    ask.Lives.Clear();
                break;
            case Answer answer:
                while (answer.Points.Count > 1)
                    answer.Points.RemoveAt(0);
                break;
            case Refusal refusal:
                (refusal.Status, refusal.ExitCode) = (400 + refusal.Status % 200, 1 + refusal.ExitCode % 9);
                break;
        }
    }

    private void Once(Google.Protobuf.Collections.RepeatedField<PastLives> lives)
    {
        PastLives[] each = [.. lives.DistinctBy(l => Origins[(int)l.Last - 1].Region)];
        lives.Clear();
        lives.AddRange(each);
    }
}
