using System.Diagnostics;
using Pelago.Entities;

namespace Pelago.Bench.Load;

/// <summary>P1: writes a second through commands, each acknowledged when durable, beside plain appends of rows of
/// the same size in batches of 256.</summary>
public static class EntityWrites
{
    private const int Writers = 256, Entities = 10_000, Rounds = 3;
    private const int ReferenceRows = 256 * 1000, ReferenceBatch = 256, ReferenceRowBytes = 380;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(8);

    /// <summary>Runs reference and product in turn.</summary>
    public static async Task RunAsync(Report report, CancellationToken cancellationToken)
    {
        var (plain, rates, p50, p99) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var round = 1; round <= Rounds; round++)
        {
            var directory = Directory.CreateTempSubdirectory("pelago-bench-").FullName;
            plain.Add(PlainAppend.Run(directory, ReferenceRows, ReferenceBatch, ReferenceRowBytes).RowsPerSecond);
            Directory.Delete(directory, recursive: true);
            var (rate, latencies) = await WriteAsync(JournalStores.Sqlite, cancellationToken);
            rates.Add(rate);
            p50.Add(Report.Quantile(latencies, 0.50));
            p99.Add(Report.Quantile(latencies, 0.99));
            Report.Progress($"P1 round {round}: {rate:N0} writes/s, p99 {p99[^1]:0.0} ms; plain {plain[^1]:N0} rows/s");
        }
        report.Add("P1", "entity writes, durable, encrypted, acknowledged, SQLite", Report.Median(rates), "writes/s",
            Rounds, Report.Median(plain), "plain append, synchronous=FULL, batches of 256");
        report.Add("P1", $"time to acknowledgement p50, {Writers} writers", Report.Median(p50), "ms", Rounds);
        report.Add("P1", $"time to acknowledgement p99, {Writers} writers", Report.Median(p99), "ms", Rounds);
    }

    /// <summary>P2: the same on PostgreSQL, beside plain inserts of rows of the same size in groups of 512 on two
    /// connections, no index, on the same server.</summary>
    public static async Task RunPostgresAsync(Report report, CancellationToken cancellationToken)
    {
        await using var server = await BenchServer.StartAsync(cancellationToken);
        var (plain, rates, p50, p99) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var round = 1; round <= Rounds; round++)
        {
            plain.Add((await PlainInserts.RunAsync(server, connections: 2, ReferenceRows, rowsPerBatch: 512,
                ReferenceRowBytes, cancellationToken)).RowsPerSecond);
            var (rate, latencies) = await WriteAsync(JournalStores.Postgres(server), cancellationToken);
            rates.Add(rate);
            p50.Add(Report.Quantile(latencies, 0.50));
            p99.Add(Report.Quantile(latencies, 0.99));
            Report.Progress($"P2 round {round}: {rate:N0} writes/s, p99 {p99[^1]:0.0} ms; plain {plain[^1]:N0} rows/s");
        }
        report.Add("P2", $"entity writes, durable, encrypted, acknowledged, PostgreSQL {server.Version}",
            Report.Median(rates), "writes/s", Rounds, Report.Median(plain),
            "plain unnest inserts, two connections, batches of 512, no index");
        report.Add("P2", $"time to acknowledgement p50, {Writers} writers", Report.Median(p50), "ms", Rounds);
        report.Add("P2", $"time to acknowledgement p99, {Writers} writers", Report.Median(p99), "ms", Rounds);
    }

    private static async Task<(double Rate, List<double> Latencies)> WriteAsync(
        JournalStore store, CancellationToken cancellationToken)
    {
        await using var region = await BenchRegion.StartAsync(
            "here", ["here"], new NoPeers(), store, cancellationToken);
        await DriveAsync(region, WarmUp, cancellationToken);
        var started = Stopwatch.GetTimestamp();
        var latencies = await DriveAsync(region, Measured, cancellationToken);
        var elapsed = Stopwatch.GetElapsedTime(started);
        return (latencies.Count / elapsed.TotalSeconds, latencies);
    }

    private static async Task<List<double>> DriveAsync(
        BenchRegion region, TimeSpan length, CancellationToken cancellationToken)
    {
        var until = Stopwatch.GetTimestamp() + (long)(length.TotalSeconds * Stopwatch.Frequency);
        var all = await Task.WhenAll(Enumerable.Range(0, Writers).Select(w => Task.Run(
            () => WriterAsync(region, w, until, cancellationToken), cancellationToken)));
        return [.. all.SelectMany(l => l).Order()];
    }

    private static async Task<List<double>> WriterAsync(
        BenchRegion region, int writer, long until, CancellationToken cancellationToken)
    {
        var random = new Random(writer);
        var latencies = new List<double>();
        while (Stopwatch.GetTimestamp() < until)
        {
            var id = $"customer-{random.Next(Entities)}";
            var began = Stopwatch.GetTimestamp();
            var reply = await region.Runtime.SendAsync(
                region.Type, id, new AddLine("moby-dick"), RequestOptions.Default, cancellationToken);
            reply.ValueOrThrow();
            latencies.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        return latencies;
    }
}
