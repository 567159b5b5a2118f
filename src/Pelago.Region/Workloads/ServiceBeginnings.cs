using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Region;

/// <summary>With which regions the journals of a service began, as every region has to know it in the same way: a
/// service has a group of its own, whose first configuration nobody decides. It is that of the region group when the
/// service was created, which the resource says; for one that was created before the group first changed, that of the
/// enrolment.</summary>
/// <remarks>A region that was added later has no part in that beginning. Its instance begins with an empty journal and
/// waits to be told by the others, who have been asked to add it.</remarks>
internal sealed class ServiceBeginnings(
    RegionConfig config, RegionIdentity identity, RegionPeers peers, ServiceCatalog catalog,
    Func<Configuration> group)
{
    /// <summary>Where the other regions are.</summary>
    public IReadOnlyList<PeerRegion> Peers => peers.Current;

    /// <summary>The members with which a service begins here.</summary>
    /// <param name="service"><c>project/name</c>.</param>
    /// <returns>Those of its first configuration; or whom to ask, where this region came later.</returns>
    public (IReadOnlyList<string> Members, bool Joins) Of(string service)
    {
        var known = catalog.Current.Services.FirstOrDefault(s => s.Key == service);
        var founders = known?.Founders ?? identity.Members;
        var self = group().Find(config.Region);
        if (!IsLater(config.Region, founders, known?.FoundedIn ?? 1, self))
            return (founders, false);
        return ([.. peers.Current.Select(p => p.Name).Append(config.Region).Order(StringComparer.Ordinal)], true);
    }

    /// <summary>Whether a region came after a service had begun.</summary>
    /// <param name="region">The region.</param>
    /// <param name="founders">With whom the service began.</param>
    /// <param name="foundedIn">In which epoch of the region group.</param>
    /// <param name="self">What the region is to the group now; null while it has not been told.</param>
    internal static bool IsLater(
        string region, IReadOnlyList<string> founders, ulong foundedIn, GroupMember? self)
        => !founders.Contains(region) || self is null || self.Since > foundedIn;
}
