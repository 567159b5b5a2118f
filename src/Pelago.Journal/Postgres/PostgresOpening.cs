using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Opens a journal in PostgreSQL: 1 session and server, 2 format, 3 keys, 4 a new salt, 5 origins and lanes.
/// Nothing is changed before the format is known to be ours.</summary>
internal sealed class PostgresOpening(
    PostgresJournalOptions options, IKeyEncryption kek, TimeProvider clock, ILogger logger)
{
    private const int SaltAttempts = 20;

    private readonly PostgresSchema schema = new(options.Schema);
    private readonly ServerSessions sessions = new(options);
    private readonly KeyOpening keyOpening = new(kek);

    /// <summary>Opens it, or creates it.</summary>
    /// <returns>The parts, the session that writes from now on, and the server's version.</returns>
    public async Task<(PostgresParts Parts, NpgsqlConnection Writer, string Version)> OpenAsync(
        CancellationToken cancellationToken)
    {
        var (connection, server, version) = await sessions.OpenAsync(cancellationToken);
        try
        {
            if (!await IsThereAsync(connection, cancellationToken))
                await CreateAsync(connection, cancellationToken);
            await AddLaterAsync(connection, "effect_mark", schema.CreateEffectMarks, cancellationToken);
            await AddLaterAsync(connection, "note", schema.CreateNotes, cancellationToken);
            await AddLaterAsync(connection, "subject_key", schema.CreateSubjectKeys, cancellationToken);
            await AddLaterAsync(connection, "conflict_age", schema.CreateConflictAge, cancellationToken);
            await UpgradeAsync(connection, cancellationToken);
            var keys = await ReadKeysAsync(connection, cancellationToken);
            var sealer = await AddSaltAsync(connection, keys, cancellationToken);
            var origins = new OriginTable();
            using (var opener = new Opener(keys))
                origins.Read(await connection.OriginsAsync(schema, 0, cancellationToken), opener);
            var lanes = await ReadLanesAsync(connection, cancellationToken);
            var watch = new StoreWatch(schema, lanes, server, keys.JournalId, origins.Newest.Life);
            return (new PostgresParts(options, schema, sessions, watch, keys, sealer, origins,
                new EntityCache(options.EntityCacheEntries), lanes, keyOpening, clock, logger), connection, version);
        }
        catch (Exception e)
        {
            await connection.DisposeAsync();
            if (ServerTrouble.Is(e))
                throw ServerTrouble.Of(e).ToException();
            throw;
        }
    }

    /// <summary>True when it is a journal of our format; false when the schema is empty or missing.</summary>
    private async Task<bool> IsThereAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var count = new NpgsqlCommand(
            "SELECT count(*), count(*) FILTER (WHERE c.relname = 'meta') FROM pg_class c "
            + "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', "
            + "'m', 'f', 'S')", connection) { Parameters = { new() { Value = schema.Name } } };
        long tables;
        bool hasMeta;
        await using (var row = await count.ExecuteReaderAsync(cancellationToken))
        {
            await row.ReadAsync(cancellationToken);
            (tables, hasMeta) = (row.GetInt64(0), row.GetInt64(1) > 0);
        }
        if (!hasMeta)
            return schema.IsOurs(tables, null, 0);
        try
        {
            await using var meta = new NpgsqlCommand(
                $"SELECT application, format FROM {schema["meta"]}", connection);
            await using var row = await meta.ExecuteReaderAsync(cancellationToken);
            return await row.ReadAsync(cancellationToken) ? schema.IsOurs(tables, row.GetString(0), row.GetInt32(1))
                : schema.IsOurs(tables, null, 0);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedColumn)
        {
            return schema.IsOurs(tables, null, 0);
        }
    }

    private async Task UpgradeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var upgrade = new NpgsqlCommand(schema.Upgrade, connection);
        await upgrade.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task CreateAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var journalId = RandomNumberGenerator.GetBytes(16);
        var keys = await keyOpening.MakeAsync(
            journalId, clock.GetUtcNow().ToUnixTimeMilliseconds(), cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await LockAsync(connection, cancellationToken);
        if (await IsThereAsync(connection, cancellationToken))
            return;
        await using (var create = new NpgsqlCommand(schema.Create, connection))
        {
            create.Parameters.AddWithValue("journal_id", journalId);
            await create.ExecuteNonQueryAsync(cancellationToken);
        }
        foreach (var key in keys)
        {
            await using var insert = StoreQueries.InsertKey(connection, schema, key);
            await insert.ExecuteNonQueryAsync(cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task AddLaterAsync(
        NpgsqlConnection connection, string table, string sql, CancellationToken cancellationToken)
    {
        await using var known = new NpgsqlCommand("SELECT to_regclass($1) IS NOT NULL", connection)
            { Parameters = { new() { Value = schema[table] } } };
        if (await known.ExecuteScalarAsync(cancellationToken) is true)
            return;
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await LockAsync(connection, cancellationToken);
        await using var create = new NpgsqlCommand(sql, connection);
        await create.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    // Of two processes that create something at once, one does and the other finds it. Some two hundred relations take
    // their time on a busy server: it is waited for as long as a statement may run, and not as long as for a row.
    private async Task LockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await SetLockTimeoutAsync(connection, 0, cancellationToken);
        await using var alone = new NpgsqlCommand("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", connection)
            { Parameters = { new() { Value = $"pelago journal {schema.Name}" } } };
        await alone.ExecuteNonQueryAsync(cancellationToken);
        await SetLockTimeoutAsync(connection, options.LockTimeoutMilliseconds, cancellationToken);
    }

    // Until the end of the transaction.
    private static async Task SetLockTimeoutAsync(
        NpgsqlConnection connection, int milliseconds, CancellationToken cancellationToken)
    {
        await using var set = new NpgsqlCommand("SELECT set_config('lock_timeout', $1, true)", connection)
        {
            Parameters = { new() { Value = string.Create(CultureInfo.InvariantCulture, $"{milliseconds}ms") } },
        };
        await set.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<KeyRing> ReadKeysAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        byte[] journalId;
        await using (var meta = new NpgsqlCommand($"SELECT journal_id FROM {schema["meta"]}", connection))
            journalId = await meta.ExecuteScalarAsync(cancellationToken) as byte[] ?? [];
        var wrapped = await connection.WrappedKeysAsync(schema, cancellationToken);
        var salts = await connection.SaltsAsync(schema, 0, cancellationToken);
        return await keyOpening.UnwrapAsync(journalId, wrapped, salts, cancellationToken);
    }

    /// <summary>Stores this start's salt. Another process may start at the same moment and take the number.</summary>
    private async Task<Sealer> AddSaltAsync(
        NpgsqlConnection connection, KeyRing keys, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var salt = KeyOpening.NewSalt(keys, keys.NewestDataKey);
            await using var insert = StoreQueries.InsertSalt(connection, schema, salt);
            if (await insert.ExecuteNonQueryAsync(cancellationToken) == 1)
                return KeyOpening.SealerOf(keys, salt);
            if (attempt == SaltAttempts)
                throw new Failure(ErrorCodes.JournalInUse, "Other processes open the journal all the time.",
                    "Stop them.").ToException();
            foreach (var taken in await connection.SaltsAsync(schema, keys.LastSalt, cancellationToken))
                keys.AddSalt(taken.Number, taken.DataKey, taken.Content);
        }
    }

    private async Task<LaneMemory> ReadLanesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var lanes = new LaneMemory();
        await using var select = new NpgsqlCommand(
            $"SELECT lane, {LaneRecord.Columns} FROM {schema["lane"]}", connection);
        await using var row = await select.ExecuteReaderAsync(cancellationToken);
        var seen = 0;
        for (; await row.ReadAsync(cancellationToken); seen++)
        {
            var lane = row.GetInt16(0);
            if (lane is < 0 or >= EntityKey.Lanes)
                throw Damage.Failure($"there is a lane {lane}").ToException();
            lanes[lane] = LaneRecord.Of(row, 1);
        }
        return seen == EntityKey.Lanes ? lanes : throw Damage.Failure("lanes are missing").ToException();
    }
}
