using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>One connection that reads. Used by one thread at a time; every read sees one committed state.</summary>
internal sealed class JournalReader : IDisposable
{
    private readonly Database database;
    private readonly Opener opener;
    private readonly OriginTable origins;
    private readonly KeyRing keys;
    private readonly EntityRegistry entities;
    private readonly RecentRows recent;
    private readonly EntityLoader loader;
    private readonly LanePages pages;
    private readonly Statement conflicts, ofLaneEntities, checkpoints;

    /// <param name="database">A connection of its own.</param>
    /// <param name="parts">What the writer shares with readers.</param>
    public JournalReader(Database database, WriterParts parts)
    {
        (this.database, origins, recent, keys) = (database, parts.Origins, parts.Recent, parts.Keys);
        opener = new Opener(parts.Keys);
        entities = new EntityRegistry(database, parts.Keys, opener, parts.Cache, parts.RecentEntities);
        var transactions = new ReadTransactions(database);
        var rows = new RowAccess(database, new RowReader(opener, origins, entities));
        loader = new EntityLoader(database, transactions, opener, entities, recent, rows);
        pages = new LanePages(database, transactions, origins, recent, rows);
        conflicts = database.Prepare(
            $"SELECT {ConflictRow.Columns} FROM conflict WHERE number > ?1 ORDER BY number LIMIT ?2");
        checkpoints = database.Prepare("SELECT entity, lane, through, salt, nonce, sealed FROM checkpoint "
            + "WHERE lane = ?1 AND entity > ?2 ORDER BY entity LIMIT ?3");
        ofLaneEntities = database.Prepare("SELECT number, lane, hash, salt, nonce, sealed FROM entity "
            + "WHERE number > ?1 ORDER BY number");
    }

    /// <summary>An entity's snapshot (unless <paramref name="fromFirst"/>), the rows after it, and its
    /// replies.</summary>
    public EntityImage Load(EntityKey key, bool fromFirst) => loader.Load(key, fromFirst);

    /// <summary>An entity's rows after a local sequence, with its checkpoint.</summary>
    public EntityRows Rows(EntityKey key, ulong after, int max) => loader.Rows(key, after, max);

    /// <summary>Checkpoints of a lane by number of their entity. A damaged one is counted and left out.</summary>
    public CheckpointPage Checkpoints(int lane, long after, int max)
    {
        var found = new List<EntityCheckpoint>();
        var (seen, last, damaged) = (0, 0L, 0);
        checkpoints.Bind(1, lane).Bind(2, after).Bind(3, max);
        try
        {
            while (checkpoints.Step())
            {
                (seen, last) = (seen + 1, checkpoints.Long(0));
                if (entities.TryKey(last, out var key) && SideSealer.OpenCheckpoint(opener, key, last,
                    checkpoints.Long(1), checkpoints.Long(2), checkpoints.Long(3), checkpoints.Long(4),
                    checkpoints.Blob(5)) is { } checkpoint)
                    found.Add(checkpoint);
                else
                    damaged++;
            }
        }
        finally
        {
            checkpoints.Reset();
        }
        return new CheckpointPage(found, seen == max ? last : 0, damaged);
    }

    /// <summary>Rows of a lane after a position. Reads on until it has a row to return or has seen them all.</summary>
    public LanePage ReadLane(int lane, ulong after, LaneFilter? filter, int maxRows, int maxBytes)
        => pages.Read(lane, after, filter, maxRows, maxBytes);

    /// <summary>Entries of the conflict ledger, oldest first. A damaged one is left out; a check names it.</summary>
    public ConflictPage ReadConflicts(long after, int limit)
    {
        var found = new List<ConflictRecord>();
        var (seen, last) = (0, 0L);
        conflicts.Bind(1, after).Bind(2, limit);
        try
        {
            while (conflicts.Step())
            {
                var row = LaneRecovery.Conflict(conflicts);
                (seen, last) = (seen + 1, row.Number);
                EntityKey? known = entities.TryKey(row.Entity, out var key) ? key : null;
                if (row.TryOpen(opener, origins, known, out var record))
                    found.Add(record!);
            }
        }
        finally
        {
            conflicts.Reset();
        }
        return new ConflictPage(found, seen == limit ? last : 0);
    }

    /// <summary>Keys of a lane's entities by number. A damaged one is left out; a check names it.</summary>
    public EntityPage ReadEntities(int lane, long after, int max)
    {
        var found = new List<EntityKey>();
        var last = 0L;
        ofLaneEntities.Bind(1, after);
        try
        {
            while (ofLaneEntities.Step())
            {
                if (ofLaneEntities.Long(1) != lane)
                    continue;
                if (found.Count == max)
                    return new EntityPage(found, last);
                last = ofLaneEntities.Long(0);
                if (EntityRegistry.TryOpen(opener, ofLaneEntities, last, out var key, firstColumn: 1))
                    found.Add(key);
            }
        }
        finally
        {
            ofLaneEntities.Reset();
        }
        return new EntityPage(found, 0);
    }

    /// <summary>Verifies everything.</summary>
    public JournalReport Check(IProgress<long>? progress, CancellationToken cancellationToken)
        => database.Interruptible(
            () => new JournalCheck(database, opener, origins, entities, recent).Run(progress, cancellationToken),
            cancellationToken);

    /// <summary>Counts everything.</summary>
    public JournalStats Count(IProgress<long>? progress, CancellationToken cancellationToken)
        => database.Interruptible(
            () => new JournalCounting(database, keys, recent).Run(progress, cancellationToken), cancellationToken);

    public void Dispose()
    {
        opener.Dispose();
        database.Dispose();
    }
}
