using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Region;

/// <summary>A service resource as this region has it.</summary>
internal sealed record KnownService(string Project, string Name, ServiceEntity State, ulong Events);

/// <summary>The region's service resources: commands go to their entities, and whatever arrives in the journal, from
/// here or from another region, goes on to the catalog that the workloads follow.</summary>
internal sealed class ServiceResources(EntityRuntime runtime, ServiceCatalog catalog, TimeProvider clock, ILogger log)
{
    private const int PageEntities = 500;
    private const int WaitingKeys = 4096;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(50);

    private readonly EntityType _type = runtime.Types.Of<ServiceEntity>();
    private readonly ConcurrentDictionary<string, KnownService> _known = new(StringComparer.Ordinal);

    // Bounded, and full means "look at everything": no key is ever lost, and no writer ever waits.
    private readonly Channel<(string Id, ulong Row)> _arrived = Channel.CreateBounded<(string, ulong)>(
        new BoundedChannelOptions(WaitingKeys) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private volatile bool _overflowed;

    /// <summary>All services, ordered by project and name.</summary>
    public IReadOnlyList<KnownService> All
        => [.. _known.Values.Where(s => s.State.Uid is not null).OrderBy(s => s.Project, StringComparer.Ordinal)
            .ThenBy(s => s.Name, StringComparer.Ordinal)];

    /// <summary>Tells that an entity got an event. Never blocks.</summary>
    public void OnAppended(EntityKey key, ulong row)
    {
        if (key.Type == ServiceEntity.TypeName && !_arrived.Writer.TryWrite((key.Id, row)))
            _overflowed = true;
    }

    /// <summary>Reads one service from its entity; null when there is none.</summary>
    public async Task<KnownService?> FindAsync(string project, string name, CancellationToken cancellationToken)
    {
        var found = await ReadAsync(ServiceEntity.IdOf(project, name), cancellationToken);
        return found?.State.Uid is null ? null : found;
    }

    /// <summary>Creates or replaces a service.</summary>
    public async Task<(KnownService? Service, Failure? Failure)> PutAsync(
        ServiceResource resource, bool mustBeNew, CancellationToken cancellationToken)
    {
        var metadata = resource.Metadata;
        var id = ServiceEntity.IdOf(metadata.Namespace, metadata.Name);
        var uid = Incarnation.Create(clock.GetUtcNow().ToUnixTimeMilliseconds(), RandomNumberGenerator.GetBytes(10))
            .ToString();
        var command = new PutService(ServiceFields.Of(resource), uid, mustBeNew, metadata.ResourceVersion);
        var reply = await runtime.SendAsync(_type, id, command, RequestOptions.Default, cancellationToken);
        return reply.Failure is { } failure ? (null, failure) : (await ReadAsync(id, cancellationToken), null);
    }

    /// <summary>Deletes a service.</summary>
    /// <returns>The service as it was.</returns>
    public async Task<(KnownService? Service, Failure? Failure)> DeleteAsync(
        string project, string name, string? expectedVersion, CancellationToken cancellationToken)
    {
        var reply = await runtime.SendAsync(_type, ServiceEntity.IdOf(project, name),
            new RemoveService(expectedVersion), RequestOptions.Default, cancellationToken);
        return reply.Failure is { } failure ? (null, failure)
            : (new KnownService(project, name, reply.Value!, 0), null);
    }

    /// <summary>Follows the journal: first everything that is there, then what arrives. Ends when cancelled.</summary>
    public async Task FollowAsync(CancellationToken cancellationToken)
    {
        await ReadAllAsync(cancellationToken);
        Publish();
        while (await _arrived.Reader.WaitToReadAsync(cancellationToken))
        {
            while (_arrived.Reader.TryRead(out var arrived))
                await FollowAsync(arrived.Id, arrived.Row, cancellationToken);
            if (_overflowed)
            {
                _overflowed = false;
                await ReadAllAsync(cancellationToken);
            }
            Publish();
        }
    }

    private async Task ReadAllAsync(CancellationToken cancellationToken)
    {
        for (var lane = 0; lane < EntityKey.Lanes; lane++)
        {
            var after = 0L;
            do
            {
                var page = await runtime.Journal.ReadEntitiesAsync(lane, after, PageEntities, cancellationToken);
                foreach (var key in page.Entities.Where(k => k.Type == ServiceEntity.TypeName))
                    await FollowAsync(key.Id, 0, cancellationToken);
                after = page.Next;
            }
            while (after != 0);
        }
    }

    /// <summary>Takes an entity over as it is once the row is folded: the journal commits before the fold shows
    /// it.</summary>
    private async Task FollowAsync(string id, ulong row, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                if (await ReadAsync(id, cancellationToken) is not { } found)
                    return;
                if (found.Events >= row)
                {
                    _known[id] = found;
                    return;
                }
            }
            catch (PelagoException e)
            {
                // A parked entity is left as it was last seen; the others go on.
                Log.ResourceUnreadable(log, id, e.Failure.ToString());
                return;
            }
            await Task.Delay(RetryDelay, clock, cancellationToken);
        }
    }

    private async Task<KnownService?> ReadAsync(string id, CancellationToken cancellationToken)
    {
        var slash = id.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
            return null;
        var reply = await runtime.ReadAsync(_type, id, view => (State: (ServiceEntity)view.State, view.Count),
            RequestOptions.Default, cancellationToken);
        var (state, count) = reply.ValueOrThrow();
        return new KnownService(id[..slash], id[(slash + 1)..], state, count);
    }

    private void Publish() => catalog.Replace(All.Select(s =>
    {
        var spec = s.State.ToSpec();
        return new DesiredService(s.Project, s.Name, spec, ServiceVersions.RevisionOf(spec));
    }));
}
