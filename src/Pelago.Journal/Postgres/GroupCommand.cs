using Npgsql;
using NpgsqlTypes;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>One group of batches as one round trip to the server: all statements go out together and commit
/// together.</summary>
/// <remarks>
/// The problem: a group holds batches of many lanes. A lane may have been taken over by another process meanwhile, or
/// be held by a transaction that does not end; neither may keep the other lanes from committing, and nobody may wait.
/// The idea: the first statement moves every lane whose row is as this process left it (epoch, head, life) and that
/// nobody else holds (<c>SKIP LOCKED</c>), and stamps it. Every later statement joins the rows it writes with the
/// lanes that carry this stamp, so what belongs to other lanes is not written, and the transaction commits the rest. A
/// stamp is used once, and is part of what the next group expects: after a connection broke it tells whether the group
/// was committed, and a new one keeps a group that is still on its way from being committed later. Rejected: a fence
/// that raises an error (one lane undoes all, and a second round trip finds out which), <c>COPY</c> (four round trips,
/// and slower for groups of some hundred rows: docs/adr/0014), a transaction a lane (32 commits), a function in the
/// server (code that is upgraded separately).
/// </remarks>
internal sealed class GroupCommand
{
    private readonly PostgresParts parts;
    private readonly GroupEntities entities;
    private readonly EventSealer sealer;
    private readonly SideRows side;
    private readonly GatedRows rows;
    private readonly string fence;
    private readonly string originInsert;
    private readonly List<OriginRow> origins = [];
    private readonly List<short> lanes = [];
    private readonly List<long> epochs = [], heads = [], reached = [], own = [], lives = [], stamps = [];
    private readonly Func<Origin, uint> originOf;

    public GroupCommand(PostgresParts parts, GroupEntities entities)
    {
        (this.parts, this.entities) = (parts, entities);
        var schema = parts.Schema;
        sealer = new EventSealer(parts.Sealer);
        side = new SideRows(schema, parts.Sealer, parts.Keys);
        rows = GatedRows.Insert(schema, "event",
            ["position", "entity", "local_sequence", "sequence", "origin_position", "timestamp", "epoch", "nonce"],
            ["origin", "batch_index", "batch_length", "salt"], keepsLane: true, hash: false);
        fence = "WITH want AS MATERIALIZED (SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7) "
            + "AS w(lane, epoch, head, reached, own, life, last)), held AS MATERIALIZED (SELECT w.* FROM "
            + $"{schema["lane"]} l JOIN want w ON w.lane = l.lane AND w.epoch = l.epoch AND w.head = l.head "
            + "AND w.life = l.life AND w.last = l.stamp ORDER BY l.lane FOR UPDATE OF l SKIP LOCKED) "
            + $"UPDATE {schema["lane"]} l SET head = h.reached, own_head = h.own, stamp = $8 FROM held h "
            + "WHERE l.lane = h.lane RETURNING l.lane";
        originInsert = $"INSERT INTO {schema["origin"]} (number, life, salt, nonce, sealed) "
            + "SELECT * FROM unnest($1, $2, $3, $4, $5)";
        originOf = origin => parts.Origins.NumberOf(origin, origins.Add, parts.Sealer);
    }

    /// <summary>The lanes are known anew: those that were noted are forgotten.</summary>
    public void ForgetLanes()
    {
        foreach (var column in (ReadOnlySpan<List<long>>)[epochs, heads, reached, own, lives, stamps])
            column.Clear();
        lanes.Clear();
    }

    /// <summary>A lane that the group advances.</summary>
    public void Lane(int lane, in LaneRecord from, in LaneRecord to)
    {
        lanes.Add((short)lane);
        epochs.Add(from.Epoch);
        heads.Add((long)from.Head);
        reached.Add((long)to.Head);
        own.Add((long)to.OwnHead);
        lives.Add(from.Life);
        stamps.Add(from.Stamp);
    }

    /// <summary>A batch of such a lane, at the positions from <paramref name="first"/> on.</summary>
    public void Batch(LaneBatch batch, ulong first)
    {
        Span<long> columns = stackalloc long[EventSealer.Columns];
        var newest = parts.Origins.Newest.Origin;
        for (var i = 0; i < batch.Rows.Count; i++)
        {
            var row = batch.Rows[i];
            if (row.Event.OriginPosition == 0 && !row.Event.Origin.Equals(newest))
                throw new ArgumentException(
                    $"{row.Event} has no position at its origin, which is not this journal's newest life.");
            var entity = entities.NumberOf(row.Event.Entity, batch.Lane);
            var box = sealer.Seal(row, batch.Lane, entity, originOf, columns, out var nonce).ToArray();
            rows.Add(
                [(long)first + i, entity, columns[2], columns[4], columns[5], columns[6], columns[7], nonce],
                [(int)columns[3], (int)columns[8], (int)columns[9], (int)sealer.Salt], batch.Lane, box: box);
        }
        side.Add(batch, key => entities.NumberOf(key, batch.Lane), originOf);
    }

    /// <summary>Seals what is left to seal; the group is complete.</summary>
    public void Complete() => side.Seal();

    /// <summary>The group for one session: what a session has prepared is of no use to the next.</summary>
    public NpgsqlBatch Build(NpgsqlConnection connection, long stamp)
    {
        var batch = new NpgsqlBatch(connection);
        var first = new NpgsqlBatchCommand(fence);
        first.Parameters.Add(Column(lanes, NpgsqlDbType.Smallint));
        foreach (var column in (ReadOnlySpan<List<long>>)[epochs, heads, reached, own, lives, stamps])
            first.Parameters.Add(Column(column, NpgsqlDbType.Bigint));
        first.Parameters.Add(new NpgsqlParameter<long> { TypedValue = stamp });
        batch.BatchCommands.Add(first);
        if (origins.Count > 0)
            batch.BatchCommands.Add(OriginInsert(origins, originInsert));
        entities.AddTo(batch, stamp);
        rows.AddTo(batch, stamp);
        side.AddTo(batch, stamp);
        return batch;
    }

    /// <summary>Sends the group.</summary>
    /// <returns>The lanes that moved, one bit each.</returns>
    public static async Task<uint> SendAsync(NpgsqlBatch batch, CancellationToken cancellationToken)
    {
        var moved = 0u;
        await using var row = await batch.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
            moved |= 1u << row.GetInt16(0);
        while (await row.NextResultAsync(cancellationToken))
        {
            // To the end: the commit is the last to answer.
        }
        return moved;
    }

    /// <summary>An insert of origins.</summary>
    public static NpgsqlBatchCommand OriginInsert(List<OriginRow> rows, string sql)
    {
        var insert = new NpgsqlBatchCommand(sql);
        insert.Parameters.Add(Column([.. rows.Select(o => (int)o.Number)], NpgsqlDbType.Integer));
        insert.Parameters.Add(Column([.. rows.Select(o => o.Life)], NpgsqlDbType.Bigint));
        insert.Parameters.Add(Column([.. rows.Select(o => (int)o.Salt)], NpgsqlDbType.Integer));
        insert.Parameters.Add(Column([.. rows.Select(o => o.Nonce)], NpgsqlDbType.Bigint));
        insert.Parameters.Add(Column([.. rows.Select(o => o.Sealed)], NpgsqlDbType.Bytea));
        return insert;
    }

    public void Clear()
    {
        ForgetLanes();
        origins.Clear();
        rows.Clear();
        side.Clear();
    }

    private static NpgsqlParameter<List<T>> Column<T>(List<T> values, NpgsqlDbType type)
        => new() { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type };
}
