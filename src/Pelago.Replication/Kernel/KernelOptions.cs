using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Who this instance is, and every bound and interval of the protocol.</summary>
public sealed record KernelOptions
{
    /// <summary>This region.</summary>
    public required string Region { get; init; }

    /// <summary>All member regions of the group, this one included.</summary>
    public required IReadOnlyList<string> Members { get; init; }

    /// <summary>The members that vote on registers; null when all do.</summary>
    public IReadOnlyList<string>? Voters { get; init; }

    /// <summary>Made at process start; orders two processes that claim one incarnation.</summary>
    public required Incarnation Session { get; init; }

    /// <summary>Epoch of the membership configuration.</summary>
    public ulong ConfigurationEpoch { get; init; } = 1;

    /// <summary>Seeds the kernel's only random choices: backoff jitter and new incarnations.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Fills bytes with secrets: keys of subjects, and nonces. Null where nothing personal is
    /// sealed.</summary>
    public Action<byte[]>? Secrets { get; init; }

    /// <summary>Regions that may have keys of subjects; null for all. The others hold the same events and cannot read
    /// what is sealed in them.</summary>
    public IReadOnlyList<string>? SubjectKeyRegions { get; init; }

    /// <summary>Keys of subjects that are asked for at once; one that is asked for in vain makes room for another. Of
    /// as many that others have asked about it is remembered that they have, each other region having its part.
    /// </summary>
    public int MaxWantedSubjectKeys { get; init; } = 4_096;

    /// <summary>A key that every region has said not to have is asked for again when somebody needs it, and not before
    /// so long.</summary>
    public int LostSubjectKeyMilliseconds { get; init; } = 60_000;

    /// <summary>Keys of subjects that peers have asked for or about and that are being read. Each other region has an
    /// equal part, at least what one frame may ask for.</summary>
    public int MaxServedSubjectKeys { get; init; } = 4_096;

    /// <summary>Heartbeat interval of every link.</summary>
    public int HeartbeatMilliseconds { get; init; } = 500;

    /// <summary>A link on which nothing arrived for so long is closed.</summary>
    public int LinkSilenceMilliseconds { get; init; } = 3_000;

    /// <summary>An origin whose own region is not reachable for so long is taken from another region.</summary>
    public int RelayAfterMilliseconds { get; init; } = 2_000;

    /// <summary>An origin is taken from another peer that has more of it when the one from which it is taken has more,
    /// too, and has sent nothing that leads on for so long.</summary>
    public int StuckAfterMilliseconds { get; init; } = 5_000;

    /// <summary>First and longest pause between attempts to dial a peer.</summary>
    public int DialBackoffMinMilliseconds { get; init; } = 100;

    /// <summary>Longest pause between attempts to dial a peer.</summary>
    public int DialBackoffMaxMilliseconds { get; init; } = 3_000;

    /// <summary>An event held back for so long is entered as owed, so that the frontier may pass it.</summary>
    public int HoldMilliseconds { get; init; } = 1_000;

    /// <summary>An owed event that every member was asked for and nobody has is given up after so long, if the life of
    /// its origin is over.</summary>
    public int LostAfterMilliseconds { get; init; } = 10_000;

    /// <summary>Most events held back for one entity.</summary>
    public int MaxHeldPerEntity { get; init; } = 1_024;

    /// <summary>Most bytes held back in one lane: no fewer than the largest command makes, because what finds no room
    /// for all of its events is never taken.</summary>
    public int MaxHeldBytesPerLane { get; init; } = 8 * 1024 * 1024;

    /// <summary>Owed gaps of a lane that are asked for at once.</summary>
    public int MaxFetchesPerLane { get; init; } = 32;

    /// <summary>Fetches that one peer may have under way on a link; a region asks for at most
    /// <see cref="MaxFetchesPerLane"/> in each lane.</summary>
    public int MaxFetchesServed { get; init; } = 4_096;

    /// <summary>Subscriptions that one peer may have in a lane on a link.</summary>
    public int MaxSubscriptionsPerLane { get; init; } = 32_768;

    /// <summary>Bytes of events that a sender may have under way per lane before they are durable at the
    /// receiver.</summary>
    public int LaneCreditBytes { get; init; } = 2 * 1024 * 1024;

    /// <summary>Most rows of one page of catch-up.</summary>
    public int PageRows { get; init; } = 512;

    /// <summary>Payload bytes of one page of catch-up.</summary>
    public int PageBytes { get; init; } = 256 * 1024;

    /// <summary>Reports of what is held are sent at most this often per lane.</summary>
    public int ReportMilliseconds { get; init; } = 50;

    /// <summary>Lives of journals of which a lane has something and that are not past: so many raise an alarm, because
    /// some member does not confirm that it holds all of them.</summary>
    public int LivesAlarm { get; init; } = 1_024;

    /// <summary>Lives of journals that one report tells one by one at most: a link that would need more is
    /// ended.</summary>
    public int MaxLivesTold { get; init; } = 32_768;

    /// <summary>Runs of events that a report of a lane says to lack, one for each type and each life of a region. A
    /// region that lacks more says of some types that it has nothing, and does not write them meanwhile. At most
    /// 65,536, which is what peers take.</summary>
    public int MaxLacksPerReport { get; init; } = FrameReader.MaxLacks;

    /// <summary>Pause between two pages of entities that are compared with the peers.</summary>
    public int CompareMilliseconds { get; init; } = 1_000;

    /// <summary>Everything is compared again after so long, written to or not.</summary>
    public int CompareAgainMilliseconds { get; init; } = 3_600_000;

    /// <summary>Entities of one such page.</summary>
    public int CompareEntities { get; init; } = 16;

    /// <summary>Rows that are read for it at most, on average: what remains of the time a page waits for.</summary>
    public int CompareRowsPerSecond { get; init; } = 2_000;

    /// <summary>What a peer has and this region lacks may be on its way for so long.</summary>
    public int MissingAfterMilliseconds { get; init; } = 5_000;

    /// <summary>Own clock further than this from the group's median: author with the median, and alarm.</summary>
    public int ClockToleranceMilliseconds { get; init; } = 500;

    /// <summary>Memory for loaded entities; the least recently used idle ones go first.</summary>
    public long EntityMemoryBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>A snapshot is written when this many rows follow the last one.</summary>
    public int SnapshotRows { get; init; } = 200;

    /// <summary>An entity that could not be read for so long is damaged for as long again, and is then asked for once
    /// more.</summary>
    public int UnreadableAfterMilliseconds { get; init; } = 5_000;

    /// <summary>Replies to commands without events that are remembered for one entity; beyond that the oldest is
    /// forgotten before its day is over.</summary>
    public int MaxEventlessReplies { get; init; } = 1_024;

    /// <summary>Events of a lane whose effects run at once.</summary>
    public int MaxEffectsPerLane { get; init; } = 16;

    /// <summary>An entity of a type that compacts is compacted by itself once it has so many rows.</summary>
    public int CompactRows { get; init; } = 1_000;

    /// <summary>Largest checkpoint that may stand for rows; an entity with a larger state keeps them, because it could
    /// not be sent. At most <see cref="FrameReader.MaxSnapshotBytes"/>.</summary>
    public int MaxCheckpointBytes { get; init; } = FrameReader.MaxSnapshotBytes;

    /// <summary>Rows that one group removes at most, for each lane.</summary>
    public int RemoveRowsPerGroup { get; init; } = 512;

    /// <summary>Entities of a lane that may wait to be compacted.</summary>
    public int MaxCompactions { get; init; } = 1_024;

    /// <summary>What reads the journal by lanes beside the kernel, such as views and exports: no row is removed before
    /// each of these has said that it has read it (<see cref="InstanceKernel.ReadThrough"/>).</summary>
    public IReadOnlyList<string> LaneReaders { get; init; } = [];

    /// <summary>Entities of a lane that are taken as snapshots at once; what a peer names beyond that waits.</summary>
    public int MaxOwedSnapshots { get; init; } = 1_024;

    /// <summary>Entities that are fetched as snapshots at once, from all peers together.</summary>
    public int MaxSnapshotFetches { get; init; } = 32;

    /// <summary>Longest pause before an entity is fetched again whose snapshots were refused; it doubles each time that
    /// all peers were asked.</summary>
    public int RefusedSnapshotMaxMilliseconds { get; init; } = 60_000;

    /// <summary>Commands and reads that may wait for the answers of primaries in other regions.</summary>
    public int MaxForwards { get; init; } = 4_096;

    /// <summary>A primary to which no link stands for so long counts as unreachable.</summary>
    public int PrimaryPatienceMilliseconds { get; init; } = 1_000;

    /// <summary>Length of the lease under which a primary that can move answers; the same in every region. A new
    /// primary that cannot ask the one before waits so long.</summary>
    public int LeaseMilliseconds { get; init; } = 3_000;

    /// <summary>By how much a region's clock may be faster or slower than true time, in a thousand.</summary>
    public int LeaseDriftPerMille { get; init; } = 20;

    /// <summary>A primary that can be reached is asked to carry out commands, and is not replaced, for so long after
    /// it became known.</summary>
    public int PrimaryRestMilliseconds { get; init; } = 10_000;

    /// <summary>Commands and reads that may wait for one entity.</summary>
    public int MaxMailbox { get; init; } = 4_096;

    /// <summary>What a voter has not answered about a register is asked again after so long.</summary>
    public int RegisterResendMilliseconds { get; init; } = 500;

    /// <summary>Longest first pause of a proposal that another one has outbid; it doubles with each time.</summary>
    public int RegisterBackoffMinMilliseconds { get; init; } = 20;

    /// <summary>Longest pause of a proposal that others outbid again and again.</summary>
    public int RegisterBackoffMaxMilliseconds { get; init; } = 1_000;

    /// <summary>Requests for registers that may wait for an answer.</summary>
    public int MaxRegisterRequests { get; init; } = 1_024;

    /// <summary>Memory for the registers of a lane; beyond it, voters take no new ones.</summary>
    public int RegisterBytesPerLane { get; init; } = 1024 * 1024;

    /// <summary>A region that died waits so long for all others to tell what it voted; then a majority with itself is
    /// enough.</summary>
    public int EnrolPatienceMilliseconds { get; init; } = 3_000;

    /// <summary>Bytes of registers in one answer to a region that copies them.</summary>
    public int EnrolPageBytes { get; init; } = 256 * 1024;

    /// <summary>Rows that one group commit carries at most; what exceeds it waits for the next.</summary>
    public int MaxGroupRows { get; init; } = 4_096;
}

/// <summary>The present moment, read by the shell and handed in.</summary>
/// <param name="WallMilliseconds">Wall clock, milliseconds since 1970; may step.</param>
/// <param name="MonotonicMilliseconds">Monotonic clock for intervals; any origin.</param>
public readonly record struct Moment(long WallMilliseconds, long MonotonicMilliseconds);
