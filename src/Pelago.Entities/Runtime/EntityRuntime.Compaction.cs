using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

public sealed partial class EntityRuntime
{
    /// <summary>Removes rows of an entity's final events, as far as its type lets them go.</summary>
    public async ValueTask<CompactResult> CompactAsync(EntityKey entity, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<CompactResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        await InspectAsync((kernel, now) =>
        {
            kernel.Compact(new CompactRequest { Entity = entity, Waiter = done }, now);
            return true;
        }, cancellationToken);
        var first = await Task.WhenAny(done.Task, ended.Task).WaitAsync(cancellationToken);
        return first == done.Task ? await done.Task
            : new CompactResult(0, 0, [], IsServing ? RequestChecks.InstanceFailed : RequestChecks.Stopping);
    }

    /// <summary>True when rows of an entity of that type may go: by its definition, or once it is deleted.</summary>
    public bool MayCompact(EntityKey entity)
        => Types.Find(entity.Type) is { } type && (type.Compacts || (type.Strategy == MergeStrategy.Ordered
            && !type.HasAnyEffects));
}
