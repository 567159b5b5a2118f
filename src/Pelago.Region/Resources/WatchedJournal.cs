using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Region;

/// <summary>A journal that tells which entities got events, whoever wrote them: so that the region acts when a resource
/// arrives, and nobody has to look whether one did.</summary>
/// <param name="inner">Does everything.</param>
/// <param name="appended">Told after each commit, on the writer's thread, with the number of the entity's row; must not
/// block.</param>
internal sealed class WatchedJournal(IJournal inner, Action<EntityKey, ulong> appended) : IJournal
{
    public JournalIdentity Identity => inner.Identity;

    public Failure? Trouble => inner.Trouble;

    public async ValueTask<IReadOnlyList<LaneCommit>> AppendAsync(
        IReadOnlyList<LaneBatch> batches, CancellationToken cancellationToken)
    {
        var commits = await inner.AppendAsync(batches, cancellationToken);
        for (var i = 0; i < batches.Count; i++)
        {
            if (commits[i].Outcome != CommitOutcome.Committed)
                continue;
            foreach (var row in batches[i].Rows)
                appended(row.Event.Entity, row.LocalSequence);
        }
        return commits;
    }

    public ValueTask<LaneState> AcquireLaneAsync(int lane, CancellationToken cancellationToken)
        => inner.AcquireLaneAsync(lane, cancellationToken);

    public ValueTask OpenIncarnationAsync(Origin next, CancellationToken cancellationToken)
        => inner.OpenIncarnationAsync(next, cancellationToken);

    public ValueTask<EntityImage> LoadAsync(EntityKey entity, CancellationToken cancellationToken)
        => inner.LoadAsync(entity, cancellationToken);

    public ValueTask<EntityImage> LoadHistoryAsync(EntityKey entity, CancellationToken cancellationToken)
        => inner.LoadHistoryAsync(entity, cancellationToken);

    public ValueTask<EntityRows> ReadRowsAsync(
        EntityKey entity, ulong after, int maxRows, CancellationToken cancellationToken)
        => inner.ReadRowsAsync(entity, after, maxRows, cancellationToken);

    public ValueTask<CheckpointPage> ReadCheckpointsAsync(
        int lane, long after, int maxCheckpoints, CancellationToken cancellationToken)
        => inner.ReadCheckpointsAsync(lane, after, maxCheckpoints, cancellationToken);

    public ValueTask<LanePage> ReadLaneAsync(
        int lane, ulong after, LaneFilter? filter, int maxRows, int maxBytes, CancellationToken cancellationToken)
        => inner.ReadLaneAsync(lane, after, filter, maxRows, maxBytes, cancellationToken);

    public ValueTask<ConflictPage> ReadConflictsAsync(long after, int limit, CancellationToken cancellationToken)
        => inner.ReadConflictsAsync(after, limit, cancellationToken);

    public ValueTask<EntityPage> ReadEntitiesAsync(int lane, long after, int maxEntities,
        CancellationToken cancellationToken)
        => inner.ReadEntitiesAsync(lane, after, maxEntities, cancellationToken);

    public ValueTask<JournalReport> CheckAsync(IProgress<long>? progress, CancellationToken cancellationToken)
        => inner.CheckAsync(progress, cancellationToken);

    public ValueTask<KeyRenewal> RekeyAsync(RekeyScope scope, CancellationToken cancellationToken)
        => inner.RekeyAsync(scope, cancellationToken);

    public ValueTask<JournalStats> CountAsync(IProgress<long>? progress, CancellationToken cancellationToken)
        => inner.CountAsync(progress, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
