using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>Of a compacted entity a checkpoint stands for the first events. What comes before its end in the total
/// order can be folded no more.</remarks>
internal sealed partial class EntityReplica
{
    private EventPlace? checkpointEnd;

    /// <summary>Which events the checkpoint stands for; nothing when there is none.</summary>
    public VersionVector Compacted { get; private set; } = VersionVector.Empty;

    /// <summary>Rows through this local sequence are gone.</summary>
    public ulong RemovedRows { get; private set; }

    /// <summary>The base of the fold is the checkpoint: there are no older events to fold from.</summary>
    private bool RestsOnCheckpoint => checkpointEnd is { } end && Fold.BaseLast is { } last && last.Equals(end);

    /// <summary>Takes the checkpoint of an image.</summary>
    /// <param name="isBase">The fold begins with it; otherwise a snapshot goes before it.</param>
    /// <returns>False when it cannot be used: the entity is damaged.</returns>
    private bool Restore(EntityCheckpoint checkpoint, bool isBase)
    {
        if (!CheckpointCodec.TryRead(Key, checkpoint.Content.Span, out var content))
            return Unreadable("the checkpoint in its journal is not one", isBlind: true);
        (Compacted, checkpointEnd, RemovedRows) = (content.Vector, content.Prefix.Last, checkpoint.Through);
        if (!isBase)
            return true;
        (Seen, Highest, Count) = (content.Vector, content.Highest, content.Prefix.Count);
        (LastRow, SnapshotCount, Retired) = (checkpoint.Through, checkpoint.Through, content.Retired);
        NoteSerialized(checkpoint.Content.Length);
        try
        {
            Fold = EntityFold.Restore(Type, Key.Id, content.Prefix, Type.StateVersion == 0 ? null
                : content.StateVersion);
            (Fold.Probes, Fold.Rules) = (probes, rules);
            probes.Hit(Probe.CheckpointRestored);
        }
        catch (Exception) // a user's serializer, or a state of a version that this build cannot read
        {
            Damage = new Failure(ErrorCodes.EntityParked,
                $"Entity {Key} is parked: of its first {content.Prefix.Count} events the state alone is kept, in "
                + $"version {content.StateVersion}, and this build cannot read it (it reads {Type.StateVersion}).",
                "Deploy a build that reads it (UpcastState), or the one that wrote it.");
        }
        return true;
    }

    private bool Unreadable(string what, bool isBlind)
    {
        Damage = new Failure(ErrorCodes.JournalDamaged, $"Entity {Key} is damaged: {what}.",
            "Restore the journal from a backup; other regions have the entity.");
        (IsBlind, Ready) = (isBlind, true);
        return false;
    }

    /// <summary>Rows are gone; the checkpoint that stands for them is durable. The snapshot went with them.</summary>
    public void RowsAreGone(ulong through, CheckpointContent content)
    {
        (RemovedRows, Compacted, checkpointEnd) = (through, content.Vector, content.Prefix.Last);
        SnapshotCount = through;
    }

    // A region wrote it that had not seen what it had once reported to hold. In the base there is no place for it.
    private bool TakeBeforeCheckpoint(EventRecord e)
    {
        if (Fold.IsBaseDeleted)
        {
            Fold.TakeBeforeDeletion(e);
            return true;
        }
        probes.Hit(Probe.BeforeCheckpoint);
        Damage ??= new Failure(ErrorCodes.EntityParked,
            $"Entity {Key} is parked: event {e.Origin.Region}#{e.Sequence} comes before the checkpoint that is left of "
            + "the entity's first events.",
            "Two regions lost data at the same time; the event is kept. Another region may be able to fold it: see "
            + "'pelago verify'.");
        return true;
    }
}
