namespace Pelago.Entities;

/// <summary>Body of <c>/v1/replication</c>: how far this replica is, and how far its peers are.</summary>
/// <param name="Region">The region that answers.</param>
/// <param name="Incarnation">Origin of what is written here now; null while none is open.</param>
/// <param name="Peers">Every other region of the group.</param>
/// <param name="Lanes">The 32 lanes of this replica's journal.</param>
/// <param name="Parked">The first parked entities by name, at most <see cref="MaxParked"/>, of those in memory: an
/// entity is parked when it is first needed.</param>
/// <param name="ParkedCount">How many there are.</param>
/// <param name="Counts">How often the kernel came to its rarer moments since this process began, by
/// <see cref="Pelago.Replication.Probe"/>; those that never came are left out.</param>
public sealed record ReplicationStatus(
    string Region, string? Incarnation, IReadOnlyList<PeerStatus> Peers, IReadOnlyList<LaneStatus> Lanes,
    IReadOnlyList<ParkedStatus> Parked, long ParkedCount, IReadOnlyDictionary<string, long> Counts)
{
    /// <summary>Parked entities that are named.</summary>
    public const int MaxParked = 5;

    /// <summary>What keeps part of the journal from being used, or null.</summary>
    public TroubleStatus? Journal { get; init; }

    /// <summary>What was alarmed about since this process began: one entry a kind, ordered by kind.</summary>
    public IReadOnlyList<AlarmStatus> Alarms { get; init; } = [];

    /// <summary>Who is the primary of the types whose primary moves, as this replica knows.</summary>
    public IReadOnlyList<PrimaryStatus> Primaries { get; init; } = [];

    /// <summary>Filters of types that have one, or had.</summary>
    public IReadOnlyList<FilterStatus> Filters { get; init; } = [];
}

/// <summary>The filter of a type.</summary>
/// <param name="Type">Type of the entities.</param>
/// <param name="Epoch">Counts the rules of the type.</param>
/// <param name="Rule">Which regions get its events, for people.</param>
/// <param name="State">Of the region that answers: <c>Whole</c>, <c>Filling</c> while it is being sent what it was left
/// out of, or <c>LeftOut</c>.</param>
public sealed record FilterStatus(string Type, uint Epoch, string Rule, string State);

/// <summary>The primary of a type whose primary moves.</summary>
/// <param name="Type">Type of the entities.</param>
/// <param name="Region">The region that takes commands, or is about to.</param>
/// <param name="Epoch">How often it has moved.</param>
/// <param name="State"><c>Primary</c> or <c>TakingOver</c>.</param>
/// <param name="Lease">It is the region that answers, and a majority has confirmed it of late.</param>
public sealed record PrimaryStatus(string Type, string Region, uint Epoch, string State, bool Lease);

/// <summary>One peer.</summary>
/// <param name="Peer">Region.</param>
/// <param name="State"><c>Live</c>, <c>CatchingUp</c> or <c>Down</c>.</param>
/// <param name="LagMs">Milliseconds by which what is known of the peer is old; null when never heard of.</param>
/// <param name="BehindEvents">Events that the peer has and this replica does not, as last heard.</param>
/// <param name="Path"><c>direct</c>, <c>relayed</c> through another region, or <c>none</c>.</param>
public sealed record PeerStatus(string Peer, string State, double? LagMs, long BehindEvents, string Path);

/// <summary>One lane.</summary>
/// <param name="Lane">0–31.</param>
/// <param name="Head">Last position in this journal.</param>
/// <param name="OwnHead">Last position of an own event of the newest incarnation.</param>
/// <param name="WaitingFor">Regions whose report finality waits for.</param>
/// <param name="Held">Events that wait for their causes.</param>
/// <param name="Owed">Gaps that are still open.</param>
/// <param name="Origins">For each origin, how far it is held and how far it is final.</param>
public sealed record LaneStatus(
    int Lane, ulong Head, ulong OwnHead, IReadOnlyList<string> WaitingFor, int Held, int Owed,
    IReadOnlyList<FrontierStatus> Origins);

/// <summary>One origin in one lane, in positions of that origin's journal.</summary>
public sealed record FrontierStatus(string Origin, ulong Held, ulong Final);

/// <summary>An entity that is kept but not served.</summary>
/// <param name="Type">Type of the entity.</param>
/// <param name="Id">Id of the entity.</param>
/// <param name="Code">Code of the error that requests for it get.</param>
/// <param name="Reason">Why, one sentence.</param>
/// <param name="Next">What to do about it.</param>
public sealed record ParkedStatus(string Type, string Id, string Code, string Reason, string Next);

/// <summary>What is wrong, as a code, one sentence and what to do about it.</summary>
public sealed record TroubleStatus(string Code, string Message, string Next);

/// <summary>Alarms of one kind.</summary>
/// <param name="Kind">A <see cref="Pelago.Replication.AlarmKind"/>.</param>
/// <param name="Count">How many there were.</param>
/// <param name="LastAt">When the last one was.</param>
/// <param name="Texts">The last different texts, newest first; at most five.</param>
/// <param name="Next">What to do about it; empty where nothing has to be done.</param>
public sealed record AlarmStatus(
    string Kind, long Count, DateTimeOffset LastAt, IReadOnlyList<string> Texts, string Next);
