using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>What the transactions of a disk add up to: the tables of a journal, in memory.</summary>
internal sealed class StoredState
{
    private readonly StoredLane[] lanes = [.. Enumerable.Range(0, EntityKey.Lanes).Select(_ => new StoredLane())];
    private readonly Dictionary<EntityKey, StoredEntity> entities = [];
    private readonly List<StoredEntity>[] byLane = [.. Enumerable.Range(0, EntityKey.Lanes).Select(_
        => new List<StoredEntity>())];
    private readonly Dictionary<(EntityKey, Origin, ulong, ConflictKind), int> conflictPlaces = [];
    private readonly Dictionary<(EntityKey, ulong), ulong> rowPositions = [];
    private ulong noteWrites;

    public Incarnation? Incarnation { get; private set; }

    public List<ConflictRecord> Conflicts { get; } = [];

    public StoredLane[] Lanes => lanes;

    public IReadOnlyDictionary<EntityKey, StoredEntity> Entities => entities;

    public IReadOnlyList<StoredEntity> EntitiesOf(int lane) => byLane[lane];

    /// <summary>Head of every lane, and how often notes were written: what a guard file remembers of a clean
    /// stop.</summary>
    public ulong[] Heads() => [.. lanes.Select(l => l.Head), noteWrites];

    public void Apply(DiskWrite write)
    {
        switch (write)
        {
            case LaneTaken taken:
                lanes[taken.Lane].Epoch++;
                break;
            case LifeBegun begun:
                Begin(begun.Next);
                break;
            case GroupWritten group:
                foreach (var batch in group.Batches)
                    Append(batch);
                break;
            default:
                throw new InvalidOperationException($"Unknown write {write}.");
        }
    }

    /// <summary>Null when the batch may be written, else why the journal refuses it.</summary>
    public CommitOutcome? Refuse(LaneBatch batch)
    {
        if (lanes[batch.Lane].Epoch != batch.Epoch)
            return CommitOutcome.Fenced;
        var added = new Dictionary<EntityKey, int>();
        foreach (var row in batch.Rows)
        {
            var count = added.GetValueOrDefault(row.Event.Entity);
            var present = entities.TryGetValue(row.Event.Entity, out var entity) ? entity.Rows.Count : 0;
            if (row.LocalSequence != (ulong)(present + count) + 1)
                return CommitOutcome.Fenced; // another process has appended to this entity
            added[row.Event.Entity] = count + 1;
        }
        return null;
    }

    /// <summary>Where a row lies in its lane.</summary>
    public ulong PositionOf(EventRow row) => rowPositions[(row.Event.Entity, row.LocalSequence)];

    private void Begin(Origin next)
    {
        if (Incarnation is { } closed)
        {
            var origin = new Origin(next.Region, closed);
            foreach (var lane in lanes)
            {
                var before = lane.Frontiers.GetValueOrDefault(origin);
                if (Math.Max(lane.OwnHead, before.Position) is > 0 and var head)
                    lane.Frontiers[origin] = new Frontier(origin, head, Math.Max(head, before.Highest));
                lane.OwnHead = 0;
            }
        }
        Incarnation = next.Incarnation;
    }

    private void Append(LaneBatch batch)
    {
        var lane = lanes[batch.Lane];
        foreach (var row in batch.Rows)
        {
            var entity = Entity(row.Event.Entity);
            var stored = row;
            if (row.Own)
            {
                stored = row with { Event = At(row.Event, lane.Head + 1) };
                lane.OwnHead = lane.Head + 1;
            }
            lane.Rows.Add(stored);
            entity.Rows.Add(stored);
            rowPositions[(row.Event.Entity, row.LocalSequence)] = lane.Head;
        }
        foreach (var frontier in batch.Frontiers)
            lane.Frontiers[frontier.Origin] = frontier;
        foreach (var mark in batch.Marks)
            lane.Marks[mark.Origin] = mark;
        foreach (var settled in batch.Settled)
            lane.Owed.Remove((settled.Entity, settled.Origin));
        foreach (var owed in batch.Owed)
            lane.Owed[(owed.Entity, owed.Origin)] = owed;
        foreach (var forgotten in batch.Forgotten)
            Entity(forgotten.Entity).Replies.Remove(forgotten.IdempotencyKey);
        foreach (var reply in batch.Replies)
            Entity(reply.Entity).Replies[reply.IdempotencyKey] = reply;
        foreach (var key in batch.SubjectKeys)
            Entity(key.Subject).SubjectKeys[key.Id] = key;
        foreach (var subject in batch.ForgottenSubjects)
            Entity(subject).SubjectKeys.Clear();
        foreach (var checkpoint in batch.Checkpoints)
            (Entity(checkpoint.Entity).Checkpoint, Entity(checkpoint.Entity).Snapshot) = (checkpoint, null);
        foreach (var removed in batch.Removed)
            lane.Removed.Add(removed.Position);
        foreach (var snapshot in batch.Snapshots)
            Entity(snapshot.Entity).Snapshot = snapshot;
        foreach (var conflict in batch.Conflicts)
            Note(conflict);
        foreach (var note in batch.Notes)
        {
            lane.Notes[note.Name] = note;
            noteWrites++;
        }
    }

    // A copy: the writer's own object learns its position only when it hears of the commit.
    private static EventRecord At(EventRecord e, ulong position) => new()
    {
        Entity = e.Entity, Origin = e.Origin, Sequence = e.Sequence, Vector = e.Vector, Timestamp = e.Timestamp,
        Epoch = e.Epoch, BatchIndex = e.BatchIndex, BatchLength = e.BatchLength, Tags = e.Tags,
        TraceParent = e.TraceParent, IdempotencyKey = e.IdempotencyKey, PayloadName = e.PayloadName,
        PayloadVersion = e.PayloadVersion, Payload = e.Payload, OriginPosition = position, Regions = e.Regions,
    };

    private void Note(ConflictRecord conflict)
    {
        var identity = (conflict.Entity, conflict.Origin, conflict.Sequence, conflict.Kind);
        if (conflictPlaces.TryGetValue(identity, out var place))
        {
            Conflicts[place] = conflict;
            return;
        }
        conflictPlaces.Add(identity, Conflicts.Count);
        Conflicts.Add(conflict);
    }

    private StoredEntity Entity(EntityKey key)
    {
        if (entities.TryGetValue(key, out var entity))
            return entity;
        entity = new StoredEntity(key, entities.Count + 1);
        entities.Add(key, entity);
        byLane[key.Lane].Add(entity);
        return entity;
    }
}

/// <summary>One lane's tables.</summary>
internal sealed class StoredLane
{
    public uint Epoch { get; set; }

    public ulong Head => (ulong)Rows.Count;

    public ulong OwnHead { get; set; }

    /// <summary>The row at position p is at index p - 1: positions have no gaps. Removed rows stay here for those who
    /// judge; nobody reads them.</summary>
    public List<EventRow> Rows { get; } = [];

    /// <summary>Positions whose rows were removed.</summary>
    public HashSet<ulong> Removed { get; } = [];

    public Dictionary<Origin, Frontier> Frontiers { get; } = [];

    public SortedDictionary<Origin, EffectMark> Marks { get; } = [];

    public Dictionary<(EntityKey Entity, Origin Origin), Owed> Owed { get; } = [];

    public SortedDictionary<string, LaneNote> Notes { get; } = new(StringComparer.Ordinal);
}

/// <summary>One entity's tables.</summary>
internal sealed class StoredEntity(EntityKey key, long number)
{
    public EntityKey Key { get; } = key;

    public long Number { get; } = number;

    public List<EventRow> Rows { get; } = [];

    public EntitySnapshot? Snapshot { get; set; }

    public EntityCheckpoint? Checkpoint { get; set; }

    public SortedDictionary<string, RememberedReply> Replies { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<SubjectKeyId, SubjectKey> SubjectKeys { get; } = [];
}
