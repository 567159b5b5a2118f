using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>A journal in memory over a <see cref="SimulatedDisk"/>. It passes the same conformance suite as the real
/// ones,
/// so that what the simulator proves about the kernel holds for them.</summary>
/// <remarks>The members without <c>Async</c> are what the simulator calls: it decides itself when a write has happened
/// and
/// when somebody hears of it. A process that dies simply forgets the object; <see cref="DisposeAsync"/> is a clean
/// stop.
/// </remarks>
internal sealed class SimulatedJournal : IJournal
{
    private readonly SimulatedDisk disk;
    private readonly Lock gate = new();
    private bool closed;

    /// <summary>Opens what is on the disk.</summary>
    public SimulatedJournal(SimulatedDisk disk)
    {
        this.disk = disk;
        Identity = disk.Open();
    }

    /// <inheritdoc />
    public JournalIdentity Identity { get; private set; }

    /// <summary>Takes ownership of a lane.</summary>
    public LaneState Take(int lane)
    {
        lock (gate)
        {
            disk.Write(new LaneTaken(lane));
            var stored = disk.State.Lanes[lane];
            return new LaneState(lane, stored.Epoch, stored.Head, stored.OwnHead,
                [.. stored.Frontiers.Values.OrderBy(f => f.Origin)],
                [.. stored.Owed.Values.OrderBy(o => o.Entity).ThenBy(o => o.Origin)])
            {
                Forks = [.. disk.Conflicts.Where(c => c.Kind == ConflictKind.Fork && c.Entity.Lane == lane)],
                EffectMarks = [.. stored.Marks.Values],
                Notes = disk.NotesDamaged ? [] : [.. stored.Notes.Values], NotesDamaged = disk.NotesDamaged,
            };
        }
    }

    /// <summary>Begins a new life.</summary>
    public void BeginLife(Origin next)
    {
        lock (gate)
        {
            disk.Write(new LifeBegun(next));
            Identity = Identity with { Incarnation = next.Incarnation, Continuity = Continuity.Clean, Reason = "" };
        }
    }

    /// <summary>Appends a group.</summary>
    public IReadOnlyList<LaneCommit> Write(IReadOnlyList<LaneBatch> batches)
    {
        lock (gate)
        {
            if (disk.Full)
                return [.. batches.Select(_ => new LaneCommit(CommitOutcome.Failed, 0, 0))];
            var written = new List<LaneBatch>();
            var results = new List<LaneCommit>(batches.Count);
            foreach (var batch in batches)
            {
                var stored = disk.State.Lanes[batch.Lane];
                var before = written.Where(b => b.Lane == batch.Lane).ToArray();
                if (Refuse(batch, before) is { } outcome)
                {
                    results.Add(new LaneCommit(outcome, 0, stored.Head));
                    continue;
                }
                var head = stored.Head + (ulong)before.Sum(b => b.Rows.Count);
                var first = batch.Rows.Count == 0 ? 0 : head + 1;
                results.Add(new LaneCommit(CommitOutcome.Committed, first, head + (ulong)batch.Rows.Count));
                written.Add(batch);
            }
            if (written.Count > 0)
                disk.Write(new GroupWritten(written));
            return results;
        }
    }

    /// <summary>An entity with its newest snapshot, or with every row.</summary>
    public EntityImage Read(EntityKey entity, bool history)
    {
        lock (gate)
        {
            if (!disk.State.Entities.TryGetValue(entity, out var stored))
                return new EntityImage(entity, null, [], []);
            var snapshot = history ? null : stored.Snapshot;
            var after = snapshot?.LocalSequence ?? stored.Checkpoint?.Through ?? 0;
            var rows = stored.Rows.Where(r => r.LocalSequence > after).ToArray();
            var sound = rows.TakeWhile(r => !disk.Damaged.Contains((entity, r.LocalSequence))).Select(AsOfNow)
                .ToArray();
            return new EntityImage(entity, snapshot, sound, [.. stored.Replies.Values])
            {
                Checkpoint = stored.Checkpoint, SubjectKeys = [.. stored.SubjectKeys.Values],
                Damage = sound.Length == rows.Length ? null
                    : new Failure(ErrorCodes.JournalDamaged, $"A row of {entity} is damaged."),
            };
        }
    }

    /// <summary>Rows of an entity after a local sequence.</summary>
    public EntityRows RowsOf(EntityKey entity, ulong after, int maxRows)
    {
        lock (gate)
        {
            if (!disk.State.Entities.TryGetValue(entity, out var stored))
                return new EntityRows(entity, []);
            after = Math.Max(after, stored.Checkpoint?.Through ?? 0);
            var rows = stored.Rows.Where(r => r.LocalSequence > after).Take(maxRows).ToArray();
            var sound = rows.TakeWhile(r => !disk.Damaged.Contains((entity, r.LocalSequence))).Select(AsOfNow)
                .Select(r => new LaneRow(disk.State.PositionOf(r), r)).ToArray();
            return new EntityRows(entity, sound)
            {
                Checkpoint = stored.Checkpoint,
                Damage = sound.Length == rows.Length ? null
                    : new Failure(ErrorCodes.JournalDamaged, $"A row of {entity} is damaged."),
            };
        }
    }

    /// <summary>Checkpoints of a lane.</summary>
    public CheckpointPage CheckpointsOf(int lane, long after, int max)
    {
        lock (gate)
        {
            var rest = disk.State.EntitiesOf(lane).Where(e => e.Number > after && e.Checkpoint is not null)
                .Take(max + 1).ToArray();
            return new CheckpointPage([.. rest.Take(max).Select(e => e.Checkpoint!)],
                rest.Length > max ? rest[max - 1].Number : 0, 0);
        }
    }

    /// <inheritdoc />
    public ValueTask<EntityRows> ReadRowsAsync(
        EntityKey entity, ulong after, int maxRows, CancellationToken cancellationToken)
        => ValueTask.FromResult(RowsOf(entity, after, maxRows));

    /// <inheritdoc />
    public ValueTask<CheckpointPage> ReadCheckpointsAsync(
        int lane, long after, int maxCheckpoints, CancellationToken cancellationToken)
        => ValueTask.FromResult(CheckpointsOf(lane, after, maxCheckpoints));

    /// <summary>Rows of a lane.</summary>
    public LanePage ReadRows(int lane, ulong after, LaneFilter? filter, int maxRows, int maxBytes)
    {
        lock (gate)
        {
            var stored = disk.State.Lanes[lane];
            var page = new List<LaneRow>();
            var damaged = new List<ulong>();
            var (position, bytes) = (after, 0);
            while (position < stored.Head && page.Count < maxRows)
            {
                if (stored.Removed.Contains(position + 1))
                {
                    position++;
                    continue;
                }
                var row = stored.Rows[(int)position];
                var wanted = filter is null
                    || (row.Event.Origin.Equals(filter.Origin)
                        && row.Event.OriginPosition > filter.AfterOriginPosition);
                if (wanted && page.Count > 0 && bytes + row.Event.Payload.Length > maxBytes)
                    break;
                position++;
                if (!wanted)
                    continue;
                if (disk.Damaged.Contains((row.Event.Entity, row.LocalSequence)))
                {
                    damaged.Add(position);
                    continue;
                }
                page.Add(new LaneRow(position, AsOfNow(row)));
                bytes += row.Event.Payload.Length;
            }
            return new LanePage(lane, page, position, damaged);
        }
    }

    /// <inheritdoc />
    public ValueTask<LaneState> AcquireLaneAsync(int lane, CancellationToken cancellationToken)
        => ValueTask.FromResult(Take(lane));

    /// <inheritdoc />
    public ValueTask OpenIncarnationAsync(Origin next, CancellationToken cancellationToken)
    {
        BeginLife(next);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<LaneCommit>> AppendAsync(
        IReadOnlyList<LaneBatch> batches, CancellationToken cancellationToken) => ValueTask.FromResult(Write(batches));

    /// <inheritdoc />
    public ValueTask<EntityImage> LoadAsync(EntityKey entity, CancellationToken cancellationToken)
        => ValueTask.FromResult(Read(entity, history: false));

    /// <inheritdoc />
    public ValueTask<EntityImage> LoadHistoryAsync(EntityKey entity, CancellationToken cancellationToken)
        => ValueTask.FromResult(Read(entity, history: true));

    /// <inheritdoc />
    public ValueTask<LanePage> ReadLaneAsync(
        int lane, ulong after, LaneFilter? filter, int maxRows, int maxBytes, CancellationToken cancellationToken)
        => ValueTask.FromResult(ReadRows(lane, after, filter, maxRows, maxBytes));

    /// <inheritdoc />
    public ValueTask<ConflictPage> ReadConflictsAsync(long after, int limit, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            var page = disk.State.Conflicts.Skip((int)after).Take(limit).ToList();
            return ValueTask.FromResult(new ConflictPage(page, page.Count == limit ? after + limit : 0));
        }
    }

    /// <inheritdoc />
    public ValueTask<EntityPage> ReadEntitiesAsync(
        int lane, long after, int maxEntities, CancellationToken cancellationToken)
        => ValueTask.FromResult(ReadPage(lane, after, maxEntities));

    /// <summary>Keys of entities of a lane.</summary>
    public EntityPage ReadPage(int lane, long after, int maxEntities)
    {
        lock (gate)
        {
            var rest = disk.State.EntitiesOf(lane).Where(e => e.Number > after).Take(maxEntities + 1).ToArray();
            var page = rest.Take(maxEntities).ToArray();
            var next = rest.Length > maxEntities ? page[^1].Number : 0;
            return new EntityPage([.. page.Select(e => e.Key)], next);
        }
    }

    /// <inheritdoc />
    public ValueTask<JournalReport> CheckAsync(IProgress<long>? progress, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            var rows = disk.State.Lanes.Sum(l => (long)l.Head - l.Removed.Count);
            progress?.Report(rows);
            return ValueTask.FromResult(new JournalReport(rows, []));
        }
    }

    /// <summary>Memory is sealed under no key: there is none to renew.</summary>
    public ValueTask<KeyRenewal> RekeyAsync(RekeyScope scope, CancellationToken cancellationToken)
        => ValueTask.FromResult(new KeyRenewal(0, "", 0));

    /// <summary>Counts; memory takes no bytes of a disk and seals under no key.</summary>
    public ValueTask<JournalStats> CountAsync(IProgress<long>? progress, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            var state = disk.State;
            long[] times = [.. state.Lanes.SelectMany(l => l.Rows.Where((_, i) => !l.Removed.Contains((ulong)i + 1)))
                .Select(r => r.Event.Timestamp.Milliseconds)];
            progress?.Report(times.Length);
            return ValueTask.FromResult(new JournalStats(times.Length, 0, state.Entities.Count, state.Heads(), [],
                times.Length == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(times.Min()),
                times.Length == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(times.Max()),
                state.Entities.Values.Count(e => e.Snapshot is not null), state.Lanes.Sum(l => l.Owed.Count),
                state.Conflicts.Count, state.Entities.Values.Sum(e => e.Replies.Count))
            {
                SubjectKeys = state.Entities.Values.Sum(e => e.SubjectKeys.Count),
            });
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        lock (gate)
        {
            if (!closed)
                disk.Close();
            closed = true;
        }
        return ValueTask.CompletedTask;
    }

    // A row is own as long as the life that wrote it goes on.
    private EventRow AsOfNow(EventRow row)
        => row with { Own = row.Own && row.Event.Origin.Incarnation == disk.State.Incarnation };

    private CommitOutcome? Refuse(LaneBatch batch, LaneBatch[] before)
    {
        if (before.Length == 0)
            return disk.State.Refuse(batch);
        EventRow[] rows = [.. before.SelectMany(b => b.Rows), .. batch.Rows];
        return disk.State.Refuse(new LaneBatch { Lane = batch.Lane, Epoch = batch.Epoch, Rows = rows });
    }
}
