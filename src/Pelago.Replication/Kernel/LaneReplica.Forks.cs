using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>Two different events under one name are a fork: a journal was copied with its guard file, and both copies
/// went on. Neither event is right, and nobody but a person knows what either was for. So the entity is quarantined: it
/// is neither read nor written until then, in this process and in those after it. Each region keeps what it has, and
/// goes on taking and passing on what others write, so that nothing more is lost.</remarks>
internal sealed partial class LaneReplica
{
    private readonly Dictionary<EntityKey, Failure> forked = [];

    /// <summary>Quarantined entities, in memory or not.</summary>
    public IEnumerable<(EntityKey Entity, Failure Reason)> Quarantined => forked.Select(f => (f.Key, f.Value));

    /// <summary>Quarantines an entity, at once and durably with the next group. A second time changes
    /// nothing.</summary>
    /// <param name="key">The entity.</param>
    /// <param name="origin">Origin of the two events.</param>
    /// <param name="sequence">Their number.</param>
    /// <param name="where">Who holds which of them, for people.</param>
    public void Quarantine(EntityKey key, Origin origin, ulong sequence, string where)
    {
        var record = new ConflictRecord(
            key, ConflictKind.Fork, origin, sequence, context.Now.WallMilliseconds, where);
        if (!Quarantine(record))
            return;
        context.Hit(Probe.Fork);
        context.Alarm(AlarmKind.Fork, $"Two different events claim {key} {origin}#{sequence}: {where}.");
        filling.Conflicts.Add(record);
        Unhurried();
    }

    private bool Quarantine(ConflictRecord fork)
    {
        var key = fork.Entity;
        if (!forked.TryAdd(key, new Failure(ErrorCodes.EntityForked,
            $"Entity {key} is quarantined: two different events claim to be {fork.Origin}#{fork.Sequence} "
            + $"({fork.Reason}).",
            "A journal was copied and both copies ran. Each region keeps what it has; read 'pelago verify', and write "
            + "what is right under another id.")))
            return false;
        if (entities.TryGetValue(key, out var entity))
            entity.Fork = forked[key];
        return true;
    }

    // What the ledger is to say is not undone with the group that failed: a forked entity stays quarantined, and what
    // the fold found of rows that are durable it finds once. Of entities that are read again it finds some anew, and as
    // often as the journal refuses a group: the ledger has one entry for them.
    private void KeepConflicts(PendingGroup dropped)
    {
        ConflictRecord[] kept = [.. filling.Conflicts.Concat(dropped.Conflicts)
            .DistinctBy(c => (c.Entity, c.Kind, c.Origin, c.Sequence))];
        filling.Conflicts.Clear();
        filling.Conflicts.AddRange(kept);
        if (filling.Conflicts.Count > 0)
            Unhurried();
    }

    private void CompareWithTail(EntityReplica entity, EventRecord e)
    {
        var twin = entity.Fold.Tail.FirstOrDefault(t => t.Event.Sequence == e.Sequence
            && t.Event.Origin.Equals(e.Origin));
        if (twin is not null)
            Compare(twin.Event, e);
    }

    private void Compare(EventRecord known, EventRecord received)
    {
        if (!known.HasSameContent(received))
            Quarantine(known.Entity, known.Origin, known.Sequence,
                $"{context.Options.Region} has one and received another");
    }
}
