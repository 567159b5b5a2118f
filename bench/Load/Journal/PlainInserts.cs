using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;

namespace Pelago.Bench.Load;

/// <summary>The reference on PostgreSQL: rows of one size appended with <c>unnest</c> to a table without any index, a
/// transaction a group, prepared. What the server gives at best.</summary>
public static class PlainInserts
{
    /// <summary>Appends on some connections at once and measures each transaction.</summary>
    public static async Task<Figures> RunAsync(BenchServer server, int connections, int rows, int rowsPerBatch,
        int rowBytes, CancellationToken cancellationToken)
    {
        await server.ExecuteAsync("DROP TABLE IF EXISTS plain; CREATE TABLE plain (id bigint NOT NULL, "
            + "body bytea NOT NULL); ALTER TABLE plain ALTER body SET STORAGE EXTERNAL", cancellationToken);
        var started = Stopwatch.GetTimestamp();
        var commits = await Task.WhenAll(Enumerable.Range(0, connections).Select(c => Task.Run(
            () => AppendAsync(server, c, rows / connections, rowsPerBatch, rowBytes, cancellationToken),
            cancellationToken)));
        return Figures.Of(rows, Stopwatch.GetElapsedTime(started), [.. commits.SelectMany(c => c)]);
    }

    private static async Task<List<double>> AppendAsync(BenchServer server, int seed, int rows, int rowsPerBatch,
        int rowBytes, CancellationToken cancellationToken)
    {
        await using var connection = await server.OpenAsync(cancellationToken);
        var (ids, bodies, random) = (new long[rowsPerBatch], new byte[rowsPerBatch][], new Random(seed));
        for (var i = 0; i < rowsPerBatch; i++)
            random.NextBytes(bodies[i] = new byte[rowBytes]);
        await using var insert = new NpgsqlCommand("INSERT INTO plain SELECT * FROM unnest($1, $2)", connection);
        insert.Parameters.Add(new() { Value = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        insert.Parameters.Add(new() { Value = bodies, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        await insert.PrepareAsync(cancellationToken);
        var commits = new List<double>(rows / rowsPerBatch);
        for (var written = 0; written < rows; written += rowsPerBatch)
        {
            for (var i = 0; i < rowsPerBatch; i++)
                ids[i] = written + i;
            var began = Stopwatch.GetTimestamp();
            await insert.ExecuteNonQueryAsync(cancellationToken);
            commits.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        return commits;
    }
}
