using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Pelago.Entities;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>A service resource as this region has it.</summary>
internal sealed record KnownService(string Project, string Name, ServiceEntity State, ulong Events);

/// <summary>The region's service resources: commands go to their entities, and whatever arrives in the journal, from
/// here or from another region, goes on to the catalog that the workloads follow.</summary>
internal sealed class ServiceResources(EntityRuntime runtime, ServiceCatalog catalog, TimeProvider clock, ILogger log)
{
    private readonly EntityFollower<ServiceEntity> _services = new(runtime, ServiceEntity.TypeName, clock, log);

    /// <summary>All services, ordered by project and name.</summary>
    public IReadOnlyList<KnownService> All
        => [.. _services.Known.Where(s => s.State.Uid is not null).Select(Named).OfType<KnownService>()
            .OrderBy(s => s.Project, StringComparer.Ordinal).ThenBy(s => s.Name, StringComparer.Ordinal)];

    /// <summary>Tells that an entity got an event. Never blocks.</summary>
    public void OnAppended(EntityKey key, ulong row) => _services.OnAppended(key, row);

    /// <summary>Follows the journal until cancelled.</summary>
    public Task FollowAsync(CancellationToken cancellationToken) => _services.FollowAsync(Publish, cancellationToken);

    /// <summary>Reads one service from its entity; null when there is none.</summary>
    public async Task<KnownService?> FindAsync(string project, string name, CancellationToken cancellationToken)
    {
        var found = await _services.ReadAsync(ServiceEntity.IdOf(project, name), cancellationToken);
        return found.State.Uid is null ? null : Named(found);
    }

    /// <summary>Creates or replaces a service.</summary>
    public async Task<(KnownService? Service, Failure? Failure)> PutAsync(
        ServiceResource resource, bool mustBeNew, CancellationToken cancellationToken)
    {
        var metadata = resource.Metadata;
        var id = ServiceEntity.IdOf(metadata.Namespace, metadata.Name);
        var uid = Incarnation.Create(clock.GetUtcNow().ToUnixTimeMilliseconds(), RandomNumberGenerator.GetBytes(10))
            .ToString();
        var group = runtime.Configuration;
        var command = new PutService(ServiceFields.Of(resource), uid, mustBeNew, metadata.ResourceVersion)
        {
            Founders = group.Epoch > 1 ? group.Settled : null, FoundedIn = group.Epoch > 1 ? group.Epoch : null,
        };
        var reply = await runtime.SendAsync(_services.Type, id, command, RequestOptions.Default, cancellationToken);
        return reply.Failure is { } failure ? (null, failure)
            : (Named(await _services.ReadAsync(id, cancellationToken)), null);
    }

    /// <summary>Deletes a service.</summary>
    /// <returns>The service as it was.</returns>
    public async Task<(KnownService? Service, Failure? Failure)> DeleteAsync(
        string project, string name, string? expectedVersion, CancellationToken cancellationToken)
    {
        var reply = await runtime.SendAsync(_services.Type, ServiceEntity.IdOf(project, name),
            new RemoveService(expectedVersion), RequestOptions.Default, cancellationToken);
        return reply.Failure is { } failure ? (null, failure)
            : (new KnownService(project, name, reply.Value!, 0), null);
    }

    private static KnownService? Named(Followed<ServiceEntity> found)
    {
        var slash = found.Id.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? null
            : new KnownService(found.Id[..slash], found.Id[(slash + 1)..], found.State, found.Events);
    }

    private void Publish() => catalog.Replace(All.Select(s =>
    {
        var spec = s.State.ToSpec();
        return new DesiredService(s.Project, s.Name, spec, ServiceVersions.RevisionOf(spec))
        {
            Generation = s.State.Generation, Founders = s.State.Founders, FoundedIn = s.State.FoundedIn,
        };
    }));
}
