using Pelago.Model;

namespace Pelago.Replication;

/// <summary>What a look at one entity in the journal found.</summary>
/// <param name="Digest">What its rows add up to.</param>
/// <param name="SnapshotIsWrong">Its snapshot and the rows after it give another state than all its rows.</param>
public sealed record EntityAudit(EntityDigest Digest, bool SnapshotIsWrong)
{
    /// <summary>It stands for a subject, and some of its keys are not here.</summary>
    public bool LacksKeys { get; init; }

    /// <summary>The entity's own filter; null while it never had one.</summary>
    public EntityFilter? Regions { get; init; }

    /// <summary>Of some of its events there are only placeholders.</summary>
    public bool IsPartial { get; init; }

    /// <summary>Something in it may turn out to be overwritten unseen: <see cref="EntityFold.IsContested"/>.</summary>
    public bool IsContested { get; init; }

    /// <summary>Entities with more rows than this are compared by their vectors alone: reading them whole would take
    /// too much memory for something that goes on all the time.</summary>
    public const ulong MaxRows = 4_096;

    /// <summary>Whether an entity's history is to be read for its audit.</summary>
    /// <param name="image">Snapshot and the rows after it.</param>
    public static bool NeedsHistory(EntityImage image)
        => image.Damage is null && Math.Max(image.Snapshot?.LocalSequence ?? 0, image.Checkpoint?.Through ?? 0)
            - (image.Checkpoint?.Through ?? 0) + (ulong)image.Rows.Count <= MaxRows;

    /// <summary>Looks at an entity. A pure function, which may be called on any thread.</summary>
    /// <param name="type">Its type; null when this build does not have it.</param>
    /// <param name="image">Snapshot and the rows after it.</param>
    /// <param name="history">All its rows, read after <paramref name="image"/>; null when there are too many.</param>
    /// <returns>Null when it is damaged or has no events: there is nothing to compare.</returns>
    /// <param name="rules">Of the kernel that owns the journal: which events do not count; null for
    /// none.</param>
    public static EntityAudit? Of(
        IEntityType? type, EntityImage image, EntityImage? history, PrimaryRules? rules = null)
    {
        var known = type ?? new UnknownEntityType(image.Entity.Type);
        var fromSnapshot = new EntityReplica(image.Entity, known, new ProbeCounts(), rules);
        var restored = image.Damage is null && fromSnapshot.Restore(image);
        if (history is null)
        {
            return restored && fromSnapshot.Count > 0
                ? new EntityAudit(new EntityDigest(image.Entity, fromSnapshot.Seen, default, "") { HasEvents = false },
                    SnapshotIsWrong: false)
                {
                    IsContested = !fromSnapshot.IsPartial && fromSnapshot.Fold.IsContested,
                    Regions = fromSnapshot.Regions, IsPartial = fromSnapshot.IsPartial,
                }
                : null;
        }
        if (history.Damage is not null || (history.Rows.Count == 0 && history.Checkpoint is null))
            return null;
        var fromEvents = new EntityReplica(image.Entity, known, new ProbeCounts(), rules);
        fromEvents.Restore(history);
        if (fromEvents.IsPartial)
            return Partial(fromEvents);
        var (state, before) = (StateOf(type, fromEvents), restored ? StateOf(type, fromSnapshot) : null);
        var comparable = image.Snapshot is not null && state is not null && before is not null
            && fromSnapshot.Count == fromEvents.Count;
        return new EntityAudit(
            EntityDigest.Of(history, known.StateVersion, state),
            comparable && !before.AsSpan().SequenceEqual(state)) 
            {
                LacksKeys = Lacks(fromEvents, image), IsContested = restored && fromSnapshot.Fold.IsContested,
                Regions = fromEvents.Regions,
            };
    }

    // There is no state, and no digest that a region with all of it could have.
    private static EntityAudit Partial(EntityReplica entity) => new(
        new EntityDigest(entity.Key, entity.Seen, default, "") { HasEvents = false }, SnapshotIsWrong: false)
    {
        Regions = entity.Regions, IsPartial = true,
    };

    private static bool Lacks(EntityReplica entity, EntityImage image)
        => entity.Key.Type == SubjectType.Name && entity.Fold.State is SubjectState { Forgotten: false } state
            && state.Keys.Any(k => image.SubjectKeys.All(held => held.Id.ToString() != k.Key));

    private static byte[]? StateOf(IEntityType? type, EntityReplica entity)
    {
        if (type is null)
            return null;
        try
        {
            var state = entity.Fold.State;
            return entity.Unusable is null ? type.EncodeComparable(state) : null;
        }
        catch (Exception) // a user's serializer: there is no state to compare
        {
            return null;
        }
    }
}
