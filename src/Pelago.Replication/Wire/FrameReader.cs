using Google.Protobuf;
using Google.Protobuf.Collections;
using Pelago.Model;
using Pelago.Replication.Wire;

namespace Pelago.Replication;

/// <summary>Decodes frames of one direction of one link. Everything that arrives is hostile until it has passed here:
/// a broken rule throws <see cref="PelagoException"/> with <see cref="ErrorCodes.ProtocolViolation"/>, and the link
/// ends. Not thread-safe.</summary>
public sealed partial class FrameReader
{
    /// <summary>Version of the protocol spoken here.</summary>
    public const uint Protocol = 1;

    /// <summary>Largest frame accepted, in bytes without its length prefix.</summary>
    public const int MaxFrameBytes = 8 * 1024 * 1024;

    /// <summary>Types, and names of payloads, that one direction of a link numbers; also origins, where the reader does
    /// not say that it understands numbers that begin anew.</summary>
    internal const int MaxNames = 4096;

    /// <summary>Origins that one direction of a link numbers before the numbers begin anew.</summary>
    internal const int MaxOrigins = 65_536;

    private const int MaxPastRegions = 256;
    private const int MaxDigests = 1024;
    private const int SumBytes = 32;
    private readonly List<Origin> origins = [];
    private readonly List<string> types = [];
    private readonly List<string> payloadNames = [];
    private ulong sequence;

    /// <summary>Reads the length prefix.</summary>
    /// <returns>False when more bytes are needed.</returns>
    public static bool TryReadLength(ReadOnlySpan<byte> bytes, out int length, out int used)
    {
        (length, used) = (0, 0);
        var value = 0ul;
        while (used < bytes.Length)
        {
            var b = bytes[used];
            value |= (ulong)(b & 127) << (7 * used++);
            if (value > MaxFrameBytes || used > 4)
                throw Broken($"a frame is longer than {MaxFrameBytes} bytes");
            if (b > 127)
                continue;
            length = (int)value;
            return true;
        }
        return false;
    }

    /// <summary>Parses one frame.</summary>
    public Frame Read(ReadOnlyMemory<byte> bytes)
    {
        Wire.Frame message;
        try
        {
            message = Wire.Frame.Parser.ParseFrom(bytes.Span);
        }
        catch (InvalidProtocolBufferException)
        {
            throw Broken("a frame is not a valid message");
        }
        if (message.Sequence != ++sequence)
            throw Broken($"frame {message.Sequence} arrived where {sequence} was expected");
        Learn(message);
        return message.BodyCase switch
        {
            Wire.Frame.BodyOneofCase.Hello => ToHello(message.Hello),
            Wire.Frame.BodyOneofCase.Subscribe => new SubscribeFrame(
                Lane(message.Subscribe.Lane), Known(message.Subscribe.Origin), message.Subscribe.After,
                message.Subscribe.Stop),
            Wire.Frame.BodyOneofCase.Events => ToEvents(message.Events),
            Wire.Frame.BodyOneofCase.Report => ToReport(message.Report),
            Wire.Frame.BodyOneofCase.Credit
            => new CreditFrame(Lane(message.Credit.Lane), Bounded(message.Credit.Bytes)),
            Wire.Frame.BodyOneofCase.Fetch => ToFetch(message.Fetch),
            Wire.Frame.BodyOneofCase.Fetched => new FetchedFrame(
                Answered(message.Fetched.Request), [.. message.Fetched.Events.Select(e => ToEvent(e, null))],
                message.Fetched.More)
            {
                Scanned = message.Fetched.Scanned, Until = message.Fetched.Until, Lacks = message.Fetched.Lacks,
            },
            Wire.Frame.BodyOneofCase.Digests => new DigestsFrame(
                Lane(message.Digests.Lane), ToDigests(message.Digests, Lane(message.Digests.Lane)))
            { IsAnswer = message.Digests.Answer },
            Wire.Frame.BodyOneofCase.RegisterAsk => ToAsk(message.RegisterAsk),
            Wire.Frame.BodyOneofCase.RegisterAnswer => ToAnswer(message.RegisterAnswer),
            Wire.Frame.BodyOneofCase.Enrol => ToEnrol(message.Enrol),
            Wire.Frame.BodyOneofCase.Enrolled => ToEnrolled(message.Enrolled),
            Wire.Frame.BodyOneofCase.Ask => ToAsk(message.Ask),
            Wire.Frame.BodyOneofCase.Answer => ToAnswer(message.Answer),
            Wire.Frame.BodyOneofCase.FetchType => ToFetchType(message.FetchType),
            Wire.Frame.BodyOneofCase.Compacted => ToCompacted(message.Compacted),
            Wire.Frame.BodyOneofCase.SnapshotPart => ToPart(message.SnapshotPart),
            Wire.Frame.BodyOneofCase.SnapshotMore => new SnapshotMoreFrame(
                (long)message.SnapshotMore.Request, Size(message.SnapshotMore.Offset)),
            Wire.Frame.BodyOneofCase.LeaseAsk => ToAsk(message.LeaseAsk),
            Wire.Frame.BodyOneofCase.LeaseGrant => ToGrant(message.LeaseGrant),
            Wire.Frame.BodyOneofCase.Primary => ToPrimary(message.Primary),
            Wire.Frame.BodyOneofCase.Filter => ToFilter(message.Filter),
            Wire.Frame.BodyOneofCase.Configuration => ToConfiguration(message.Configuration),
            Wire.Frame.BodyOneofCase.Heartbeat => ToHeartbeat(message.Heartbeat),
            Wire.Frame.BodyOneofCase.Goodbye => new GoodbyeFrame(
                message.Goodbye.Reason, message.Goodbye.Detail,
                message.Goodbye.Session.Length == 16 ? Incarnation.Read(message.Goodbye.Session.Span) : null),
            _ => ToOfSubjects(message) ?? throw Broken("a frame has no body that this version knows"),
        };
    }

    private void Learn(Wire.Frame message)
    {
        if (message.Renumbers)
        {
            origins.Clear();
            types.Clear();
            payloadNames.Clear();
        }
        foreach (var name in message.Origins)
        {
            if (name.Number != origins.Count + 1 || origins.Count == MaxOrigins || name.Incarnation.Length != 16
                || Names.Check(name.Region, "region") is not null)
            {
                throw Broken("an origin is numbered or named wrongly");
            }
            origins.Add(new Origin(name.Region, Incarnation.Read(name.Incarnation.Span)));
        }
        Learn(message.TypeNames, types);
        Learn(message.PayloadNames, payloadNames);
    }

    private static void Learn(IEnumerable<EntityTypeName> sent, List<string> known)
    {
        foreach (var name in sent)
        {
            if (name.Number != known.Count + 1 || known.Count == MaxNames
                || name.Name.Length is 0 or > EventLimits.MaxNameLength)
            {
                throw Broken("a name is numbered or formed wrongly");
            }
            known.Add(name.Name);
        }
    }

    private HelloFrame ToHello(Hello hello)
    {
        if (hello.OldestProtocol > Protocol || hello.Protocol < Protocol)
            throw Broken($"the peer speaks protocol {hello.OldestProtocol}–{hello.Protocol}, this build {Protocol}");
        if (hello.JournalId.Length != 16 || hello.Session.Length != 16 || hello.OwnHeads.Count != EntityKey.Lanes)
            throw Broken("a hello is not complete");
        return new HelloFrame(
            hello.Region, new Guid(hello.JournalId.Span, bigEndian: true), Incarnation.Read(hello.Session.Span),
            Optional(hello.Current), Optional(hello.Newest), hello.ConfigurationEpoch, [.. hello.OwnHeads],
            [.. hello.Holdings.Select(h => new LaneHolding(Lane(h.Lane), Known(h.Origin), h.Position))])
        {
            Openings = hello.Openings, TakesSnapshots = hello.Snapshots,
            TakesAsks = hello.TakesAsks, GrantsLeases = hello.Leases, GivesKeys = hello.SubjectKeys,
            KnowsFilters = hello.Filters,
            KnowsRegions = hello.EntityFilters, KnowsPast = hello.Past, TellsKeysHeld = hello.KeysHeld,
        };
    }

    private EventsFrame ToEvents(Events events)
    {
        var (lane, origin) = (Lane(events.Lane), Known(events.Origin));
        EventRecord[] read = [.. events.Events_.Select(e => ToEvent(e, lane))];
        if (Array.Exists(read, e => !e.Origin.Equals(origin)))
            throw Broken("an event is not of its frame's origin");
        return new EventsFrame(lane, origin, read, events.Through)
        {
            Beyond = events.Beyond, Awaited = events.Awaited, Span = events.Span, LeftOut = ToLeftOut(events),
        };
    }

    private ReportFrame ToReport(Report report)
    {
        var lane = Lane(report.Lane);
        return new ReportFrame(lane, Optional(report.Current), report.OwnHead,
            [.. report.Holdings.Select(h => new LaneHolding(lane, Known(h.Origin), h.Position)
            {
                Beyond = h.Beyond, Settled = h.Settled, Busy = h.Busy,
            })])
        {
            Linked = [.. report.Linked.Select(Known)],
            Opened = ToOpened(report.Opened),
            Local = [.. report.Local.Select(number => Name(types, number)).Distinct()],
            Lacks = ToLacks(report), Past = ToPast(report.Past), LeftOut = ToPast(report.LeftOut),
        };
    }

    private PastMark[] ToPast(RepeatedField<Wire.PastLives> sent)
    {
        PastMark[] marks = sent.Count > MaxPastRegions ? throw Broken("a report names too many regions")
            : [.. sent.Select(p => p.Digest.Length == 16 ? new PastMark(
                Known(p.Last), PastNotes.ToDigest(p.Digest.Span)) : throw Broken("a digest of lives is malformed"))];
        return marks.DistinctBy(m => m.Last.Region).Count() == marks.Length ? marks
            : throw Broken("a report names the past of a region twice");
    }

    private FetchFrame ToFetch(Fetch fetch)
    {
        var entity = Entity(fetch.Type, fetch.Id);
        if (fetch.FromSequence == 0 || fetch.ToSequence < fetch.FromSequence)
            throw Broken("a fetch asks for an empty range");
        return new FetchFrame((long)fetch.Request, entity, Known(fetch.Origin), fetch.FromSequence, fetch.ToSequence);
    }

    private static HeartbeatFrame ToHeartbeat(Heartbeat heartbeat)
    {
        if (heartbeat.OwnHeads.Count != EntityKey.Lanes)
            throw Broken("a heartbeat does not name every lane's head");
        return new HeartbeatFrame(
            heartbeat.SentMilliseconds, heartbeat.EchoedMilliseconds, heartbeat.HeldMilliseconds,
            [.. heartbeat.OwnHeads]);
    }

    private EventRecord ToEvent(Event e, int? lane)
    {
        var entity = Entity(e.Type, e.Id);
        if (lane is not null && entity.Lane != lane)
            throw Broken("an event is not of its frame's lane");
        var origin = Known(e.Origin);
        var vector = Vector(e);
        var batchLength = e.BatchLength == 0 ? 1 : e.BatchLength;
        if (e.Sequence == 0 || vector[origin] != e.Sequence || e.OriginPosition == 0)
            throw Broken("an event's sequence does not agree with its vector");
        if (batchLength > EventLimits.MaxBatchLength || e.BatchIndex >= batchLength || e.BatchIndex >= e.Sequence)
            throw Broken("an event's place in its batch is impossible");
        if (e.Payload.Length > EventLimits.MaxPayloadBytes || e.Tags.Count > EventLimits.MaxTags
            || e.Tags.Any(t => t.Length > EventLimits.MaxNameLength)
            || e.IdempotencyKey.Length > EventLimits.MaxIdempotencyKeyLength
            || e.TraceParent.Length > EventLimits.MaxTraceParentLength || e.PayloadVersion > ushort.MaxValue)
        {
            throw Broken("an event is larger than an event may be");
        }
        var timestamp = new HybridTimestamp(e.Timestamp);
        if (timestamp > HybridTimestamp.MaxAccepted)
            throw Broken("an event's timestamp is out of range");
        var regions = Regions(e);
        return new EventRecord
        {
            Entity = entity, Origin = origin, Sequence = e.Sequence, Vector = vector, Timestamp = timestamp,
                Epoch = e.Epoch,
            BatchIndex = (int)e.BatchIndex, BatchLength = (int)batchLength, Tags = [.. e.Tags],
            TraceParent = e.TraceParent,
            IdempotencyKey = e.IdempotencyKey, PayloadName = Name(payloadNames, e.PayloadName),
            PayloadVersion = e.PayloadVersion == 0 ? 1 : (int)e.PayloadVersion, Payload = e.Payload.Memory,
            OriginPosition = e.OriginPosition, Regions = regions,
        };
    }

    private EntityDigest[] ToDigests(Digests digests, int lane)
    {
        if (digests.Entities.Count > MaxDigests)
            throw Broken("too many digests came at once");
        EntityDigest[] read = [.. digests.Entities.Select(d => ToDigest(d, lane))];
        return read.DistinctBy(d => d.Entity).Count() == read.Length ? read
            : throw Broken("digests name an entity twice");
    }

    private EntityDigest ToDigest(Wire.EntityDigest d, int lane)
    {
        var entity = Entity(d.Type, d.Id);
        if (entity.Lane != lane || d.EventSum.Length is not (0 or SumBytes) || d.State.Length is not (0 or SumBytes)
            || d.StateVersion > int.MaxValue)
        {
            throw Broken("a digest is malformed");
        }
        return new EntityDigest(entity, VersionVector.From(Slots(d.VectorOrigins, d.VectorCounts, MaxNames)),
            d.EventSum.IsEmpty ? default : SetDigest.Of(d.Events, d.EventSum.Span),
            Convert.ToHexStringLower(d.State.Span))
        {
            StateVersion = (int)d.StateVersion, HasEvents = !d.EventSum.IsEmpty,
        };
    }

    private VersionVector Vector(Event e)
    {
        var slots = Slots(e.VectorOrigins, e.VectorCounts, EventLimits.MaxVectorSlots);
        if (e.RetiredOrigins.Count + e.RetiredCounts.Count == 0)
            return VersionVector.From(slots);
        var retired = Slots(e.RetiredOrigins, e.RetiredCounts, EventLimits.MaxVectorSlots - slots.Length)
            .Select(s => new VersionVector.RetiredLives(s.Origin, s.Count)).ToArray();
        if (retired.DistinctBy(l => l.Last.Region).Count() < retired.Length)
            throw Broken("a vector retires lives of a region twice");
        return VersionVector.From(slots, retired);
    }

    private VersionVector.Slot[] Slots(RepeatedField<uint> numbers, RepeatedField<ulong> counts, int most)
    {
        if (numbers.Count != counts.Count || numbers.Count > most)
            throw Broken("a vector is malformed");
        var slots = new VersionVector.Slot[numbers.Count];
        for (var i = 0; i < slots.Length; i++)
        {
            slots[i] = new VersionVector.Slot(Known(numbers[i]), counts[i]);
            if (counts[i] == 0 || Repeats(slots, i))
                throw Broken("a vector repeats an origin or counts nothing");
        }
        return slots;
    }

    private static bool Repeats(VersionVector.Slot[] slots, int at)
    {
        for (var i = 0; i < at; i++)
        {
            if (slots[i].Origin.Equals(slots[at].Origin))
                return true;
        }
        return false;
    }

    private EntityKey Entity(uint type, string id)
    {
        if (EntityKey.CheckId(id) is not null)
            throw Broken("an entity id is not valid");
        return new EntityKey(Name(types, type), id);
    }

    private Origin Known(uint number)
        => number >= 1 && number <= origins.Count ? origins[(int)number - 1] : throw Broken("an origin is not known");

    private Origin? Optional(uint number) => number == 0 ? null : Known(number);

    private static string Name(List<string> known, uint number)
        => number >= 1 && number <= known.Count ? known[(int)number - 1] : throw Broken("a name is not known");

    private static int Lane(uint lane) => lane < EntityKey.Lanes ? (int)lane : throw Broken("a lane is out of range");

    // Nobody asks under 0, which stands for what has not been asked yet: as an answer it would fit that.
    private static long Answered(ulong request) => request is > 0 and <= long.MaxValue ? (long)request
        : throw Broken("an answer names no question");

    private static long Bounded(ulong bytes) => bytes <= int.MaxValue ? (long)bytes
        : throw Broken("a credit is out of range");

    private static PelagoException Broken(string what)
        => new Failure(ErrorCodes.ProtocolViolation, $"The peer broke the replication protocol: {what}.",
            "The link is closed and dialled again.").ToException();
}
