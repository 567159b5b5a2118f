using Npgsql;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Counts what a journal holds.</summary>
internal sealed class PostgresCounting(PostgresParts parts, ServerReader reader)
{
    private readonly StatsCounts counts = new(parts.Keys);

    public async Task<JournalStats> RunAsync(IProgress<long>? progress, CancellationToken cancellationToken)
    {
        await reader.RefreshAsync(cancellationToken); // another process may have added keys and salts
        // Counting may last; its session is not used for anything else afterwards.
        await using (var patience = Command("SET statement_timeout = 0"))
            await patience.ExecuteNonQueryAsync(cancellationToken);
        var heads = new ulong[EntityKey.Lanes];
        await EachAsync($"SELECT lane, head FROM {parts.Schema["lane"]}",
            r => heads[r.GetInt16(0)] = (ulong)r.GetInt64(1), cancellationToken);
        await EachAsync($"SELECT salt, count(*), min(timestamp), max(timestamp) FROM {parts.Schema["event"]} "
            + "GROUP BY salt", r => counts.AddRows(r.GetInt32(0), r.GetInt64(1), r.GetInt64(2), r.GetInt64(3)),
            cancellationToken);
        progress?.Report(counts.Rows);
        foreach (var table in StatsCounts.SideTables)
        {
            await EachAsync($"SELECT salt, count(*) FROM {parts.Schema[table]} GROUP BY salt",
                r => counts.AddRecords(table, r.GetInt32(0), r.GetInt64(1)), cancellationToken);
        }
        var bytes = 0L;
        await EachAsync("SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c "
            + $"WHERE c.relnamespace = '{parts.Schema.Name}'::regnamespace AND c.relkind = 'r'",
            r => bytes = r.GetInt64(0), cancellationToken);
        var wrapped = await reader.Connection.WrappedKeysAsync(parts.Schema, cancellationToken);
        await reader.BreakAsync();
        return counts.ToStats(bytes, heads, wrapped);
    }

    private async Task EachAsync(string sql, Action<NpgsqlDataReader> each, CancellationToken cancellationToken)
    {
        await using var select = Command(sql);
        await using var row = await select.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
            each(row);
    }

    private NpgsqlCommand Command(string sql) => new(sql, reader.Connection) { CommandTimeout = 0 };
}
