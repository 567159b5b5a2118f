using Npgsql;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

// Rows of an entity with their places, for whoever removes them, and checkpoints of a lane.
internal sealed partial class EntityReads
{
    private readonly string someRows = $"SELECT {StoredRow.Select} FROM {parts.Schema["event"]} "
        + $"WHERE entity = {Number(parts)} AND local_sequence > greatest($2, {Removed(parts)}) "
        + "ORDER BY local_sequence LIMIT $3";

    private readonly string ofLane = $"SELECT entity, lane, through, salt, nonce, sealed "
        + $"FROM {parts.Schema["checkpoint"]} WHERE lane = $1 AND entity > $2 ORDER BY entity LIMIT $3";

    /// <summary>An entity's rows after a local sequence, with its checkpoint.</summary>
    public async Task<EntityRows> RowsAsync(
        ServerReader reader, EntityKey key, ulong after, int max, CancellationToken cancellationToken)
    {
        var hash = EntityBox.Hash(parts.Keys, key).ToBytes();
        long? number = null;
        (long Lane, long Through, long Salt, long Nonce, byte[] Sealed)? stored = null;
        var rows = new List<StoredRow>();
        await using (var batch = reader.Snapshot((entity, [hash]), (checkpoint, [hash]),
            (someRows, [hash, (long)after, max])))
        await using (var row = await batch.ExecuteReaderAsync(cancellationToken))
        {
            if (await row.ReadAsync(cancellationToken))
                number = row.GetInt64(0);
            await row.NextResultAsync(cancellationToken);
            if (await row.ReadAsync(cancellationToken))
                stored = (row.GetInt16(0), row.GetInt64(1), row.GetInt32(2), row.GetInt64(3), row.Bytes(4));
            await row.NextResultAsync(cancellationToken);
            while (await row.ReadAsync(cancellationToken))
                rows.Add(StoredRow.Of(row));
        }
        if (number is null)
            return new EntityRows(key, []);
        await reader.CatchUpAsync(rows, cancellationToken);
        EntityCheckpoint? left = null;
        if (stored is { } c && (left = SideSealer.OpenCheckpoint(
            reader.Opener, key, number.Value, c.Lane, c.Through, c.Salt, c.Nonce, c.Sealed)) is null)
            return Damaged(key, [], null, $"the checkpoint of {key} is damaged or was altered");
        var found = new List<LaneRow>(rows.Count);
        var next = Math.Max(after, left?.Through ?? 0);
        foreach (var row in rows)
        {
            if ((ulong)row.Columns[2] != ++next || row.Lane != key.Lane
                || row.Open(reader.Opener, parts.Origins, key) is not { } opened)
                return Damaged(key, found, left, $"row {next} of {key} is damaged, was altered, or is missing");
            found.Add(new LaneRow(row.Position, opened));
        }
        return new EntityRows(key, found) { Checkpoint = left };
    }

    /// <summary>Checkpoints of a lane by number of their entity. A damaged one is counted and left out.</summary>
    public async Task<CheckpointPage> CheckpointsAsync(
        ServerReader reader, int lane, long after, int max, CancellationToken cancellationToken)
    {
        var rows = new List<(long Entity, long Lane, long Through, long Salt, long Nonce, byte[] Sealed)>();
        await using (var select = new NpgsqlCommand(ofLane, reader.Connection)
        {
            Parameters = { new() { Value = (short)lane }, new() { Value = after }, new() { Value = max } },
        })
        await using (var row = await select.ExecuteReaderAsync(cancellationToken))
        {
            while (await row.ReadAsync(cancellationToken))
                rows.Add((row.GetInt64(0), row.GetInt16(1), row.GetInt64(2), row.GetInt32(3), row.GetInt64(4),
                    row.Bytes(5)));
        }
        if (rows.Exists(r => r.Salt > parts.Keys.LastSalt))
            await reader.RefreshAsync(cancellationToken);
        var keys = await reader.Connection.KeysAsync(
            parts, reader.Opener, rows.Select(r => r.Entity), cancellationToken);
        var found = new List<EntityCheckpoint>(rows.Count);
        foreach (var r in rows)
        {
            if (keys.TryGetValue(r.Entity, out var key) && SideSealer.OpenCheckpoint(
                reader.Opener, key, r.Entity, r.Lane, r.Through, r.Salt, r.Nonce, r.Sealed) is { } checkpoint)
                found.Add(checkpoint);
        }
        return new CheckpointPage(found, rows.Count == max ? rows[^1].Entity : 0, rows.Count - found.Count);
    }

    private static EntityRows Damaged(
        EntityKey key, List<LaneRow> rows, EntityCheckpoint? checkpoint, string what)
        => new(key, rows) { Checkpoint = checkpoint, Damage = Damage.Failure(what) };
}
