using Npgsql;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>Verifies a journal: every row opens, positions have no gaps, heads and indexes agree with the rows.
/// </summary>
internal sealed class PostgresCheck(PostgresParts parts, ServerReader reader)
{
    private const int ChunkRows = 4_096;

    private readonly CheckFindings found = new();

    public async Task<JournalReport> RunAsync(IProgress<long>? progress, CancellationToken cancellationToken)
    {
        await reader.RefreshAsync(cancellationToken); // another process may have added keys and salts
        // A check may last; its session is not used for anything else afterwards.
        await using (var patience = Command("SET statement_timeout = 0"))
            await patience.ExecuteNonQueryAsync(cancellationToken);
        found.Begin((await RemovedAsync(cancellationToken)).Removed);
        var heads = await HeadsAsync(cancellationToken); // first: lanes may only be further when their rows are read
        for (var lane = 0; lane < EntityKey.Lanes; lane++)
        {
            await RowsAsync(lane, progress, cancellationToken);
            found.Missing(lane, heads[lane].Head);
            var now = (await HeadsAsync(cancellationToken))[lane];
            found.Head(lane, now.Head, now.Own);
        }
        var (removed, through) = await RemovedAsync(cancellationToken);
        found.End(removed, through);
        await IndexesAsync("event", ["entity, local_sequence", "lane, position"], cancellationToken);
        await IndexesAsync("entity", ["hash", "lane, number"], cancellationToken);
        await BoxesAsync(cancellationToken);
        await reader.BreakAsync();
        return found.Report;
    }

    /// <summary>What was removed, and what stands for it, of one committed state.</summary>
    private async Task<(RemovedPositions Removed, ulong[] Through)> RemovedAsync(CancellationToken cancellationToken)
    {
        var (removed, through) = (new RemovedPositions(), new ulong[EntityKey.Lanes]);
        await using var batch = reader.Snapshot(($"SELECT lane, word, bits FROM {parts.Schema["removed"]}", []),
            ($"SELECT lane, sum(through)::bigint FROM {parts.Schema["checkpoint"]} GROUP BY lane", []));
        batch.Timeout = 0;
        await using var row = await batch.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
            removed.Add(row.GetInt16(0), (ulong)row.GetInt64(1), (ulong)row.GetInt64(2));
        await row.NextResultAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            if (row.GetInt16(0) is >= 0 and < EntityKey.Lanes and var lane)
                through[lane] = (ulong)row.GetInt64(1);
        }
        return (removed, through);
    }

    private async Task<(ulong Head, ulong Own)[]> HeadsAsync(CancellationToken cancellationToken)
    {
        var heads = new (ulong, ulong)[EntityKey.Lanes];
        await using var select = Command($"SELECT lane, head, own_head FROM {parts.Schema["lane"]}");
        await using var row = await select.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
            heads[row.GetInt16(0)] = ((ulong)row.GetInt64(1), (ulong)row.GetInt64(2));
        return heads;
    }

    /// <summary>Every row of a lane in chunks, so that no transaction lasts long.</summary>
    private async Task RowsAsync(int lane, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var after = 0L;
        while (true)
        {
            var rows = new List<StoredRow>();
            await using (var select = Command($"SELECT {StoredRow.Select} FROM {parts.Schema["event"]} "
                + $"WHERE lane = {lane} AND position > {after} ORDER BY position LIMIT {ChunkRows}"))
            await using (var row = await select.ExecuteReaderAsync(cancellationToken))
            {
                while (await row.ReadAsync(cancellationToken))
                    rows.Add(StoredRow.Of(row));
            }
            if (rows.Count == 0)
                return;
            await reader.CatchUpAsync(rows, cancellationToken);
            var keys = await reader.Connection.KeysAsync(
                parts, reader.Opener, rows.Select(r => r.Entity), cancellationToken);
            foreach (var row in rows)
                Row(row, keys.TryGetValue(row.Entity, out var key) ? key : null);
            after = (long)rows[^1].Position;
            progress?.Report(found.Rows);
        }
    }

    private void Row(StoredRow row, EntityKey? key)
    {
        if (!found.Place(row.Lane, row.Position))
            return;
        if (row.Open(reader.Opener, parts.Origins, key) is not { } opened)
            found.Add(Damage.Row(row.Lane, row.Position));
        else if (opened.Own && row.Columns[5] == 0)
            found.Own(row.Lane, row.Position);
    }

    /// <summary>A table has as many rows as each of its indexes leads to.</summary>
    private async Task IndexesAsync(string table, string[] orders, CancellationToken cancellationToken)
    {
        var counts = new List<long>();
        await using var batch = new NpgsqlBatch(reader.Connection) { Timeout = 0 };
        foreach (var sql in (string[])["BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
            "SET LOCAL enable_indexscan = off", "SET LOCAL enable_indexonlyscan = off",
            "SET LOCAL enable_bitmapscan = off", $"SELECT count(*) FROM {parts.Schema[table]}",
            "SET LOCAL enable_seqscan = off", "SET LOCAL enable_indexscan = on", "SET LOCAL enable_indexonlyscan = on",
            .. orders.Select(o => $"SELECT count(*) FROM (SELECT 1 FROM {parts.Schema[table]} ORDER BY {o}) e"),
            "COMMIT"])
            batch.BatchCommands.Add(new NpgsqlBatchCommand(sql));
        await using var row = await batch.ExecuteReaderAsync(cancellationToken);
        do
        {
            if (await row.ReadAsync(cancellationToken))
                counts.Add(row.GetInt64(0));
        }
        while (await row.NextResultAsync(cancellationToken));
        for (var i = 0; i < orders.Length; i++)
        {
            if (counts[i + 1] != counts[0])
                found.Add(Damage.OfIndex(parts.Schema[table], orders[i], counts[0], counts[i + 1]));
        }
    }

    private async Task BoxesAsync(CancellationToken cancellationToken)
    {
        await EachAsync("number, lane, hash, salt, nonce, sealed", "entity", "entity {0}",
            r => EntityBox.TryOpen(reader.Opener, r.GetInt64(0), r.GetInt16(1), r.Bytes(2), r.GetInt32(3),
                r.GetInt64(4), r.Bytes(5), out _), cancellationToken);
        await EachAsync("entity, local_sequence, salt, nonce, sealed", "snapshot", "the snapshot of entity {0}",
            r => Opens(r, SealDomain.Snapshot, 2), cancellationToken);
        await EachAsync("entity, lane, through, salt, nonce, sealed", "checkpoint", "the checkpoint of entity {0}",
            r => Opens(r, SealDomain.Checkpoint, 3), cancellationToken);
        await EachAsync("entity, kind, origin, sequence, recorded_at, salt, nonce, sealed", "conflict",
            "a conflict record of entity {0}", r => Opens(r, SealDomain.Conflict, 5), cancellationToken);
        await EachAsync("lane, origin, position, highest, salt, nonce, sealed", "frontier", "a frontier of lane {0}",
            r => Opens(r, SealDomain.Frontier, 4), cancellationToken);
        await EachAsync("lane, origin, position, salt, nonce, sealed", "effect_mark", "an effect mark of lane {0}",
            r => Opens(r, SealDomain.EffectMark, 3), cancellationToken);
        await EachAsync("lane, entity, origin, from_sequence, position, salt, nonce, sealed", "owed",
            "an owed gap of lane {0}", r => Opens(r, SealDomain.Owed, 5), cancellationToken);
        await EachAsync("entity, hash, salt, nonce, sealed", "reply", "a remembered reply of entity {0}",
            r => r.Bytes(1).Length == EntityBox.HashBytes && reader.Opener.TryOpen(SealDomain.Reply, r.GetInt32(2),
                r.GetInt64(3), SideSealer.ReplyColumns(r.GetInt64(0), r.Bytes(1)), r.Bytes(4), out _),
            cancellationToken);
        await EachAsync("lane, hash, salt, nonce, sealed", "note", "a note of lane {0}",
            r => new NoteRow(r.Bytes(1), r.GetInt32(2), r.GetInt64(3), r.Bytes(4))
                .IsSound(r.GetInt16(0), reader.Opener, out _), cancellationToken);
        await EachAsync($"entity, {SubjectKeyRow.Columns}", "subject_key", "a key of the subject of entity {0}",
            r => new SubjectKeyRow(r.Bytes(1), r.GetInt32(2), r.GetInt64(3), r.Bytes(4))
                .IsSound(r.GetInt64(0), reader.Opener, out _), cancellationToken);
    }

    private bool Opens(NpgsqlDataReader row, SealDomain domain, int columns)
    {
        Span<long> values = stackalloc long[AssociatedData.MaxColumns];
        for (var i = 0; i < columns; i++)
            values[i] = Number(row, i);
        return reader.Opener.TryOpen(domain, Number(row, columns), Number(row, columns + 1), values[..columns],
            row.Bytes(columns + 2), out _);
    }

    private async Task EachAsync(string columns, string table, string what, Func<NpgsqlDataReader, bool> opens,
        CancellationToken cancellationToken)
    {
        await using var select = Command($"SELECT {columns} FROM {parts.Schema[table]}");
        await using var row = await select.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            if (opens(row))
                continue;
            var name = string.Format(System.Globalization.CultureInfo.InvariantCulture, what, Number(row, 0));
            found.Add(Damage.Failure($"{name} is damaged or was altered"));
        }
    }

    private static long Number(NpgsqlDataReader row, int column) => row.GetFieldType(column) == typeof(short)
        ? row.GetInt16(column) : row.GetFieldType(column) == typeof(int) ? row.GetInt32(column) : row.GetInt64(column);

    private NpgsqlCommand Command(string sql) => new(sql, reader.Connection) { CommandTimeout = 0 };
}
