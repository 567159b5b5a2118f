using Npgsql;
using NpgsqlTypes;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>What the writer does with whole lanes: acquire, begin a life, find out who holds them.</summary>
internal sealed class LaneActs(PostgresParts parts, GroupEntities entities)
{
    private readonly PostgresSchema schema = parts.Schema;
    private readonly Opener opener = new(parts.Keys);

    /// <summary>Raises a lane's epoch and reads its state, in one transaction.</summary>
    public async Task<LaneState> AcquireAsync(NpgsqlConnection connection, int lane,
        CancellationToken cancellationToken)
    {
        LaneRecord taken;
        LaneProgress progress;
        IReadOnlyList<ConflictRecord> forks;
        List<EffectMarkRow> marks;
        IReadOnlyList<LaneNote> notes;
        bool damagedNotes;
        long highest;
        await using (var transaction = await connection.BeginTransactionAsync(cancellationToken))
        {
            taken = await RaiseAsync(connection, lane, cancellationToken);
            if (taken.Life != parts.Watch.Life)
                throw parts.Watch.Superseded();
            await StoreRefresh.RunAsync(connection, parts, opener, cancellationToken);
            progress = await ProgressAsync(connection, lane, cancellationToken);
            forks = await ForksAsync(connection, lane, cancellationToken);
            marks = await connection.MarksAsync(schema, lane, cancellationToken);
            notes = NoteRow.Open(lane, await NotesAsync(connection, lane, cancellationToken), opener, out damagedNotes);
            await using (var newest = new NpgsqlCommand(
                $"SELECT max(number) FROM {schema["entity"]} WHERE lane = {lane}", connection))
                highest = await newest.ExecuteScalarAsync(cancellationToken) is long number ? number : 0;
            await transaction.CommitAsync(cancellationToken);
        }
        if (progress.Damaged)
            Log.LaneProgressDamaged(parts.Logger, lane);
        if (damagedNotes)
            Log.LaneNotesDamaged(parts.Logger, lane);
        if (taken.Head != parts.Lanes[lane].Head)
            parts.Cache.Clear(); // another process wrote here: what was counted is of no use
        parts.Lanes[lane] = taken;
        entities.Acquired(lane, highest);
        var effects = EffectMarkRow.Open(lane, marks, opener, parts.Origins);
        return new LaneState(lane, taken.Epoch, taken.Head, taken.OwnHead, progress.Frontiers, progress.Owed)
        {
            Forks = forks, EffectMarks = effects.Marks, AreEffectMarksDamaged = effects.AreDamaged,
            Notes = notes, NotesDamaged = damagedNotes,
        };
    }

    /// <summary>Begins an incarnation; the closed one's own heads become ordinary frontiers in every lane. Who still
    /// writes in the former life is fenced by the lanes' rows.</summary>
    public async Task OpenIncarnationAsync(
        NpgsqlConnection connection, Origin next, CancellationToken cancellationToken)
    {
        var side = new SideRows(schema, parts.Sealer, parts.Keys);
        var added = new List<OriginRow>();
        var closed = parts.Origins.Newest;
        try
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await StoreRefresh.RunAsync(connection, parts, opener, cancellationToken);
            if (parts.Origins.Newest.Life != parts.Watch.Life)
                throw parts.Watch.Superseded();
            var number = parts.Origins.AddOwn(next, added.Add, parts.Sealer);
            var left = await CloseAsync(connection, closed.Origin, closed.Life + 1, cancellationToken);
            await using (var batch = new NpgsqlBatch(connection))
            {
                batch.BatchCommands.Add(GroupCommand.OriginInsert(added,
                    $"INSERT INTO {schema["origin"]} (number, life, salt, nonce, sealed) "
                    + "SELECT * FROM unnest($1, $2, $3, $4, $5)"));
                foreach (var (lane, frontier) in left)
                    side.Add(new LaneBatch { Lane = lane, Epoch = 0, Frontiers = [frontier] }, _ => 0,
                        _ => closed.Number);
                side.Seal();
                side.AddTo(batch, -(closed.Life + 1));
                await batch.ExecuteNonQueryAsync(cancellationToken);
            }
            await transaction.CommitAsync(cancellationToken);
            parts.Origins.CommitOwn(next, number);
        }
        catch
        {
            parts.Origins.Rollback();
            throw;
        }
        var life = parts.Watch.Life = parts.Origins.Newest.Life;
        for (var lane = 0; lane < EntityKey.Lanes; lane++)
            parts.Lanes[lane] = parts.Lanes[lane] with { OwnHead = 0, Life = life, Stamp = -life };
    }

    /// <summary>Which of the lanes that did not move are held by somebody's transaction; the others are another
    /// owner's.</summary>
    public async Task<uint> HeldAsync(NpgsqlConnection connection, uint unmoved)
    {
        var held = 0u;
        await using var select = new NpgsqlCommand(
            $"SELECT lane, {LaneRecord.Columns} FROM {schema["lane"]}", connection);
        await using var row = await select.ExecuteReaderAsync(CancellationToken.None);
        while (await row.ReadAsync(CancellationToken.None))
        {
            var lane = row.GetInt16(0);
            if ((unmoved >> lane & 1) != 0 && LaneRecord.Of(row, 1) == parts.Lanes[lane])
                held |= 1u << lane;
        }
        return held;
    }

    /// <summary>What a lane that is held means.</summary>
    public static Failure Held(int lane) => new(ErrorCodes.JournalLaneHeld,
        $"Another transaction of the journal's database holds lane {lane}: writes to it fail, everything else goes on.",
        "End its session when it does not end by itself; this shows it: SELECT pid, application_name, xact_start FROM "
        + "pg_stat_activity WHERE state LIKE 'idle in transaction%'.");

    /// <summary>True when every lane is as this process left it.</summary>
    public static async Task<bool> AreUnchangedAsync(NpgsqlConnection connection, PostgresParts parts)
    {
        var known = parts.Lanes.All;
        await using var select = new NpgsqlCommand(
            $"SELECT lane, {LaneRecord.Columns} FROM {parts.Schema["lane"]}", connection);
        await using var row = await select.ExecuteReaderAsync(CancellationToken.None);
        while (await row.ReadAsync(CancellationToken.None))
        {
            if (known[row.GetInt16(0)] != LaneRecord.Of(row, 1))
                return false;
        }
        return true;
    }

    /// <summary>All heads, or null when a lane is of another life than this process's.</summary>
    public static async Task<ulong[]?> HeadsAsync(
        NpgsqlConnection connection, PostgresParts parts, CancellationToken cancellationToken)
    {
        var heads = new ulong[EntityKey.Lanes];
        await using var select = new NpgsqlCommand(
            $"SELECT lane, {LaneRecord.Columns} FROM {parts.Schema["lane"]}", connection);
        await using var row = await select.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            var lane = LaneRecord.Of(row, 1);
            if (lane.Life != parts.Watch.Life)
                return null;
            heads[row.GetInt16(0)] = lane.Head;
        }
        return heads;
    }

    private async Task<LaneRecord> RaiseAsync(NpgsqlConnection connection, int lane,
        CancellationToken cancellationToken)
    {
        await using var raise = new NpgsqlCommand($"UPDATE {schema["lane"]} SET epoch = epoch + 1 "
            + $"WHERE lane = {lane} RETURNING {LaneRecord.Columns}", connection);
        try
        {
            await using var row = await raise.ExecuteReaderAsync(cancellationToken);
            return await row.ReadAsync(cancellationToken) ? LaneRecord.Of(row, 0)
                : throw Damage.Failure($"lane {lane} is missing").ToException();
        }
        catch (PostgresException e) when (ServerTrouble.IsLock(e))
        {
            throw Held(lane).ToException(e);
        }
    }

    private async Task<LaneProgress> ProgressAsync(NpgsqlConnection connection, int lane,
        CancellationToken cancellationToken)
    {
        var (frontiers, owed) = (new List<FrontierRow>(), new List<OwedRow>());
        await using (var batch = new NpgsqlBatch(connection))
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT origin, position, highest, salt, nonce, sealed "
                + $"FROM {schema["frontier"]} WHERE lane = {lane}"));
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT entity, origin, from_sequence, position, salt, "
                + $"nonce, sealed FROM {schema["owed"]} WHERE lane = {lane}"));
            await using var row = await batch.ExecuteReaderAsync(cancellationToken);
            while (await row.ReadAsync(cancellationToken))
                frontiers.Add(new FrontierRow(row.GetInt32(0), row.GetInt64(1), row.GetInt64(2), row.GetInt32(3),
                    row.GetInt64(4), row.Bytes(5)));
            await row.NextResultAsync(cancellationToken);
            while (await row.ReadAsync(cancellationToken))
                owed.Add(new OwedRow(row.GetInt64(0), row.GetInt32(1), row.GetInt64(2), row.GetInt64(3),
                    row.GetInt32(4), row.GetInt64(5), row.Bytes(6)));
        }
        var keys = await connection.KeysAsync(parts, opener, owed.Select(o => o.Entity), cancellationToken);
        var progress = LaneProgress.Of(lane, frontiers, owed, opener, parts.Origins,
            number => keys.TryGetValue(number, out var key) ? key : null);
        if (!progress.MustForget)
            return progress;
        await using var forget = new NpgsqlCommand($"DELETE FROM {schema["frontier"]} WHERE lane = {lane}; "
            + $"DELETE FROM {schema["owed"]} WHERE lane = {lane}", connection);
        await forget.ExecuteNonQueryAsync(cancellationToken);
        return progress;
    }

    private async Task<IReadOnlyList<NoteRow>> NotesAsync(NpgsqlConnection connection, int lane,
        CancellationToken cancellationToken)
    {
        var found = new List<NoteRow>();
        await using var select = new NpgsqlCommand(
            $"SELECT hash, salt, nonce, sealed FROM {schema["note"]} WHERE lane = {lane}", connection);
        await using var row = await select.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
            found.Add(new NoteRow(row.Bytes(0), row.GetInt32(1), row.GetInt64(2), row.Bytes(3)));
        return found;
    }

    private async Task<IReadOnlyList<ConflictRecord>> ForksAsync(NpgsqlConnection connection, int lane,
        CancellationToken cancellationToken)
    {
        var rows = await connection.ConflictsAsync(
            schema, $"kind = 3 AND entity % {EntityKey.Lanes} = {lane}", 0, int.MaxValue, cancellationToken);
        var keys = await connection.KeysAsync(parts, opener, rows.Select(r => r.Entity), cancellationToken);
        return LaneProgress.Forks(lane, rows, opener, parts.Origins,
            number => keys.TryGetValue(number, out var key) ? key : null);
    }

    /// <summary>Moves every lane into the next life.</summary>
    /// <returns>What the closed one leaves where.</returns>
    private async Task<List<(int Lane, Frontier Frontier)>> CloseAsync(
        NpgsqlConnection connection, Origin? closed, long life, CancellationToken cancellationToken)
    {
        var own = new ulong[EntityKey.Lanes];
        await using (var select = new NpgsqlCommand(
            $"SELECT lane, own_head FROM {schema["lane"]} ORDER BY lane FOR UPDATE", connection))
        await using (var row = await select.ExecuteReaderAsync(cancellationToken))
        {
            while (await row.ReadAsync(cancellationToken))
                own[row.GetInt16(0)] = (ulong)row.GetInt64(1);
        }
        var left = new List<(int, Frontier)>();
        for (var lane = 0; closed is not null && lane < EntityKey.Lanes; lane++)
        {
            var progress = await ProgressAsync(connection, lane, cancellationToken);
            if (progress.OfClosedLife(closed, own[lane]) is { } frontier)
                left.Add((lane, frontier));
        }
        // The stamp lets the frontiers pass; no group has a negative one.
        await using var update = new NpgsqlCommand(
            $"UPDATE {schema["lane"]} SET own_head = 0, life = $1, stamp = $2", connection)
        {
            Parameters =
            {
                new() { Value = life, NpgsqlDbType = NpgsqlDbType.Bigint },
                new() { Value = -life, NpgsqlDbType = NpgsqlDbType.Bigint },
            },
        };
        await update.ExecuteNonQueryAsync(cancellationToken);
        return left;
    }
}
