using Pelago.Model;
using Pelago.Replication;
using Pelago.Replication.Stored;

namespace Pelago.Tests.Simulation;

// What stands for rows that are gone. It is read from the stored form, not by the kernel's own code.
internal sealed partial class ReplicaOracle
{
    private readonly Dictionary<EntityKey, VersionVector> compacted = [];

    /// <summary>The oracles of all disks that have what is final.</summary>
    public Func<IEnumerable<ReplicaOracle>> All { get; init; } = () => [];

    /// <summary>Which events of an entity its checkpoint stands for.</summary>
    public VersionVector Compacted(EntityKey entity) => compacted.GetValueOrDefault(entity, VersionVector.Empty);

    private void CheckCompaction(LaneBatch batch)
    {
        foreach (var checkpoint in batch.Checkpoints)
        {
            foreach (var e in Stands(checkpoint))
            {
                CheckHeldByAll(e);
                Adopt(e);
            }
        }
        foreach (var removed in batch.Removed)
        {
            var e = Disk.State.Entities[removed.Entity].Rows[(int)removed.LocalSequence - 1].Event;
            if (Compacted(e.Entity)[e.Origin] < e.Sequence)
                Fail($"removed the row of {e}, for which no checkpoint stands");
            if (Disk.State.Lanes[batch.Lane].Rows[(int)removed.Position - 1].LocalSequence != removed.LocalSequence)
                Fail($"removed position {removed.Position} of lane {batch.Lane}, which is not that of {e}");
            if (removed.LocalSequence > Disk.State.Entities[removed.Entity].Checkpoint!.Through)
                Fail($"removed row {removed.LocalSequence} of {e.Entity}, and its checkpoint says otherwise");
        }
    }

    private void NoteCheckpoints()
    {
        compacted.Clear();
        foreach (var entity in Disk.State.Entities.Values.Where(e => e.Checkpoint is not null))
        {
            foreach (var e in Stands(entity.Checkpoint!).ToArray())
                Adopt(e);
        }
    }

    // Events that a checkpoint stands for, and the one before it did not.
    private IEnumerable<EventRecord> Stands(EntityCheckpoint checkpoint)
    {
        var before = Compacted(checkpoint.Entity);
        var prefix = Checkpoint.Parser.ParseFrom(checkpoint.Content.Span).Prefix;
        var vector = VersionVector.From(prefix.Seen.Select(s => new VersionVector.Slot(new Origin(
            prefix.Origins[(int)s.Origin].Region,
            Incarnation.Read(prefix.Origins[(int)s.Origin].Incarnation.Span)), s.Count)));
        if (!vector.Covers(before))
            Fail($"has a checkpoint of {checkpoint.Entity} for {vector} after one for {before}");
        compacted[checkpoint.Entity] = vector;
        foreach (var slot in vector)
        {
            for (var sequence = before[slot.Origin] + 1; sequence <= slot.Count; sequence++)
            {
                if (IsLostForGood(new EventName(checkpoint.Entity, slot.Origin, sequence)))
                    continue; // an event of it was taken over the gap that this one left
                yield return book.Find(new EventName(checkpoint.Entity, slot.Origin, sequence))
                    ?? throw new OracleException(
                        $"{Region} has a checkpoint of {checkpoint.Entity} for {slot.Origin}#{sequence}, which nobody "
                        + "wrote.");
            }
        }
    }

    // Came with a checkpoint and has no row here.
    private void Adopt(EventRecord e)
    {
        if (!Has(e))
            Note(e, hasRow: false);
    }

    // Final means that nobody can lack it who has not lost it.
    private void CheckHeldByAll(EventRecord e)
    {
        foreach (var other in All())
        {
            if (other != this && !Forgetful.Contains(other.Region) && !Cloned.Contains(other.Region) && !other.Has(e))
                Fail($"compacted {e}, which {other.Region} does not have");
        }
    }
}
