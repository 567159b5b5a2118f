using Google.Protobuf;
using Pelago.Model;
using Pelago.Replication.Stored;

namespace Pelago.Replication;

/// <summary>How a vote stands in the journal: one note a register, and one for the lane that says in which life this
/// region votes and which lives of the others it has heard of.</summary>
internal static class RegisterNotes
{
    public const string RollName = "voter";
    private const string RegisterPrefix = "register/";

    public static bool IsRegister(LaneNote note) => note.Name.StartsWith(RegisterPrefix, StringComparison.Ordinal);

    public static LaneNote Of(RegisterRecord record) => new(
        $"{RegisterPrefix}{record.Register.Type}\0{record.Register.Id}",
        new VotedRegister
        {
            Type = record.Register.Type, Id = record.Register.Id, Promised = ToStored(record.State.Promised),
            Accepted = ToStored(record.State.Accepted), Value = ToStored(record.State.Value),
            Heard = record.State.Heard,
        }.ToByteArray());

    public static RegisterRecord ReadRegister(LaneNote note)
    {
        var stored = VotedRegister.Parser.ParseFrom(note.Content.Span);
        return new RegisterRecord(new EntityKey(stored.Type, stored.Id), new RegisterState(
            FromStored(stored.Promised), FromStored(stored.Accepted), FromStored(stored.Value), stored.Heard));
    }

    public static LaneNote Of(StoredRoll roll)
    {
        var stored = new VoterRoll { Remembers = roll.Remembers, Stands = roll.Stands, Epoch = roll.Epoch,
            KnowsBefore = roll.KnowsBefore };
        if (roll.First is { } first)
            stored.FirstLife = Bytes(first);
        if (roll.Life is { } life)
            stored.Life = Bytes(life);
        if (roll.Stood is { } stood)
            stored.Stood = Bytes(stood);
        foreach (var known in roll.Lives)
        {
            var other = new KnownVoter
            {
                Region = known.Region, Life = Bytes(known.Life), Forgetful = known.IsForgetful,
            };
            if (known.Stood is { } voted)
                other.Stood = Bytes(voted);
            stored.Others.Add(other);
        }
        return new LaneNote(RollName, stored.ToByteArray());
    }

    public static StoredRoll ReadRoll(LaneNote note)
    {
        var stored = VoterRoll.Parser.ParseFrom(note.Content.Span);
        return new StoredRoll(Life(stored.FirstLife), Life(stored.Life), Life(stored.Stood), stored.Remembers,
            stored.Stands, [.. stored.Others.Select(o => new VoterLife(o.Region, Incarnation.Read(o.Life.Span),
                Life(o.Stood)) { IsForgetful = o.Forgetful })])
        {
            Epoch = Math.Max(1, stored.Epoch), KnowsBefore = stored.KnowsBefore,
        };
    }

    private static StoredBallot? ToStored(Ballot ballot) => ballot.IsNone ? null : new StoredBallot
    {
        Epoch = ballot.Epoch, Counter = ballot.Counter, Region = ballot.Region, Session = Bytes(ballot.Session),
    };

    private static Ballot FromStored(StoredBallot? stored) => stored is null ? default
        : new Ballot(stored.Epoch, stored.Counter, stored.Region, Incarnation.Read(stored.Session.Span));

    private static StoredValue? ToStored(RegisterValue? value) => value is null ? null : new StoredValue
    {
        Version = value.Version, WriterSession = Bytes(value.Writer.Session), WriterNumber = value.Writer.Number,
        Content = UnsafeByteOperations.UnsafeWrap(value.Content),
    };

    private static RegisterValue? FromStored(StoredValue? stored) => stored is null ? null : new RegisterValue(
        stored.Version, new RegisterWriter(Incarnation.Read(stored.WriterSession.Span), stored.WriterNumber),
        stored.Content.Memory);

    private static ByteString Bytes(Incarnation life) => UnsafeByteOperations.UnsafeWrap(life.ToBytes());

    private static Incarnation? Life(ByteString bytes) => bytes.IsEmpty ? null : Incarnation.Read(bytes.Span);
}

/// <summary>What a lane's note says about votes.</summary>
/// <param name="First">The first life of this journal since it last had to forget what it voted.</param>
/// <param name="Life">The newest.</param>
/// <param name="Stood">The newest in which it may have voted.</param>
/// <param name="Remembers">The lane's notes hold all that this region ever voted.</param>
/// <param name="Stands">It votes in <paramref name="Life"/>.</param>
/// <param name="Lives">Of the others.</param>
internal sealed record StoredRoll(
    Incarnation? First, Incarnation? Life, Incarnation? Stood, bool Remembers, bool Stands,
    IReadOnlyList<VoterLife> Lives)
{
    /// <summary>Of the configuration in which it votes.</summary>
    public ulong Epoch { get; init; } = 1;

    /// <summary>It holds all that was decided in the configurations before.</summary>
    public bool KnowsBefore { get; init; }
}
