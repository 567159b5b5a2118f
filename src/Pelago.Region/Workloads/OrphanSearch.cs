using Pelago.Client;

namespace Pelago.Region;

/// <summary>Finds instances whose start was not written down because the region's process ended in between: an instance
/// carries its id, which is random, and the region's home in its environment.</summary>
internal static class OrphanSearch
{
    /// <summary>The process that was started as this instance, or null.</summary>
    public static ProcessIdentity? Find(string instanceId)
    {
        foreach (var process in ProcessSearch.WithEnvironment(InstanceEnvironment.Instance, id => id == instanceId))
            return process;
        return null;
    }

    /// <summary>Processes that were started as instances of this region and that its table does not have, e.g. because
    /// it was restored from a copy: they hold journals and ports that belong to somebody else now.</summary>
    public static IReadOnlyList<ProcessIdentity> Strays(RegionHome home, InstanceTable table)
    {
        var within = home.Services + Path.DirectorySeparatorChar;
        var known = table.Instances.Values.Select(i => i.Process).ToHashSet();
        return [.. ProcessSearch.WithEnvironment(
                InstanceEnvironment.Home, value => value.StartsWith(within, StringComparison.Ordinal))
            .Where(process => !known.Contains(process))];
    }
}
