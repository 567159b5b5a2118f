using Npgsql;

namespace Pelago.Journal;

/// <summary>The keys of a journal in PostgreSQL: read and changed while nothing else is written, each time in one
/// transaction. When its answer is lost, whoever renews hears so and tries again; a key that was stored all the same
/// lies there unused.</summary>
internal sealed class PostgresKeys(PostgresParts parts, PostgresWriter writer) : IKeyTable
{
    /// <inheritdoc />
    public async Task<IReadOnlyList<WrappedKeyRow>> ReadAsync(CancellationToken cancellationToken)
        => await writer.AloneAsync(async connection =>
        {
            using var opener = new Opener(parts.Keys);
            await StoreRefresh.RunAsync(connection, parts, opener, cancellationToken);
            return await connection.WrappedKeysAsync(parts.Schema, cancellationToken);
        }, cancellationToken);

    /// <inheritdoc />
    public async Task<bool> AddAsync(WrappedKeyRow row, byte[] key, CancellationToken cancellationToken)
        => await writer.AloneAsync(async connection =>
        {
            var salt = KeyOpening.NewSalt(parts.Keys, row.Number);
            await using (var transaction = await connection.BeginTransactionAsync(cancellationToken))
            {
                await using var insert = Insert(connection, row);
                await using var insertSalt = Insert(connection, salt);
                if (await insert.ExecuteNonQueryAsync(cancellationToken) != 1
                    || await insertSalt.ExecuteNonQueryAsync(cancellationToken) != 1)
                    return false;
                await transaction.CommitAsync(CancellationToken.None);
            }
            parts.Keys.AddDataKey(row.Number, key, row.MadeAt);
            KeyOpening.Switch(parts.Sealer, parts.Keys, salt);
            return true;
        }, cancellationToken);

    /// <inheritdoc />
    public async Task<bool> ReplaceAsync(
        IReadOnlyList<(WrappedKeyRow From, WrappedKeyRow To)> keys, CancellationToken cancellationToken)
        => await writer.AloneAsync(async connection =>
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            foreach (var (from, to) in keys)
            {
                await using var update = new NpgsqlCommand(
                    $"UPDATE {parts.Schema["wrapped_key"]} SET kek = $1, content = $2 "
                    + "WHERE number = $3 AND content = $4", connection)
                {
                    Parameters =
                    {
                        new() { Value = to.Kek }, new() { Value = to.Content }, new() { Value = from.Number },
                        new() { Value = from.Content },
                    },
                };
                if (await update.ExecuteNonQueryAsync(cancellationToken) != 1)
                    return false;
            }
            await transaction.CommitAsync(CancellationToken.None);
            return true;
        }, cancellationToken);

    private NpgsqlCommand Insert(NpgsqlConnection connection, WrappedKeyRow row)
        => StoreQueries.InsertKey(connection, parts.Schema, row);

    private NpgsqlCommand Insert(NpgsqlConnection connection, SaltRow salt)
        => StoreQueries.InsertSalt(connection, parts.Schema, salt);
}
