using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit.Entities;

/// <summary>A real journal that breaks its contract when told to, which is more than the kernel can bear.</summary>
internal sealed class BrokenJournal(IJournal inner) : IJournal
{
    private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>From the next append on: it waits for <see cref="Release"/>, and then answers for no batch.</summary>
    public bool Breaks { get; set; }

    /// <summary>From the next append on: it waits for <see cref="Release"/>, and then goes on.</summary>
    public bool Waits { get; set; }

    /// <summary>What every append fails with, or null.</summary>
    public Failure? Refusal { get; set; }

    /// <summary>An append waits.</summary>
    public bool IsWaiting { get; private set; }

    public JournalIdentity Identity => inner.Identity;

    public Failure? Trouble => inner.Trouble;

    public void Release() => released.TrySetResult();

    public async ValueTask<IReadOnlyList<LaneCommit>> AppendAsync(
        IReadOnlyList<LaneBatch> batches, CancellationToken cancellationToken)
    {
        if (Refusal is { } failure)
            throw failure.ToException();
        if (Breaks || Waits)
        {
            IsWaiting = true;
            await released.Task.WaitAsync(cancellationToken);
        }
        return Breaks ? [] : await inner.AppendAsync(batches, cancellationToken);
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

    public ValueTask<EntityPage> ReadEntitiesAsync(
        int lane, long after, int maxEntities, CancellationToken cancellationToken)
        => inner.ReadEntitiesAsync(lane, after, maxEntities, cancellationToken);

    public ValueTask<JournalReport> CheckAsync(IProgress<long>? progress, CancellationToken cancellationToken)
        => inner.CheckAsync(progress, cancellationToken);

    public ValueTask<KeyRenewal> RekeyAsync(RekeyScope scope, CancellationToken cancellationToken)
        => inner.RekeyAsync(scope, cancellationToken);

    public ValueTask<JournalStats> CountAsync(IProgress<long>? progress, CancellationToken cancellationToken)
        => inner.CountAsync(progress, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
