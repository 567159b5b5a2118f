using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Finds out which entities make slices differ, and how; has forks quarantined in every region that holds
/// one of the two events.</summary>
/// <param name="world">The world.</param>
/// <param name="quarantine">False to look only.</param>
internal sealed class DifferenceSearch(RunningWorld world, bool quarantine)
{
    /// <summary>Most slices of a service that are looked into.</summary>
    public const int MaxSlices = 64;

    /// <summary>Most entities of a service that are looked into.</summary>
    public const int MaxEntities = 50;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>The service with its differences named.</summary>
    public async Task<ServiceComparison> ExplainAsync(ServiceComparison service, CancellationToken cancellationToken)
    {
        var differences = new List<EntityDifference>();
        foreach (var slice in service.DifferingSlices.Take(MaxSlices))
        {
            var views = await AskAsync((region, ct) => region.GetEntityDigestsAsync(
                service.Project, service.Name, slice, ct), cancellationToken);
            foreach (var (type, id) in EntityDifference.Differing([.. views.Values]))
            {
                if (differences.Count == MaxEntities)
                    return service with { Differences = differences };
                if (await CompareAsync(service, type, id, views, cancellationToken) is { } difference)
                    differences.Add(difference);
            }
        }
        return service with { Differences = differences };
    }

    private async Task<EntityDifference?> CompareAsync(
        ServiceComparison service, string type, string id, IReadOnlyDictionary<string, SliceEntitiesView> slices,
        CancellationToken cancellationToken)
    {
        var events = await AskAsync((region, ct) => region.GetEventDigestsAsync(
            service.Project, service.Name, type, id, ct), cancellationToken);
        var digests = slices.ToDictionary(
            s => s.Key, s => s.Value.Entities.FirstOrDefault(e => e.Type == type && e.Id == id));
        var difference = EntityDifference.Of(type, id, digests, [.. events.Values]);
        if (!quarantine || difference is not { Origin: { } origin, Sequence: { } sequence })
            return difference;
        var fork = new QuarantineRequest(type, id, origin, sequence, difference.Detail);
        var told = await AskAsync(async (region, ct) =>
        {
            await region.QuarantineAsync(service.Project, service.Name, fork, ct);
            return true;
        }, cancellationToken);
        return difference with { QuarantinedIn = [.. told.Keys.Order(StringComparer.Ordinal)] };
    }

    // A region that does not answer, or does not know what it is asked about, is left out.
    private async Task<IReadOnlyDictionary<string, T>> AskAsync<T>(
        Func<RegionClient, CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(world.World.Regions.Select(async region =>
        {
            try
            {
                using var client = world.Region(region, Limit);
                return (region.Name, Answered: true, Answer: await ask(client, cancellationToken));
            }
            catch (PelagoException)
            {
                return (region.Name, Answered: false, Answer: default(T)!);
            }
        }));
        return answers.Where(a => a.Answered).ToDictionary(a => a.Name, a => a.Answer);
    }
}
