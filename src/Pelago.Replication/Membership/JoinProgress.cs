using Pelago.Model;

namespace Pelago.Replication;

/// <summary>How far a region that joins has come: what it holds of the heads at join.</summary>
/// <remarks>
/// <para>The heads at join of a lane are the first reports that members send of it after they have taken the
/// configuration with the new member; from a majority of the voters, at least. Who has all of them has what was final
/// anywhere before: for that every member held it, and reported it before it took the configuration. So what this
/// region writes from then on has it among its causes, and members that have not heard of it wait for nobody.</para>
/// <para>How it comes to hold them is nobody's business here: by ordinary catch-up from position 0, or from a peer's
/// snapshots and what follows them. Not stored: a restart takes later heads.</para>
/// </remarks>
internal sealed class JoinProgress(KernelContext context, Func<int, LaneReplica> laneOf)
{
    private readonly LaneHeads[] lanes = [.. Enumerable.Range(0, EntityKey.Lanes).Select(_ => new LaneHeads())];

    /// <summary>Every lane has been caught up with.</summary>
    public bool IsComplete => Array.TrueForAll(lanes, l => l.IsServed);

    /// <summary>Positions held, and positions to be held.</summary>
    public (ulong Held, ulong Wanted) Events
    {
        get
        {
            var (held, wanted) = (0ul, 0ul);
            for (var lane = 0; lane < lanes.Length; lane++)
            {
                foreach (var (origin, head) in lanes[lane].Heads)
                {
                    held += Math.Min(head, laneOf(lane).Holds(origin));
                    wanted += head;
                }
            }
            return (held, wanted);
        }
    }

    /// <summary>Takes a report of somebody who has taken the configuration.</summary>
    public void Take(string member, int lane, PeerReport report)
    {
        if (!lanes[lane].Reporters.Add(member))
            return;
        foreach (var (origin, head) in report.Held)
        {
            if (head > lanes[lane].Heads.GetValueOrDefault(origin))
                lanes[lane].Heads[origin] = head;
        }
    }

    /// <summary>Its entities may be read and written here.</summary>
    public bool Serves(int lane)
    {
        if (lanes[lane].IsServed)
            return true;
        var voters = context.Configuration.Voters;
        if (voters.Count(lanes[lane].Reporters.Contains) < (voters.Count / 2) + 1
            || lanes[lane].Heads.Any(h => laneOf(lane).Holds(h.Key) < h.Value))
            return false;
        context.Hit(Probe.LaneJoined);
        return lanes[lane].IsServed = true;
    }

    private sealed class LaneHeads
    {
        public HashSet<string> Reporters { get; } = new(StringComparer.Ordinal);
        public Dictionary<Origin, ulong> Heads { get; } = [];
        public bool IsServed { get; set; }
    }
}
