using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>Computes what replicas compare: per slice, or per entity of a slice. Events come from the journal,
/// states from the runtime as every reader gets them, so that both halves of "same events, same state" are looked
/// at.</summary>
/// <remarks>An entity that is written to meanwhile is looked at again a few times; comparing replicas under load is
/// a matter of asking twice.</remarks>
/// <param name="runtime">The runtime.</param>
public sealed class DigestScan(EntityRuntime runtime)
{
    private const int PageEntities = 512;
    private const int Attempts = 3;
    private const int ConcurrentLanes = 4;

    /// <summary>Digests of one slice, or of all 1,024 that hold something.</summary>
    public async Task<IReadOnlyList<SliceDigest>> SlicesAsync(int? slice, CancellationToken cancellationToken)
    {
        var digests = new ConcurrentDictionary<int, SliceDigest>();
        IEnumerable<int> lanes = slice is { } one ? [one % EntityKey.Lanes] : Enumerable.Range(0, EntityKey.Lanes);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = ConcurrentLanes,
            CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(lanes, parallel, async (lane, ct) =>
        {
            await foreach (var entity in EntitiesAsync(lane, slice, ct))
            {
                var at = entity.Entity.Slice;
                digests[at] = digests.GetValueOrDefault(at, SliceDigest.Empty(at)).Add(entity); // a slice has one lane
            }
        });
        if (slice is { } asked)
            digests.TryAdd(asked, SliceDigest.Empty(asked));
        return [.. digests.Values.OrderBy(d => d.Slice)];
    }

    /// <summary>Digests of every entity of a lane, or of one of its slices.</summary>
    public async IAsyncEnumerable<EntityDigest> EntitiesAsync(
        int lane, int? slice, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = 0L;
        do
        {
            var page = await runtime.Journal.ReadEntitiesAsync(lane, after, PageEntities, cancellationToken);
            foreach (var entity in page.Entities)
            {
                if ((slice is null || entity.Slice == slice)
                    && await DigestAsync(entity, cancellationToken) is { } digest)
                    yield return digest;
            }
            after = page.Next;
        }
        while (after != 0);
    }

    // Null for what is not the same in every region: an entity without events, for which replies may be
    // kept, one whose events stay here, and one whose filter, or whose type's, leaves a region out. The regions
    // that have that one compare it with each other in the background.
    private async ValueTask<EntityDigest?> DigestAsync(EntityKey entity, CancellationToken cancellationToken)
    {
        var type = runtime.Types.Find(entity.Type);
        if (type is { Mode.IsLocal: true } || !runtime.IsForEveryRegion(entity.Type))
            return null;
        for (var attempt = 1; ; attempt++)
        {
            var image = await runtime.Journal.LoadHistoryAsync(entity, cancellationToken);
            if (image.Rows.Count == 0 && image.Checkpoint is null && image.Damage is null)
                return null;
            if (EntityDigest.RegionsOf(image) is { } rule && !runtime.IsForEveryRegion(rule))
                return null;
            if (type is null)
                return EntityDigest.Of(image, 0, null);
            // Of a damaged one, too: the kernel then knows that it is parked, and status and doctor say so.
            var read = await runtime.ReadAsync(
                type, entity.Id, view => (view.Count, State: type.EncodeComparable(view.State)),
                RequestOptions.Default, cancellationToken);
            if (read.Failure is not null || image.Damage is not null)
                return EntityDigest.Of(image, type.StateVersion, null);
            var digest = EntityDigest.Of(image, type.StateVersion, read.Value.State);
            if (read.Value.Count == digest.Events.Count || attempt == Attempts)
                return digest;
        }
    }
}
