using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>Reads lanes, the conflict ledger and the list of entities in pages.</summary>
internal sealed class LaneReads(PostgresParts parts)
{
    private const int FilteredPageRows = 4_096;
    private const long Nobody = -1;

    private readonly string head = $"SELECT head FROM {parts.Schema["lane"]} WHERE lane = $1";

    // The bytes before a row decide whether it still fits, so that no more is sent than was asked for.
    private readonly string rows = $"SELECT {StoredRow.Select} FROM (SELECT *, sum(octet_length(sealed)) OVER "
        + "(ORDER BY position ROWS UNBOUNDED PRECEDING) - octet_length(sealed) AS before FROM (SELECT * "
        + $"FROM {parts.Schema["event"]} WHERE lane = $1 AND position > $2 AND position <= $3 "
        + "AND ($4 = 0 OR (origin = $4 AND CASE origin_position WHEN 0 THEN position ELSE origin_position END > $5)) "
        + "ORDER BY position LIMIT $6) page) sized WHERE before < $7 ORDER BY position";

    private readonly string removed =
        $"SELECT word, bits FROM {parts.Schema["removed"]} WHERE lane = $1 AND word >= $2 AND word <= $3";

    private readonly string entities = $"SELECT number, lane, hash, salt, nonce, sealed FROM {parts.Schema["entity"]} "
        + "WHERE lane = $1 AND number > $2 ORDER BY number LIMIT $3";

    /// <summary>Rows of a lane after a position. Reads on until it has a row to return or has seen them all.</summary>
    public async Task<LanePage> ReadAsync(ServerReader reader, int lane, ulong after, LaneFilter? filter, int maxRows,
        int maxBytes, CancellationToken cancellationToken)
    {
        while (true)
        {
            var origin = filter is null ? 0 : await NumberAsync(reader, filter.Origin, cancellationToken);
            var page = await PageAsync(
                reader, lane, after, origin, filter?.AfterOriginPosition ?? 0, maxRows, maxBytes, cancellationToken);
            if (page.Rows.Count > 0 || page.Damaged.Count > 0 || page.Through == after)
                return page;
            after = page.Through;
        }
    }

    /// <summary>Entries of the conflict ledger, oldest first. A damaged one is left out; a check names it.</summary>
    public async Task<ConflictPage> ConflictsAsync(ServerReader reader, long after, int limit,
        CancellationToken cancellationToken)
    {
        var found = await reader.Connection.ConflictsAsync(parts.Schema, "true", after, limit, cancellationToken);
        var keys = await KeysAsync(reader, found.Select(r => r.Entity), cancellationToken);
        var records = new List<ConflictRecord>();
        foreach (var row in found)
        {
            if (row.TryOpen(reader.Opener, parts.Origins, keys.TryGetValue(row.Entity, out var key) ? key : null,
                out var record))
                records.Add(record!);
        }
        return new ConflictPage(records, found.Count == limit ? found[^1].Number : 0);
    }

    /// <summary>Keys of a lane's entities by number. A damaged one is left out; a check names it.</summary>
    public async Task<EntityPage> EntitiesAsync(ServerReader reader, int lane, long after, int max,
        CancellationToken cancellationToken)
    {
        var found = new List<EntityKey>();
        var (seen, last) = (0, 0L);
        await using var select = new Npgsql.NpgsqlCommand(entities, reader.Connection)
        {
            Parameters = { new() { Value = (short)lane }, new() { Value = after }, new() { Value = max } },
        };
        await using var row = await select.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            (seen, last) = (seen + 1, row.GetInt64(0));
            if (EntityBox.TryOpen(reader.Opener, last, row.GetInt16(1), row.Bytes(2), row.GetInt32(3), row.GetInt64(4),
                row.Bytes(5), out var key))
                found.Add(key);
        }
        return new EntityPage(found, seen == max ? last : 0);
    }

    private async Task<LanePage> PageAsync(ServerReader reader, int lane, ulong after, long origin,
        ulong afterOriginPosition, int maxRows, int maxBytes, CancellationToken cancellationToken)
    {
        var until = origin == Nobody ? long.MaxValue : (long)after + (origin == 0 ? maxRows : FilteredPageRows);
        var stored = new List<StoredRow>();
        long end;
        var gone = new RemovedPositions();
        await using (var batch = reader.Snapshot((head, [(short)lane]), (rows,
            [(short)lane, (long)after, origin == Nobody ? (long)after : until, (int)origin, (long)afterOriginPosition,
                maxRows, (long)maxBytes]), (removed, [(short)lane, (long)after / 64, until / 64])))
        await using (var row = await batch.ExecuteReaderAsync(cancellationToken))
        {
            await row.ReadAsync(cancellationToken);
            end = Math.Min(row.GetInt64(0), until);
            await row.NextResultAsync(cancellationToken);
            while (await row.ReadAsync(cancellationToken))
            {
                var found = StoredRow.Of(row);
                if ((long)found.Position <= end) // beyond the head lies nothing of ours
                    stored.Add(found);
            }
            await row.NextResultAsync(cancellationToken);
            while (origin == 0 && await row.ReadAsync(cancellationToken)) // others are not looked at for gaps
                gone.Add(lane, (ulong)row.GetInt64(0), (ulong)row.GetInt64(1));
        }
        await reader.CatchUpAsync(stored, cancellationToken);
        var keys = await KeysAsync(reader, stored.Select(r => r.Entity), cancellationToken);
        var page = new PageOfRows(parts, reader.Opener, lane, after, origin == 0 ? gone : null);
        foreach (var row in stored)
            page.Add(row, keys.TryGetValue(row.Entity, out var key) ? key : null);
        // Where a bound ended the page, the rest was not looked at.
        var isWhole = stored.Count < maxRows && stored.Sum(r => (long)r.Sealed.Length) < maxBytes;
        return page.Close(isWhole ? (ulong)Math.Max(end, (long)after) : null);
    }

    private async ValueTask<long> NumberAsync(
        ServerReader reader, Origin origin, CancellationToken cancellationToken)
    {
        if (parts.Origins.Find(origin) is { } known)
            return known;
        await reader.RefreshAsync(cancellationToken); // another process may have added it
        return parts.Origins.Find(origin) ?? Nobody;
    }

    private ValueTask<Dictionary<long, EntityKey>> KeysAsync(
        ServerReader reader, IEnumerable<long> numbers, CancellationToken cancellationToken)
        => new(reader.Connection.KeysAsync(parts, reader.Opener, numbers, cancellationToken));

    private sealed record PageOfRows(
        PostgresParts Parts, Opener Opener, int Lane, ulong After, RemovedPositions? Removed)
    {
        private readonly List<LaneRow> rows = [];
        private readonly List<ulong> damaged = [];
        private ulong through = After;

        public void Add(StoredRow row, EntityKey? key)
        {
            if (row.Position <= through)
                return; // a second row claims the place
            Missing(row.Position - 1);
            through = row.Position;
            if (row.Open(Opener, Parts.Origins, key) is { } opened)
                rows.Add(new LaneRow(row.Position, opened));
            else
                damaged.Add(row.Position);
        }

        public LanePage Close(ulong? end)
        {
            if (end is { } all)
            {
                Missing(all);
                through = Math.Max(through, all);
            }
            return new LanePage(Lane, rows, through, damaged);
        }

        private void Missing(ulong until)
        {
            for (var position = through + 1; Removed is not null && position <= until; position++)
            {
                if (!Removed.Contains(Lane, position))
                    damaged.Add(position);
            }
        }
    }
}
