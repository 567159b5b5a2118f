using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Whether this region holds all that it may ever have confirmed: a journal that was set back, or lost rows,
/// may lack it. What a primary confirms, a majority of the settled members holds, and so does what a strong read has
/// shown. So many other members that no majority is without one of them tell what they hold; once all of that is here,
/// nothing is missing.</summary>
/// <remarks>Until then this region confirms nothing as a primary, does not say that it has stopped being one, and does
/// not count among those whose word a new one starts on. Not thread-safe.</remarks>
internal sealed class Recovery(KernelContext context, Func<int, LaneReplica> laneOf)
{
    private readonly SortedDictionary<string, IReadOnlyDictionary<Origin, ulong>?[]> told
        = new(StringComparer.Ordinal);

    /// <summary>Nothing that was confirmed is missing.</summary>
    public bool IsWhole { get; private set; } = true;

    /// <summary>The journal may lack something.</summary>
    public void Begin()
    {
        IsWhole = !context.Others.Any();
        told.Clear();
    }

    /// <summary>A member reported what it holds of a lane. Its first word counts: what it gets later, from this region
    /// perhaps, was confirmed by nobody before.</summary>
    public void Take(string member, int lane, IReadOnlyDictionary<Origin, ulong> held)
    {
        if (IsWhole)
            return;
        if (!told.TryGetValue(member, out var lanes))
            told[member] = lanes = new IReadOnlyDictionary<Origin, ulong>?[EntityKey.Lanes];
        lanes[lane] ??= held;
    }

    /// <summary>A member's process was replaced by another: what it told may be nowhere any more.</summary>
    public void Forget(string member) => told.Remove(member);

    /// <summary>Looks whether enough has been told, and is here.</summary>
    public void Look()
    {
        if (IsWhole)
            return;
        if (!context.Others.Any())
        {
            IsWhole = true;
            return;
        }
        var settled = context.Configuration.Settled;
        var heard = told.Where(t => settled.Contains(t.Key) && t.Key != context.Options.Region
            && Array.TrueForAll(t.Value, held => held is not null)).Select(t => t.Value).ToArray();
        if (heard.Length < settled.Count - (settled.Count / 2))
            return;
        IsWhole = heard.All(lanes => Enumerable.Range(0, lanes.Length).All(
            lane => lanes[lane]!.All(h => laneOf(lane).Holds(h.Key) >= h.Value)));
        if (!IsWhole)
            return;
        told.Clear();
        context.Hit(Probe.PrimaryRecovered);
    }
}
