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
                foreach (var (origin, head) in lanes[lane].Heads())
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
        lanes[lane].Reports.TryAdd(member, report.Held);
    }

    /// <summary>A member's process was replaced by another: what it told may be nowhere any more.</summary>
    public void Forget(string member)
    {
        foreach (var lane in lanes)
            lane.Reports.Remove(member);
    }

    /// <summary>Another configuration holds. What a region that was removed meanwhile told may be nowhere any more
    /// either: what is left of it, the others tell.</summary>
    public void Follow(Configuration now)
    {
        foreach (var gone in lanes.SelectMany(l => l.Reports.Keys).Distinct().Where(m => now.Find(m) is null)
            .ToArray())
            Forget(gone);
    }

    /// <summary>Its entities may be read and written here.</summary>
    public bool Serves(int lane)
    {
        if (lanes[lane].IsServed)
            return true;
        var voters = context.Configuration.Voters;
        if (voters.Count(lanes[lane].Reports.ContainsKey) < (voters.Count / 2) + 1
            || lanes[lane].Heads().Any(h => laneOf(lane).Holds(h.Key) < h.Value))
            return false;
        context.Hit(Probe.LaneJoined);
        return lanes[lane].IsServed = true;
    }

    private sealed class LaneHeads
    {
        public Dictionary<string, IReadOnlyDictionary<Origin, ulong>> Reports { get; } = new(StringComparer.Ordinal);
        public bool IsServed { get; set; }

        public Dictionary<Origin, ulong> Heads()
        {
            var heads = new Dictionary<Origin, ulong>();
            foreach (var (origin, head) in Reports.Values.SelectMany(held => held))
                heads[origin] = Math.Max(head, heads.GetValueOrDefault(origin));
            return heads;
        }
    }
}
