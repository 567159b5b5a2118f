using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>Verifies a journal: every row opens, positions have no gaps, heads and indexes agree with the rows, and the
/// database is sound.</summary>
internal sealed class JournalCheck(
    Database database, Opener opener, OriginTable origins, EntityRegistry entities, RecentRows recent)
{
    private const int ChunkRows = 4_096;
    private const int MaxUnreadable = 100_000;

    private readonly CheckFindings found = new();
    private int unreadable;

    public JournalReport Run(IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var until = new ulong[EntityKey.Lanes];
        for (var lane = 0; lane < until.Length; lane++)
            until[lane] = recent.Head(lane);
        Attempt(() => found.Begin(Removed(out _)), cancellationToken);
        Attempt(() => Rows(progress, cancellationToken), cancellationToken);
        for (var lane = 0; lane < until.Length; lane++)
            found.Missing(lane, until[lane]);
        Attempt(() => found.End(Removed(out var through), through), cancellationToken);
        Attempt(Heads, cancellationToken);
        Attempt(Indexes, cancellationToken);
        Attempt(Strays, cancellationToken);
        Attempt(() => Boxes(cancellationToken), cancellationToken);
        Attempt(Pages, cancellationToken);
        return found.Report;
    }

    /// <summary>What was removed, and what stands for it, of one committed state.</summary>
    private RemovedPositions Removed(out ulong[] through)
    {
        var removed = new RemovedPositions();
        through = new ulong[EntityKey.Lanes];
        database.Execute("BEGIN");
        try
        {
            using (database.Once("SELECT lane, word, bits FROM removed", out var select))
            {
                while (select.Step())
                    removed.Add(select.Long(0), (ulong)select.Long(1), (ulong)select.Long(2));
            }
            using (database.Once("SELECT lane, sum(through) FROM checkpoint GROUP BY lane", out var select))
            {
                while (select.Step())
                {
                    if (select.Long(0) is >= 0 and < EntityKey.Lanes and var lane)
                        through[lane] = (ulong)select.Long(1);
                }
            }
        }
        finally
        {
            database.Rollback(); // nothing was written
        }
        return removed;
    }

    /// <summary>Every row in commit order, in chunks, so that no transaction stands in the way of
    /// checkpoints.</summary>
    private void Rows(IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var reader = new RowReader(opener, origins, entities);
        using var once = database.Once(
            $"SELECT {RowReader.Columns}, id FROM event WHERE id >= ?1 ORDER BY id LIMIT {ChunkRows}", out var select);
        var last = database.Number("SELECT max(id) FROM event");
        var next = 1L;
        while (next <= last)
        {
            cancellationToken.ThrowIfCancellationRequested();
            next = Chunk(select, next, last, reader);
            progress?.Report(found.Rows);
        }
    }

    private long Chunk(Statement select, long next, long last, RowReader reader)
    {
        select.Bind(1, next);
        try
        {
            while (select.Step())
            {
                next = select.Long(14) + 1;
                Row(select, reader);
            }
            return next > last ? next
                : database.Number($"SELECT coalesce(min(id), {last + 1}) FROM event WHERE id >= {next}");
        }
        catch (StoreException e) when (e.IsDamage)
        {
            // The gap in its lane names the row. When too many are lost one by one, the rest is given up.
            return ++unreadable < MaxUnreadable ? next + 1 : last + 1;
        }
        finally
        {
            select.Reset();
        }
    }

    private void Row(Statement select, RowReader reader)
    {
        var (lane, position) = (select.Long(0), (ulong)select.Long(1));
        if (!found.Place(lane, position))
            return;
        if (!reader.TryRead(select, -1, 0, 0, out var row))
            found.Add(Damage.Row((int)lane, position));
        else if (row.Own && select.Long(6) == 0)
            found.Own((int)lane, position);
    }

    private void Heads()
    {
        using var once = database.Once("SELECT lane, head, own_head FROM lane", out var select);
        while (select.Step())
            found.Head(select.Long(0), (ulong)select.Long(1), (ulong)select.Long(2));
    }

    /// <summary>Every row up to the end of the last complete run stands in both indexes under its own id.</summary>
    private void Indexes()
    {
        foreach (var (table, key, column) in (ReadOnlySpan<(string, string, string)>)
            [("lane_row", "lane", "position"), ("entity_row", "entity", "local_sequence")])
        {
            using var once = database.Once($"SELECT e.lane, e.position FROM event e LEFT JOIN {table} i "
                + $"ON i.{key} = e.{key} AND i.{column} = e.{column} "
                + $"WHERE e.id <= (SELECT through FROM run WHERE kind = {Schema.RowRun}) AND i.id IS NOT e.id "
                + $"LIMIT {CheckFindings.Max}", out var select);
            while (select.Step())
            {
                var (lane, position) = (select.Long(0), select.Long(1));
                found.Add(Damage.Failure($"the row at position {position} of lane {lane} is not in the index {table}"));
            }
        }
        using var hashes = database.Once("SELECT e.number FROM entity e LEFT JOIN entity_hash h ON h.hash = e.hash "
            + $"WHERE e.number <= (SELECT through FROM run WHERE kind = {Schema.EntityRun}) "
            + $"AND h.number IS NOT e.number LIMIT {CheckFindings.Max}", out var missing);
        while (missing.Step())
            found.Add(Damage.Failure($"entity {missing.Long(0)} is not in the index entity_hash"));
    }

    /// <summary>Every entry of an index leads to what it names: one that does not shows an entity longer than it is.
    /// </summary>
    private void Strays()
    {
        foreach (var (table, key, column, what) in (ReadOnlySpan<(string, string, string, string)>)
            [("lane_row", "lane", "position", "lane {0}, position {1}"),
                ("entity_row", "entity", "local_sequence", "entity {0}, row {1}")])
        {
            using var once = database.Once($"SELECT i.{key}, i.{column} FROM {table} i LEFT JOIN event e "
                + $"ON e.id = i.id WHERE e.{key} IS NOT i.{key} OR e.{column} IS NOT i.{column} "
                + $"LIMIT {CheckFindings.Max}", out var select);
            while (select.Step())
            {
                var name = string.Format(System.Globalization.CultureInfo.InvariantCulture, what, select.Long(0),
                    select.Long(1));
                found.Add(Damage.Failure($"the index {table} has an entry for {name}, which no row agrees with"));
            }
        }
        using var hashes = database.Once("SELECT h.number FROM entity_hash h LEFT JOIN entity e "
            + $"ON e.number = h.number WHERE e.hash IS NOT h.hash LIMIT {CheckFindings.Max}", out var stray);
        while (stray.Step())
        {
            found.Add(Damage.Failure(
                $"the index entity_hash has an entry for entity {stray.Long(0)}, which is another"));
        }
    }

    private void Boxes(CancellationToken cancellationToken)
    {
        Each("SELECT number, lane, hash, salt, nonce, sealed FROM entity", "entity {0}",
            s => EntityRegistry.TryOpen(opener, s, s.Long(0), out _, firstColumn: 1), cancellationToken);
        Each("SELECT entity, local_sequence, salt, nonce, sealed FROM snapshot", "the snapshot of entity {0}",
            s => Opens(s, SealDomain.Snapshot, 2), cancellationToken);
        Each("SELECT entity, lane, through, salt, nonce, sealed FROM checkpoint", "the checkpoint of entity {0}",
            s => Opens(s, SealDomain.Checkpoint, 3), cancellationToken);
        Each("SELECT entity, kind, origin, sequence, recorded_at, salt, nonce, sealed FROM conflict",
            "a conflict record of entity {0}", s => Opens(s, SealDomain.Conflict, 5), cancellationToken);
        Each("SELECT lane, origin, position, highest, salt, nonce, sealed FROM frontier", "a frontier of lane {0}",
            s => Opens(s, SealDomain.Frontier, 4), cancellationToken);
        Each("SELECT lane, origin, position, salt, nonce, sealed FROM effect_mark", "an effect mark of lane {0}",
            s => Opens(s, SealDomain.EffectMark, 3), cancellationToken);
        Each("SELECT lane, entity, origin, from_sequence, position, salt, nonce, sealed FROM owed",
            "an owed gap of lane {0}",
            s => Opens(s, SealDomain.Owed, 5), cancellationToken);
        Each("SELECT entity, hash, salt, nonce, sealed FROM reply", "a remembered reply of entity {0}",
            s => s.Blob(1).Length == 16 && opener.TryOpen(SealDomain.Reply, s.Long(2), s.Long(3),
                SideSealer.ReplyColumns(s.Long(0), s.Blob(1)), s.Blob(4), out _), cancellationToken);
        Each("SELECT lane, hash, salt, nonce, sealed FROM note", "a note of lane {0}",
            s => new NoteRow(s.Blob(1).ToArray(), s.Long(2), s.Long(3), s.Blob(4).ToArray())
                .IsSound((int)s.Long(0), opener, out _), cancellationToken);
        Each($"SELECT entity, {SubjectKeyRow.Columns} FROM subject_key", "a key of the subject of entity {0}",
            s => new SubjectKeyRow(s.Blob(1).ToArray(), s.Long(2), s.Long(3), s.Blob(4).ToArray())
                .IsSound(s.Long(0), opener, out _), cancellationToken);
    }

    private bool Opens(Statement row, SealDomain domain, int columns)
    {
        Span<long> values = stackalloc long[AssociatedData.MaxColumns];
        for (var i = 0; i < columns; i++)
            values[i] = row.Long(i);
        return opener.TryOpen(domain, row.Long(columns), row.Long(columns + 1), values[..columns],
            row.Blob(columns + 2), out _);
    }

    private void Each(string sql, string what, Func<Statement, bool> opens, CancellationToken cancellationToken)
    {
        using var once = database.Once(sql, out var select);
        while (select.Step())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!opens(select))
            {
                var name = string.Format(System.Globalization.CultureInfo.InvariantCulture, what, select.Long(0));
                found.Add(Damage.Failure($"{name} is damaged or was altered"));
            }
        }
    }

    private void Pages()
    {
        using var once = database.Once($"PRAGMA integrity_check({CheckFindings.Max})", out var select);
        while (select.Step())
        {
            if (select.Text(0) is var message && message != "ok")
                found.Add(Damage.Failure($"the database's structure is damaged: {message}"));
        }
    }

    private void Attempt(Action step, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            step();
        }
        catch (StoreException e) when (e.Primary != SQLitePCL.raw.SQLITE_INTERRUPT)
        {
            found.Add(Damage.Of(e));
        }
    }
}
