using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit.Entities;

/// <summary>A journal of which a test uses one part, which it overrides.</summary>
internal abstract class UnusedJournal : IJournal
{
    public JournalIdentity Identity => throw Unused();

    public ValueTask<LaneState> AcquireLaneAsync(int lane, CancellationToken cancellationToken) => throw Unused();

    public ValueTask OpenIncarnationAsync(Origin next, CancellationToken cancellationToken) => throw Unused();

    public ValueTask<IReadOnlyList<LaneCommit>> AppendAsync(
        IReadOnlyList<LaneBatch> batches, CancellationToken cancellationToken) => throw Unused();

    public ValueTask<EntityImage> LoadAsync(EntityKey entity, CancellationToken cancellationToken) => throw Unused();

    public ValueTask<EntityImage> LoadHistoryAsync(EntityKey entity, CancellationToken cancellationToken)
        => throw Unused();

    public ValueTask<EntityRows> ReadRowsAsync(
        EntityKey entity, ulong after, int maxRows, CancellationToken cancellationToken) => throw Unused();

    public ValueTask<CheckpointPage> ReadCheckpointsAsync(
        int lane, long after, int maxCheckpoints, CancellationToken cancellationToken) => throw Unused();

    public ValueTask<LanePage> ReadLaneAsync(int lane, ulong after, LaneFilter? filter, int maxRows, int maxBytes,
        CancellationToken cancellationToken) => throw Unused();

    public ValueTask<ConflictPage> ReadConflictsAsync(long after, int limit, CancellationToken cancellationToken)
        => throw Unused();

    public ValueTask<EntityPage> ReadEntitiesAsync(
        int lane, long after, int maxEntities, CancellationToken cancellationToken) => throw Unused();

    public virtual ValueTask<JournalReport> CheckAsync(
        IProgress<long>? progress, CancellationToken cancellationToken) => throw Unused();

    public virtual ValueTask<JournalStats> CountAsync(
        IProgress<long>? progress, CancellationToken cancellationToken) => throw Unused();

    public virtual ValueTask<KeyRenewal> RekeyAsync(RekeyScope scope, CancellationToken cancellationToken)
        => throw Unused();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static NotSupportedException Unused() => new("The test does not use this part.");
}
