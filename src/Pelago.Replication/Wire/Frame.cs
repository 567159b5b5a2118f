using Pelago.Model;

namespace Pelago.Replication;

/// <summary>A message between two instances, as the kernel sees it; <see cref="FrameWriter"/> and
/// <see cref="FrameReader"/> translate to and from <c>replication.proto</c>.</summary>
public abstract record Frame;

/// <summary>"Of this origin I hold everything through this position in this lane."</summary>
public readonly record struct LaneHolding(int Lane, Origin Origin, ulong Position)
{
    /// <summary>More is held beyond the position, though not all of it: grows, within one session, whenever more of
    /// that becomes durable. 0 when nothing is.</summary>
    public ulong Beyond { get; init; }

    /// <summary>This life is over, and whatever any member still has of it through here is held; 0 when that is not
    /// known.</summary>
    public ulong Settled { get; init; }

    /// <summary>Events of the origin have arrived and are not durable yet.</summary>
    public bool Busy { get; init; }
}

/// <summary>First frame of both directions; the dialler's comes first, and the answer is given after every older
/// session of the dialler was closed.</summary>
/// <param name="Current">The incarnation being written to, or null while none is open.</param>
/// <param name="Newest">The newest incarnation, continued or not; null in a new journal.</param>
/// <param name="OwnHeads">Last own position of the newest incarnation, per lane.</param>
/// <param name="Holdings">What the answering side holds, at most, of the dialler's newest incarnation.</param>
public sealed record HelloFrame(
    string Region, Guid JournalId, Incarnation Session, Origin? Current, Origin? Newest, ulong ConfigurationEpoch,
    IReadOnlyList<ulong> OwnHeads, IReadOnlyList<LaneHolding> Holdings) : Frame
{
    /// <summary>How often this side's journal was opened, by the highest epoch of its lanes; 0 when it is not said.
    /// It tells which of two processes is the newer one where their clocks do not.</summary>
    public uint Openings { get; init; }

    /// <summary>This side takes entities as snapshots.</summary>
    public bool TakesSnapshots { get; init; } = true;

    /// <summary>This side carries out what others ask of it as a primary.</summary>
    public bool TakesAsks { get; init; }

    /// <summary>This side grants leases, and hears who primaries are.</summary>
    public bool GrantsLeases { get; init; }

    /// <summary>This side gives and takes keys of subjects.</summary>
    public bool GivesKeys { get; init; }

    /// <summary>This side says which keys of subjects it holds, and hears which are lacking.</summary>
    public bool TellsKeysHeld { get; init; }

    /// <summary>This side hears of filters, and notes what is left out.</summary>
    public bool KnowsFilters { get; init; }

    /// <summary>It takes placeholders of entities that have filters of their own.</summary>
    public bool KnowsRegions { get; init; }

    /// <summary>This side understands reports that leave out lives that are past, and numbers that begin
    /// anew.</summary>
    public bool KnowsPast { get; init; }
}

/// <summary>Asks for an origin's events of one lane after a position at the origin, or stops them.</summary>
public sealed record SubscribeFrame(int Lane, Origin Origin, ulong After, bool Stop) : Frame;

/// <summary>Events of one subscription. <paramref name="Through"/> claims that all of the origin's events up to there
/// have been sent; 0 claims nothing.</summary>
public sealed record EventsFrame(int Lane, Origin Origin, IReadOnlyList<EventRecord> Events, ulong Through) : Frame
{
    /// <summary>How many positions it claims that the subscription had not claimed before, and one; 0 when that is not
    /// said.</summary>
    public ulong Span { get; init; }

    /// <summary>What came before this frame was claimed through here.</summary>
    public ulong After => Span is 0 || Span > Through ? 0 : Through - Span + 1;

    /// <summary>All else that the sender holds of the origin has been sent, as of this
    /// <see cref="LaneHolding.Beyond"/> of its; 0 claims nothing.</summary>
    public ulong Beyond { get; init; }

    /// <summary>Somebody waits until one of these events is durable elsewhere: the receiver reports as soon as they
    /// are.</summary>
    public bool Awaited { get; init; }

    /// <summary>Types of which nothing was sent among the positions that this frame claims.</summary>
    public IReadOnlyList<LeftOut> LeftOut { get; init; } = [];
}

/// <summary>What this side durably holds of a lane, and its own last position in it.</summary>
public sealed record ReportFrame(
    int Lane, Origin? Current, ulong OwnHead, IReadOnlyList<LaneHolding> Holdings) : Frame
{
    /// <summary>The newest incarnations of other regions to which this side is linked: nothing of their other lives
    /// arrives from their own region any more.</summary>
    public IReadOnlyList<Origin> Linked { get; init; } = [];

    /// <summary>Histories of types that were local, which this side has as a whole.</summary>
    public IReadOnlyList<OpenedHistory> Opened { get; init; } = [];

    /// <summary>Types of which events of this side stay with it, or stayed and are not offered yet.</summary>
    public IReadOnlyList<string> Local { get; init; } = [];

    /// <summary>What this side has passed and does not have.</summary>
    public IReadOnlyList<LackedEvents> Lacks { get; init; } = [];

    /// <summary>The last life of each region that is past: over, and held as a whole by every member.</summary>
    public IReadOnlyList<PastMark> Past { get; init; } = [];

    /// <summary>Lives through these are not among the holdings: the other side knows the same to be past.</summary>
    public IReadOnlyList<PastMark> LeftOut { get; init; } = [];
}

/// <summary>More bytes of events may be sent in this lane.</summary>
public sealed record CreditFrame(int Lane, long Bytes) : Frame;

/// <summary>Asks for an entity's events of one origin.</summary>
public sealed record FetchFrame(long Request, EntityKey Entity, Origin Origin, ulong From, ulong To) : Frame;

/// <summary>Answer to <see cref="FetchFrame"/>, in order of sequence.</summary>
/// <param name="More">There are more: ask again from the last one. With no events: there may be more, which cannot be
/// read here now.</param>
public sealed record FetchedFrame(long Request, IReadOnlyList<EventRecord> Events, bool More) : Frame
{
    /// <summary>Answers a <see cref="FetchTypeFrame"/>: how far the sender has looked in its journal.</summary>
    public ulong Scanned { get; init; }

    /// <summary>How far it has to look.</summary>
    public ulong Until { get; init; }

    /// <summary>Some rows could not be read, and are not among the events.</summary>
    public bool Lacks { get; init; }
}

/// <summary>What the sender's journal holds of some entities of a lane.</summary>
public sealed record DigestsFrame(int Lane, IReadOnlyList<EntityDigest> Entities) : Frame
{
    /// <summary>It answers one that showed something else, and is not answered itself.</summary>
    public bool IsAnswer { get; init; }
}

/// <summary>Of a subscription: these entities' rows are not all sent, because some are gone.</summary>
public sealed record CompactedFrame(int Lane, Origin Origin, IReadOnlyList<CompactedEntity> Entities) : Frame;

/// <summary>An entity some of whose rows are gone.</summary>
/// <param name="Through">Its snapshot holds the subscription's origin through this sequence.</param>
/// <param name="Position">Position of that event at its origin.</param>
public readonly record struct CompactedEntity(EntityKey Entity, ulong Through, ulong Position);

/// <summary>Answer to <see cref="FetchFrame"/> when what it asks for is gone: a part of the entity's checkpoint.
/// </summary>
/// <param name="Length">Length of the whole in bytes; 0 when there is none (any more).</param>
/// <param name="Digest">SHA-256 of the whole.</param>
public sealed record SnapshotPartFrame(
    long Request, long Length, long Offset, ReadOnlyMemory<byte> Content, ReadOnlyMemory<byte> Digest) : Frame;

/// <summary>Asks for the next part of a checkpoint.</summary>
public sealed record SnapshotMoreFrame(long Request, long Offset) : Frame;

/// <summary>Sign of life with clock and heads.</summary>
public sealed record HeartbeatFrame(
    long SentMilliseconds, long EchoedMilliseconds, long HeldMilliseconds, IReadOnlyList<ulong> OwnHeads) : Frame;

/// <summary>Last frame of a direction.</summary>
/// <param name="Reason"><c>removed</c>, <c>superseded</c>, <c>unsupported</c>, <c>protocol</c> or
/// <c>stopping</c>.</param>
public sealed record GoodbyeFrame(string Reason, string Detail, Incarnation? Session) : Frame;
