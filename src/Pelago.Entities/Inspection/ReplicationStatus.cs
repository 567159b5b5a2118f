namespace Pelago.Entities;

/// <summary>Body of <c>/v1/replication</c>: how far this replica is, and how far its peers are.</summary>
/// <param name="Region">The region that answers.</param>
/// <param name="Incarnation">Origin of what is written here now; null while none is open.</param>
/// <param name="Peers">Every other region of the group.</param>
public sealed record ReplicationStatus(string Region, string? Incarnation, IReadOnlyList<PeerStatus> Peers);

/// <summary>One peer.</summary>
/// <param name="Peer">Region.</param>
/// <param name="State"><c>Live</c>, <c>CatchingUp</c>, <c>Connecting</c> or <c>Unreachable</c>.</param>
/// <param name="LagMs">Milliseconds by which what is known of the peer is old; null when never heard of.</param>
/// <param name="BehindEvents">Events that the peer has and this replica does not, as last heard.</param>
/// <param name="Path"><c>direct</c>, or the region through which the peer's events come.</param>
public sealed record PeerStatus(string Peer, string State, double? LagMs, long BehindEvents, string Path);
