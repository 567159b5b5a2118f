using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>What all regions of a world hold, compared.</summary>
/// <param name="Services">Each replicated service, over the regions that answered.</param>
/// <param name="Missing">What could not be looked at, one sentence each.</param>
internal sealed record WorldComparison(IReadOnlyList<ServiceComparison> Services, IReadOnlyList<string> Missing)
{
    // What the regions hold of their own: the services as resources, and how they are in each region.
    private static readonly ObjectMetadata Own = new("region", "pelago");

    private static readonly TimeSpan ListLimit = TimeSpan.FromSeconds(15);

    // A replica of many entities reads all of them.
    private static readonly TimeSpan DigestLimit = TimeSpan.FromMinutes(5);

    /// <summary>Everything was compared and agrees.</summary>
    public bool IsGood => Uncompared() is null && Services.All(service => service.Agree);

    /// <summary>Compares: 1. the services, from the first region that answers, and what the regions hold of their own,
    /// 2. their digests, from every region.</summary>
    /// <exception cref="PelagoException">No region answers.</exception>
    public static async Task<WorldComparison> OfAsync(RunningWorld world, CancellationToken cancellationToken)
    {
        // 1.
        var services = await ServicesAsync(world, cancellationToken);
        // 2.
        var (results, missing) = (new List<ServiceComparison>(), new List<string>());
        foreach (var service in services.Items.Where(service => service.Spec.Replicated).Select(s => s.Metadata)
            .Append(Own))
        {
            var asked = await Task.WhenAll(world.World.Regions.Select(
                region => DigestsAsync(world, region, service, cancellationToken)));
            missing.AddRange(asked.Select(a => a.Missing).OfType<string>());
            results.Add(ServiceComparison.Of($"{service.Namespace}/{service.Name}",
                [.. asked.Select(a => a.Digests).OfType<ReplicaDigests>()]));
        }
        return new WorldComparison(results, [.. missing.Distinct()]);
    }

    /// <summary>What could not be compared, one sentence; null when everything was.</summary>
    public string? Uncompared()
    {
        var alone = Services.Where(s => !s.IsCompared).ToList();
        if (Missing.Count == 0 && alone.Count == 0)
            return null;
        string[] why = [.. Missing, .. alone.Select(s => s.Replicas is [var one]
            ? $"{s.Service} by {one.Region} alone" : $"{s.Service} by nobody")];
        return alone.Count == Services.Count ? $"Nothing was compared: {string.Join("; ", why)}."
            : $"Not compared: {string.Join("; ", why)}. What was compared agrees.";
    }

    /// <summary>The comparison with the entities named that differ.</summary>
    public async Task<WorldComparison> ExplainedAsync(DifferenceSearch search, CancellationToken cancellationToken)
    {
        var services = new List<ServiceComparison>();
        foreach (var service in Services)
            services.Add(service.Agree ? service : await search.ExplainAsync(service, cancellationToken));
        return this with { Services = services };
    }

    private static async Task<ServiceList> ServicesAsync(RunningWorld world, CancellationToken cancellationToken)
    {
        PelagoException? last = null;
        foreach (var region in world.World.Regions)
        {
            try
            {
                using var client = world.Region(region, ListLimit);
                return await client.ListServicesAsync(project: null, cancellationToken);
            }
            catch (PelagoException e) when (e.Failure.Error == ErrorCodes.ServerUnreachable)
            {
                last = e;
            }
        }
        throw last!;
    }

    private static async Task<(ReplicaDigests? Digests, string? Missing)> DigestsAsync(
        RunningWorld world, RegionRecord region, ObjectMetadata service, CancellationToken cancellationToken)
    {
        try
        {
            using var client = world.Region(region, DigestLimit);
            var json = await client.GetDigestsAsync(service.Namespace, service.Name, cancellationToken);
            return (ReplicaDigests.Parse(region.Name, json), null);
        }
        catch (PelagoException e)
        {
            return (null, $"{region.Name}: {e.Failure.Message.TrimEnd('.')}");
        }
    }
}
