using Npgsql;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Short reads that several stations need.</summary>
internal static class StoreQueries
{
    /// <summary>Origins after a number.</summary>
    public static async Task<List<OriginRow>> OriginsAsync(
        this NpgsqlConnection connection, PostgresSchema schema, int after, CancellationToken cancellationToken)
    {
        var found = new List<OriginRow>();
        await using var select = new NpgsqlCommand(
            $"SELECT number, life, salt, nonce, sealed FROM {schema["origin"]} WHERE number > $1 ORDER BY number",
            connection) { Parameters = { new() { Value = after } } };
        await using var row = await select.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
            found.Add(new OriginRow(
                row.GetInt32(0), row.GetInt64(1), row.GetInt32(2), row.GetInt64(3), row.Bytes(4)));
        return found;
    }

    /// <summary>Every key, wrapped.</summary>
    public static async Task<List<WrappedKeyRow>> WrappedKeysAsync(
        this NpgsqlConnection connection, PostgresSchema schema, CancellationToken cancellationToken)
    {
        var found = new List<WrappedKeyRow>();
        await using var select = new NpgsqlCommand(
            $"SELECT number, purpose, kek, content, made_at FROM {schema["wrapped_key"]} ORDER BY number", connection);
        await using var row = await select.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            found.Add(new WrappedKeyRow(
                row.GetInt64(0), row.GetInt32(1), row.GetString(2), row.Bytes(3), row.GetInt64(4)));
        }
        return found;
    }

    /// <summary>Inserts a key; none when its number is taken.</summary>
    public static NpgsqlCommand InsertKey(NpgsqlConnection connection, PostgresSchema schema, WrappedKeyRow key)
        => new($"INSERT INTO {schema["wrapped_key"]} (number, purpose, kek, content, made_at) "
            + "VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING", connection)
        {
            Parameters =
            {
                new() { Value = key.Number }, new() { Value = (int)key.Purpose }, new() { Value = key.Kek },
                new() { Value = key.Content }, new() { Value = key.MadeAt },
            },
        };

    /// <summary>Inserts a salt; none when its number is taken.</summary>
    public static NpgsqlCommand InsertSalt(NpgsqlConnection connection, PostgresSchema schema, SaltRow salt)
        => new($"INSERT INTO {schema["salt"]} VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", connection)
        {
            Parameters =
            {
                new() { Value = (int)salt.Number }, new() { Value = salt.DataKey }, new() { Value = salt.Content },
            },
        };

    /// <summary>Salts after a number.</summary>
    public static async Task<List<SaltRow>> SaltsAsync(
        this NpgsqlConnection connection, PostgresSchema schema, long after, CancellationToken cancellationToken)
    {
        var found = new List<SaltRow>();
        await using var select = new NpgsqlCommand(
            $"SELECT number, data_key, content FROM {schema["salt"]} WHERE number > $1 ORDER BY number", connection)
            { Parameters = { new() { Value = (int)after } } };
        await using var row = await select.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
            found.Add(new SaltRow(row.GetInt32(0), row.GetInt64(1), row.Bytes(2)));
        return found;
    }

    /// <summary>A lane's effect marks.</summary>
    public static async Task<List<EffectMarkRow>> MarksAsync(
        this NpgsqlConnection connection, PostgresSchema schema, int lane, CancellationToken cancellationToken)
    {
        var found = new List<EffectMarkRow>();
        await using var select = new NpgsqlCommand(
            $"SELECT {EffectMarkRow.Columns} FROM {schema["effect_mark"]} WHERE lane = {lane}", connection);
        await using var row = await select.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
            found.Add(new EffectMarkRow(
                row.GetInt32(0), row.GetInt64(1), row.GetInt32(2), row.GetInt64(3), row.Bytes(4)));
        return found;
    }

    /// <summary>The newest of all notes.</summary>
    public static async Task<NoteMark?> NewestNoteAsync(
        this NpgsqlConnection connection, PostgresSchema schema, CancellationToken cancellationToken)
    {
        await using var select = new NpgsqlCommand(
            $"SELECT salt, nonce FROM {schema["note"]} ORDER BY salt DESC, nonce DESC LIMIT 1", connection);
        await using var row = await select.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken) ? new NoteMark(row.GetInt32(0), row.GetInt64(1)) : null;
    }

    /// <summary>Rows of the conflict ledger after a number, oldest first.</summary>
    public static async Task<List<ConflictRow>> ConflictsAsync(this NpgsqlConnection connection, PostgresSchema schema,
        string condition, long after, int limit, CancellationToken cancellationToken)
    {
        var found = new List<ConflictRow>();
        await using var select = new NpgsqlCommand($"SELECT {ConflictRow.Columns} FROM {schema["conflict"]} "
            + $"WHERE number > $1 AND {condition} ORDER BY number LIMIT $2", connection)
            { Parameters = { new() { Value = after }, new() { Value = limit } } };
        await using var row = await select.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
            found.Add(new ConflictRow(row.GetInt64(0), row.GetInt32(1), row.GetInt32(2), row.GetInt64(3),
                row.GetInt64(4), row.GetInt32(5), row.GetInt64(6), row.Bytes(7), row.GetInt64(8)));
        return found;
    }

    /// <summary>Entities by number; those that are missing, damaged or altered are left out.</summary>
    public static async Task<Dictionary<long, EntityKey>> KeysAsync(this NpgsqlConnection connection,
        PostgresParts parts, Opener opener, IEnumerable<long> numbers, CancellationToken cancellationToken)
    {
        var found = new Dictionary<long, EntityKey>();
        var wanted = new HashSet<long>();
        foreach (var number in numbers)
        {
            if (parts.Cache.TryFind(number, out var entry))
                found[number] = entry.Key;
            else
                wanted.Add(number);
        }
        if (wanted.Count == 0)
            return found;
        await using var select = new NpgsqlCommand(
            $"SELECT e.number, e.lane, e.hash, e.salt, e.nonce, e.sealed FROM {parts.Schema["entity"]} e "
            + $"JOIN unnest($1) n ON e.lane = n % {EntityKey.Lanes} AND e.number = n", connection)
            { Parameters = { new() { Value = wanted.ToArray() } } };
        await using var row = await select.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            var number = row.GetInt64(0);
            if (!EntityBox.TryOpen(opener, number, row.GetInt16(1), row.Bytes(2), row.GetInt32(3), row.GetInt64(4),
                row.Bytes(5), out var key))
                continue;
            found[number] = key;
            parts.Cache.Add(new EntityEntry(key, number));
        }
        return found;
    }

    /// <summary>A column of bytes.</summary>
    public static byte[] Bytes(this NpgsqlDataReader row, int column) => row.GetFieldValue<byte[]>(column);

    /// <summary>A hash as the store keeps it.</summary>
    public static byte[] ToBytes(this UInt128 hash)
    {
        var bytes = new byte[EntityBox.HashBytes];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, hash);
        return bytes;
    }
}
