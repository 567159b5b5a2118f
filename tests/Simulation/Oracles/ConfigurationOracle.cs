using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Judges who the regions take for their group: each epoch has one configuration, and the next one
/// differs by one region.</summary>
internal sealed class ConfigurationOracle
{
    private readonly SortedDictionary<ulong, Configuration> epochs = [];
    private readonly Dictionary<SimulatedRegion, Configuration> last = [];
    private readonly HashSet<string> removed = [];

    /// <summary>The configuration of the highest epoch that anybody has taken.</summary>
    public Configuration? Newest => epochs.Count == 0 ? null : epochs.Values.Last();

    /// <summary>So many regions that had joined each configuration had at least.</summary>
    public int FewestSettled => epochs.Values.Min(e => e.Settled.Count);

    /// <summary>Epochs may have two configurations: regions are removed by force.</summary>
    public bool IsForceUsed { get; set; }

    /// <summary>A region of this name was removed, whether or not it is back.</summary>
    public bool WasEverRemoved(string region) => removed.Contains(region);

    /// <summary>It has learned that it is no member.</summary>
    public static bool IsRemoved(SimulatedRegion region)
        => region.Configuration is { Epoch: > 1 } known && known.Find(region.Name) is null;

    /// <summary>Looks at a region after it has done something.</summary>
    public void Look(SimulatedRegion region)
    {
        if (region.Configuration is not { } now || (last.TryGetValue(region, out var before) && before == now))
            return;
        last[region] = now;
        if (now.Epoch == 0)
            return;
        foreach (var gone in now.Removed)
            removed.Add(gone.Region);
        if (IsRemoved(region) || IsForceUsed)
            return; // it does not name itself, though somebody else may bear its name
        if (!epochs.TryGetValue(now.Epoch, out var known))
            epochs[now.Epoch] = known = now;
        if (!known.Members.SequenceEqual(now.Members) || !known.Removed.SequenceEqual(now.Removed))
            throw new OracleException($"{region.Name} takes {Text(now)} for epoch {now.Epoch}, others {Text(known)}.");
        if (epochs.TryGetValue(now.Epoch - 1, out var older) && Differences(older, now) != 1)
            throw new OracleException($"Epoch {now.Epoch} is {Text(now)}, the one before {Text(older)}.");
    }

    private static int Differences(Configuration one, Configuration other)
        => one.Members.Select(m => (m.Region, m.IsVoter)).Union(other.Members.Select(m => (m.Region, m.IsVoter)))
            .GroupBy(m => m.Region).Count(g => g.Count() > 1 || one.Find(g.Key) is null || other.Find(g.Key) is null);

    private static string Text(Configuration configuration) => string.Join(", ", configuration.Members);
}
