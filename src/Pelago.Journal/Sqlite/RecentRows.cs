using System.Runtime.InteropServices;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Where a row lies: what both indexes are made of.</summary>
internal readonly record struct RowPlace(long Id, int Lane, ulong Position, long Entity, ulong LocalSequence);

/// <summary>A row of an entity.</summary>
/// <param name="Position">Its position where memory knows it, else 0.</param>
internal readonly record struct EntityPlace(ulong LocalSequence, long Id, ulong Position);

/// <summary>The rows that the indexes on disk do not cover yet. Thread-safe.</summary>
/// <remarks>At most one run is being written to the indexes (frozen) while one fills (active); a row leaves only after
/// the commit that finished its run. A reader copies from here first and begins its transaction after that: a row that
/// was indexed in between is seen twice, never not at all.</remarks>
internal sealed class RecentRows
{
    private readonly Lock gate = new();
    private readonly ulong[] heads = new ulong[EntityKey.Lanes];
    private Run? frozen;
    private Run? spare; // emptied: a run's lists are large, and a new one every second would grow them all over again
    private Run active;
    private long lastId;
    private long indexedThrough; // the writer's thread alone uses this, and what was removed
    private readonly HashSet<long> removed = [];

    /// <param name="indexedHeads">Each lane's head up to which the indexes are complete.</param>
    /// <param name="indexedThrough">Id up to which they are complete.</param>
    public RecentRows(ReadOnlySpan<ulong> indexedHeads, long indexedThrough)
    {
        lastId = this.indexedThrough = indexedThrough;
        indexedHeads.CopyTo(heads);
        active = new Run(heads);
    }

    /// <summary>The run being indexed, or null. For the writer's thread.</summary>
    public Run? Frozen => frozen;

    public ulong Head(int lane)
    {
        lock (gate)
            return heads[lane];
    }

    /// <summary>Adds committed rows in commit order.</summary>
    public void Add(List<RowPlace> rows)
    {
        lock (gate)
        {
            foreach (ref readonly var row in CollectionsMarshal.AsSpan(rows))
            {
                active.Add(row);
                heads[row.Lane] = row.Position;
                lastId = row.Id;
            }
        }
    }

    /// <summary>Notes that positions of a lane up to <paramref name="head"/> have no row: damage found at
    /// start.</summary>
    public void AddHole(int lane, ulong head)
    {
        lock (gate)
        {
            while (heads[lane] < head)
            {
                heads[lane]++;
                active.AddMissing(lane);
            }
        }
    }

    /// <summary>The last local sequence of an entity among these rows; 0 when it has none here.</summary>
    public ulong LastSequence(long entity)
    {
        lock (gate)
        {
            var last = active.LastSequence(entity);
            return last > 0 || frozen is null ? last : frozen.LastSequence(entity);
        }
    }

    /// <summary>Freezes the active run when it has at least so many rows and no other is frozen.</summary>
    public Run? Freeze(int minRows)
    {
        lock (gate)
        {
            if (frozen is null && active.Rows.Count >= minRows)
            {
                (frozen, active, spare) = (active, spare ?? new Run(heads), null);
                active.BeginAt(heads);
            }
            return frozen;
        }
    }

    /// <summary>Notes that a row is gone: nothing is to lead to it when its run is indexed.</summary>
    /// <returns>False when it is indexed already.</returns>
    public bool Remove(long id) => id > indexedThrough && removed.Add(id);

    /// <summary>Takes back that a row is gone.</summary>
    public void Keep(long id) => removed.Remove(id);

    /// <summary>True for a row that is gone and was not indexed.</summary>
    public bool IsRemoved(long id) => removed.Count > 0 && removed.Contains(id);

    /// <summary>The frozen run is indexed.</summary>
    public void Retire()
    {
        if (frozen is { Rows: [.., var last] })
        {
            indexedThrough = last.Id;
            removed.RemoveWhere(id => id <= indexedThrough);
        }
        lock (gate)
        {
            frozen?.Clear();
            (spare, frozen) = (frozen, null);
        }
    }

    /// <summary>An entity's rows here, ascending, and the id of the last row of all: what is newer was committed after
    /// this call.</summary>
    public (List<EntityPlace> Places, long LastId) OfEntity(long entity)
    {
        long last;
        var found = new List<EntityPlace>();
        lock (gate)
        {
            last = lastId;
            active.Collect(entity, found);
            frozen?.Collect(entity, found);
        }
        found.Reverse();
        return (found, last);
    }

    /// <summary>Ids of a lane's rows from a position on, 0 for a missing row. When the position lies before these rows,
    /// the first position that they begin at.</summary>
    public (ulong First, ulong Head) OfLane(int lane, ulong from, int max, List<long> ids)
    {
        lock (gate)
        {
            var first = frozen?.LaneStart(lane) ?? active.LaneStart(lane);
            var start = Math.Max(first, from);
            if (frozen is not null)
                start = frozen.CollectLane(lane, start, max, ids);
            active.CollectLane(lane, start, max, ids);
            return (Math.Max(first, from), heads[lane]);
        }
    }

    /// <summary>Some consecutive rows, found by entity and by lane.</summary>
    internal sealed class Run
    {
        private readonly List<int> previous = [];
        private readonly Dictionary<long, int> last = [];
        private readonly List<long>[] lanes = new List<long>[EntityKey.Lanes];

        public Run(ulong[] heads)
        {
            BeginAt(heads);
            for (var lane = 0; lane < lanes.Length; lane++)
                lanes[lane] = [];
        }

        /// <summary>The rows in commit order.</summary>
        public List<RowPlace> Rows { get; } = [];

        /// <summary>Each lane's head before the run.</summary>
        public ulong[] StartHeads { get; } = new ulong[EntityKey.Lanes];

        /// <summary>Says where an empty run begins.</summary>
        public void BeginAt(ReadOnlySpan<ulong> heads) => heads.CopyTo(StartHeads);

        /// <summary>Forgets its rows and keeps its room.</summary>
        public void Clear()
        {
            previous.Clear();
            last.Clear();
            Rows.Clear();
            foreach (var lane in lanes)
                lane.Clear();
        }

        /// <summary>Ids of a lane's rows by position, from the one after its start head.</summary>
        public List<long> Lane(int lane) => lanes[lane];

        public ulong LaneStart(int lane) => StartHeads[lane] + 1;

        public void Add(in RowPlace row)
        {
            ref var newest = ref CollectionsMarshal.GetValueRefOrAddDefault(last, row.Entity, out var exists);
            previous.Add(exists ? newest : -1);
            newest = Rows.Count;
            Rows.Add(row);
            lanes[row.Lane].Add(row.Id);
        }

        public void AddMissing(int lane) => lanes[lane].Add(0);

        public ulong LastSequence(long entity) => last.TryGetValue(entity, out var at) ? Rows[at].LocalSequence : 0;

        public void Collect(long entity, List<EntityPlace> found)
        {
            if (!last.TryGetValue(entity, out var at))
                return;
            for (; at >= 0; at = previous[at])
                found.Add(new EntityPlace(Rows[at].LocalSequence, Rows[at].Id, Rows[at].Position));
        }

        /// <summary>Copies ids from a position on, up to <paramref name="max"/> in all; returns where to go
        /// on.</summary>
        public ulong CollectLane(int lane, ulong from, int max, List<long> ids)
        {
            var list = lanes[lane];
            var start = from - LaneStart(lane);
            if (from < LaneStart(lane) || start >= (ulong)list.Count)
                return from;
            var count = Math.Min(list.Count - (int)start, max - ids.Count);
            if (count > 0)
                ids.AddRange(CollectionsMarshal.AsSpan(list).Slice((int)start, count));
            return from + (ulong)Math.Max(0, count);
        }
    }
}
