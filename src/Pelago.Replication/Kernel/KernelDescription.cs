using Pelago.Model;

namespace Pelago.Replication;

/// <summary>A peer as an operator sees it.</summary>
/// <param name="State"><c>Live</c>, <c>CatchingUp</c> or <c>Down</c>.</param>
/// <param name="LagMilliseconds">One-way network time when caught up, and the time since then when not; −1 when
/// unknown.</param>
/// <param name="BehindEvents">Positions of the peer's own events that it reported and that are not here yet.</param>
/// <param name="Path"><c>direct</c>, <c>relayed</c> or <c>none</c>.</param>
public sealed record PeerDescription(string Name, string State, double LagMilliseconds, ulong BehindEvents,
    string Path);

/// <summary>A lane as an operator sees it.</summary>
/// <param name="FinalThrough">For each origin, the position through which its events are final here.</param>
/// <param name="WaitingFor">Members whose report finality waits for.</param>
public sealed record LaneDescription(
    int Lane, ulong Head, ulong OwnHead, IReadOnlyList<(Origin Origin, ulong Held, ulong Final)> FinalThrough,
    IReadOnlyList<string> WaitingFor, int Held, int Owed, int Entities)
{
    /// <summary>Lives of removed regions that are sealed here, and their last positions.</summary>
    public IReadOnlyList<Frontier> Sealed { get; init; } = [];

    /// <summary>Lives of journals that are over, and held as a whole by every member.</summary>
    public int PastLives { get; init; }

    /// <summary>Position in the present incarnation through which the effects of final events are done, as far as the
    /// journal knows; 0 where there are none.</summary>
    public ulong EffectsThrough { get; init; }
}

/// <summary>A snapshot of a kernel for status, metrics and tests.</summary>
/// <param name="Current">Incarnation being written to; null while none is open.</param>
/// <param name="Newest">Newest incarnation.</param>
/// <param name="Parked">Quarantined entities, and entities in memory that are parked, with reasons.</param>
public sealed record KernelDescription(
    string Region, Origin? Current, Origin? Newest, IReadOnlyList<PeerDescription> Peers,
    IReadOnlyList<LaneDescription> Lanes, IReadOnlyList<(EntityKey Entity, Failure Reason)> Parked)
{
    /// <summary>How often late events made folds begin again from a checkpoint, since this process began.</summary>
    public long Rewinds { get; init; }

    /// <summary>Events that were folded again because of that.</summary>
    public long FoldedAgain { get; init; }

    /// <summary>The group's members, as this region knows them.</summary>
    public MembershipDescription? Membership { get; init; }

    /// <summary>Primaries of types whose primary moves.</summary>
    public IReadOnlyList<PrimaryDescription> Primaries { get; init; } = [];

    /// <summary>Filters of types.</summary>
    public IReadOnlyList<FilterDescription> Filters { get; init; } = [];

    /// <summary>Votes and requests for registers.</summary>
    public required RegistersDescription Registers { get; init; }

    internal static KernelDescription Of(
        KernelContext context, Writer writer, PeerLinks links, LaneReplica[] lanes, Registers registers,
        bool withPast)
        => new(
        context.Options.Region, writer.Current, writer.Newest,
        [.. links.Peers.Select(p => Describe(context, p, lanes))],
        [.. lanes.Select(l => new LaneDescription(l.Lane, l.Head, l.OwnHead,
            [.. Origins(writer, l, withPast).Select(o => (o, l.Holds(o), Math.Min(l.Holds(o), l.Finality.Through(o))))],
            [.. l.Finality.WaitingFor], l.HeldCount, l.OwedCount, l.EntityCount)
        {
            PastLives = l.PastCount, EffectsThrough = l.EffectsThrough, Sealed = [.. l.SealedLives],
        })],
        [
            .. lanes.SelectMany(l => l.Quarantined),
            .. lanes.SelectMany(l => l.Parked).Select(e => (e.Key, e.Unusable!)),
        ])
        {
            Registers = registers.Describe(), Rewinds = context.Probes[Probe.Rewound],
            FoldedAgain = context.Probes[Probe.FoldedAgain],
        };

    private static IEnumerable<Origin> Origins(Writer writer, LaneReplica lane, bool withPast)
        => (withPast ? lane.Origins : lane.Cursors.Select(c => c.Origin))
            .Concat(writer.Newest is { } own ? [own] : []).Distinct();

    private static PeerDescription Describe(KernelContext context, PeerState peer, LaneReplica[] lanes)
    {
        var behind = peer.Behind(lanes);
        var now = context.Now.MonotonicMilliseconds;
        var oneWay = peer.RoundTripMilliseconds < 0 ? 0 : peer.RoundTripMilliseconds / 2;
        var caughtUp = behind == 0 && peer.IsLive ? now : peer.CaughtUpMilliseconds;
        var lag = caughtUp < 0 ? -1 : oneWay + (now - caughtUp);
        var relayed = !peer.IsLive
            && lanes.Any(l => l.Cursors.Any(c => c.Origin.Region == peer.Name && c.ServedBy != 0));
        return new PeerDescription(peer.Name, !peer.IsLive ? "Down" : behind == 0 ? "Live" : "CatchingUp", lag, behind,
            peer.IsLive ? "direct" : relayed ? "relayed" : "none");
    }
}
