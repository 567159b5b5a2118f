using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Watches one disk: every group that becomes durable on it is checked before anybody hears of it.</summary>
/// <remarks>Checked here: one row per event, numbers without gaps, causal order, timestamps above their causes, whole
/// batches, content as its origin wrote it, one batch per idempotency key, frontiers that claim nothing that is
/// missing,
/// and that nothing arrives which is concurrent to what this replica has called final.</remarks>
internal sealed partial class ReplicaOracle
{
    private readonly EventBook book;
    private readonly Dictionary<EntityKey, VersionVector> seen = [];
    private readonly Dictionary<EntityKey, VersionVector> final = [];
    private readonly Dictionary<EntityKey, List<EventRecord>> events = [];
    private readonly Dictionary<(int, Origin), ulong> frontiers = [];
    private readonly Dictionary<(int, Origin), ulong> finalPositions = [];
    private readonly HashSet<string> lines = [];

    /// <summary>Watches a disk that may already hold something.</summary>
    public ReplicaOracle(string region, SimulatedDisk disk, EventBook book)
    {
        (Region, Disk, this.book) = (region, disk, book);
        disk.Written = Written;
        Rebuild();
    }

    /// <summary>Whose disk it is.</summary>
    public string Region { get; }

    /// <summary>The disk.</summary>
    public SimulatedDisk Disk { get; }

    /// <summary>Regions whose journals lost something: what they write afterwards may be concurrent to what was final.
    /// </summary>
    public HashSet<string> Forgetful { get; init; } = [];

    /// <summary>Regions of which two processes ran: what was called final of the one that nobody saw is not known.
    /// </summary>
    public HashSet<string> Cloned { get; init; } = [];

    /// <summary>True of what nobody will ever have.</summary>
    public Func<EventName, bool> IsLostForGood { get; init; } = _ => false;

    /// <summary>True of what some member's journal has, and not only a placeholder of it.</summary>
    public Func<EventRecord, bool> IsInSomeJournal { get; init; } = _ => true;

    /// <summary>All rows.</summary>
    public long Rows { get; private set; }

    /// <summary>Entities with at least one event.</summary>
    public IReadOnlyCollection<EntityKey> Entities => events.Keys;

    /// <summary>What is durable of an entity.</summary>
    public VersionVector Seen(EntityKey entity) => seen.GetValueOrDefault(entity, VersionVector.Empty);

    /// <summary>Events of an entity in the order of the journal.</summary>
    public IReadOnlyList<EventRecord> Events(EntityKey entity) => events.TryGetValue(entity, out var list) ? list : [];

    /// <summary>True when an event with this payload is durable here.</summary>
    public bool HasLine(string line) => lines.Contains(line);

    /// <summary>True when the event is durable here.</summary>
    public bool Has(EventRecord e) => Seen(e.Entity)[e.Origin] >= e.Sequence;

    /// <summary>Gaps that are still open.</summary>
    public int Owed => Disk.State.Lanes.Sum(l => l.Owed.Count);

    /// <summary>Notes what a read has shown to be final.</summary>
    public void CalledFinal(EntityKey entity, VersionVector vector)
        => final[entity] = vector.Aggregate(
            final.GetValueOrDefault(entity, VersionVector.Empty),
            (all, slot) => all[slot.Origin] < slot.Count ? all.With(slot.Origin, slot.Count) : all);

    /// <summary>Notes how far the kernel calls an origin's events of a lane final.</summary>
    public void CalledFinal(int lane, Origin origin, ulong position)
    {
        var before = finalPositions.GetValueOrDefault((lane, origin));
        foreach (var e in book.Between(lane, origin, before, position))
        {
            if (book.FilteredTypes.Contains(e.Entity.Type))
                continue; // what was left out somewhere is not final by its position: reads tell what is called so
            if (!Has(e) && (Cloned.Contains(e.Origin.Region) || IsLostForGood(EventName.Of(e))))
                continue;
            if (!Has(e))
                Fail($"calls {e} final and does not have it");
            CalledFinal(e.Entity, VersionVector.Empty.With(e.Origin, e.Sequence));
        }
        finalPositions[(lane, origin)] = Math.Max(before, position);
    }

    /// <summary>Reads the disk again, after it was rolled back.</summary>
    public void Rebuild()
    {
        seen.Clear();
        final.Clear();
        events.Clear();
        frontiers.Clear();
        finalPositions.Clear();
        lines.Clear();
        withheld.Clear();
        givenUp.Clear();
        rules.Clear();
        Rows = 0;
        foreach (var lane in Disk.State.Lanes)
        {
            foreach (var row in lane.Rows)
                Note(row.Event);
        }
        NoteCheckpoints();
        NoteClosed();
        foreach (var lane in Disk.State.Lanes)
        {
            foreach (var frontier in lane.Frontiers.Values)
                frontiers[(Array.IndexOf(Disk.State.Lanes, lane), frontier.Origin)] = frontier.Position;
        }
    }

    private void Written(IReadOnlyList<LaneBatch> batches)
    {
        // The journal gave own rows their positions: the stored rows are the last ones of each lane.
        foreach (var group in batches.GroupBy(b => b.Lane))
        {
            var stored = Disk.State.Lanes[group.Key].Rows;
            var count = group.Sum(b => b.Rows.Count);
            foreach (var row in stored.Skip(stored.Count - count))
                Check(row);
            foreach (var batch in group)
            {
                CheckWhole(batch);
                CheckCompaction(batch);
            }
            filled.Clear();
            givenUpNow.Clear();
            foreach (var frontier in group.SelectMany(b => b.Frontiers))
                CheckFrontier(group.Key, frontier);
        }
        if (batches.Any(b => b.Notes.Count > 0))
            NoteClosed();
    }

    private void Check(EventRow row)
    {
        var e = row.Event;
        CheckFiltered(row);
        if (CheckRegions(row))
            return;
        var before = Seen(e.Entity);
        if (e.Sequence <= before[e.Origin])
            Fail($"has a second row for {e}");
        if (e.Sequence > before[e.Origin] + 1 && !IsLost(e, e.Origin, e.Sequence - 1))
            Fail($"took {e} before number {before[e.Origin] + 1}");
        foreach (var slot in e.Vector)
        {
            if (!slot.Origin.Equals(e.Origin) && before[slot.Origin] < slot.Count
                && !IsLost(e, slot.Origin, slot.Count))
                Fail($"took {e} before {slot.Origin.Region}#{slot.Count}, which its author had seen");
            var cause = slot.Origin.Equals(e.Origin) ? slot.Count - 1 : slot.Count;
            if (cause > 0 && book.Find(new EventName(e.Entity, slot.Origin, cause)) is { } known
                && known.Timestamp >= e.Timestamp)
                Fail($"has {e} with timestamp {e.Timestamp}, not above that of its cause {known} ({known.Timestamp})");
        }
        foreach (var lives in e.Vector.Retired)
        {
            var have = before.Where(s => lives.Include(s.Origin)).Sum(s => (long)s.Count);
            if (have < (long)lives.Count)
                Fail($"took {e} with {have} of {lives.Count} events of lives through {lives.Last}");
        }
        if (row.Own)
        {
            CheckKey(e);
            book.Written(e, Region);
        }
        else
        {
            CheckFinal(e);
            book.Taken(e, Region);
        }
        Note(e);
    }

    private bool IsLost(EventRecord e, Origin origin, ulong sequence)
        => IsLostForGood(new EventName(e.Entity, origin, sequence));

    private void CheckKey(EventRecord e)
    {
        if (e.IdempotencyKey.Length == 0 || e.BatchIndex > 0)
            return;
        // One of an epoch that ended without it leaves its key free; PrimaryOracle looks whether it did.
        var twin = Events(e.Entity).FirstOrDefault(f => f.IdempotencyKey == e.IdempotencyKey
            && (f.Epoch >= e.Epoch || !book.MovingTypes.Contains(e.Entity.Type))
            && Math.Abs(
                f.Timestamp.Milliseconds - e.Timestamp.Milliseconds) <= EventLimits.IdempotencyWindowMilliseconds);
        if (twin is not null)
            Fail($"wrote {e} although it has {twin} with the same idempotency key");
    }

    private void CheckFinal(EventRecord e)
    {
        if (Forgetful.Contains(e.Origin.Region) || book.HasStayed(e.Entity)
            || !final.TryGetValue(e.Entity, out var called))
            return;
        foreach (var slot in called)
        {
            if (e.Vector[slot.Origin] < slot.Count)
                Fail($"took {e}, which is concurrent to {slot.Origin.Region}#{slot.Count}, called final before");
        }
    }

    private void CheckWhole(LaneBatch batch)
    {
        foreach (var rows in batch.Rows.Where(r => r.Event.IsWithheld ? !givenUpNow.Contains(EventName.Of(r.Event))
            : !filled.Contains(EventName.Of(r.Event))).GroupBy(r => (r.Event.Entity, r.Event.Origin)))
        {
            var expected = 0;
            foreach (var row in rows)
            {
                if (row.Event.BatchIndex != expected)
                    Fail($"has {row.Event} (place {row.Event.BatchIndex} of its batch) where place {expected} belongs");
                expected = row.Event.BatchIndex + 1 == row.Event.BatchLength ? 0 : row.Event.BatchIndex + 1;
            }
            if (expected != 0)
                Fail($"committed a part of a batch of {rows.Key.Entity}");
        }
    }

    private void CheckFrontier(int lane, Frontier frontier)
    {
        var before = frontiers.GetValueOrDefault((lane, frontier.Origin));
        if (frontier.Position < before)
            Fail($"moved the frontier of {frontier.Origin.Region} in lane {lane} back from "
                + $"{before} to {frontier.Position}");
        foreach (var e in book.Between(lane, frontier.Origin, before, frontier.Position))
        {
            if (Has(e) || IsLackNoted(e))
                continue;
            var owed = Disk.State.Lanes[lane].Owed.GetValueOrDefault((e.Entity, e.Origin));
            if ((owed is null || owed.FromSequence > e.Sequence) && !IsLostForGood(EventName.Of(e)))
                Fail($"passed {e} (position {e.OriginPosition} at its origin, lane {lane}) "
                    + "without having it or noting it");
        }
        frontiers[(lane, frontier.Origin)] = frontier.Position;
    }

    private void Note(EventRecord e, bool hasRow = true)
    {
        if (NoteRegions(e))
            return;
        // Causes of a row that are lost count as seen; what a checkpoint stands for comes in any order.
        var now = Seen(e.Entity).With(e.Origin, e.Sequence);
        seen[e.Entity] = hasRow ? now.Union(e.Vector) : now;
        if (!events.TryGetValue(e.Entity, out var list))
            events[e.Entity] = list = [];
        list.Add(e);
        lines.Add(EventBook.Text(e));
        if (hasRow)
            Rows++;
    }

    private void Fail(string what) => throw new OracleException($"{Region} {what}.");
}
