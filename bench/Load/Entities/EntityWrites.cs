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

    /// <summary>P19: P1 with few and with many entities, all of which exist before.</summary>
    public static async Task RunGrowthAsync(
        Report report, IReadOnlyList<int> entities, CancellationToken cancellationToken)
    {
        var small = 0.0;
        foreach (var count in entities)
        {
            var (rate, latencies) = await WriteAsync(JournalStores.Sqlite, cancellationToken, count, filled: true);
            small = small == 0 ? rate : small;
            Report.Progress($"P19 {count:N0} entities: {rate:N0} writes/s, "
                + $"p99 {Report.Quantile(latencies, 0.99):0.0} ms");
            report.Add("P19", $"P1 with {count:N0} entities", rate, "writes/s", latencies.Count, small,
                $"with {entities[0]:N0}");
        }
    }

    /// <summary>Writes a number of events, as fast as they are acknowledged, to each entity in turn.</summary>
    public static async Task FillAsync(
        BenchRegion region, int entities, int events, CancellationToken cancellationToken)
    {
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(async () =>
        {
            for (var i = Interlocked.Increment(ref next); i < events; i = Interlocked.Increment(ref next))
                (await region.Runtime.SendAsync(region.Type, $"customer-{i % entities}", new AddLine("moby-dick"),
                    RequestOptions.Default, cancellationToken)).ValueOrThrow();
        }, cancellationToken)));
    }

    private static async Task<(double Rate, List<double> Latencies)> WriteAsync(
        JournalStore store, CancellationToken cancellationToken, int entities = Entities, bool filled = false)
    {
        await using var region = await BenchRegion.StartAsync(
            "here", ["here"], new NoPeers(), store, cancellationToken);
        if (filled)
            await FillAsync(region, entities, entities, cancellationToken);
        await DriveAsync(region, WarmUp, entities, cancellationToken);
        var started = Stopwatch.GetTimestamp();
        var latencies = await DriveAsync(region, Measured, entities, cancellationToken);
        var elapsed = Stopwatch.GetElapsedTime(started);
        return (latencies.Count / elapsed.TotalSeconds, latencies);
    }

    private static async Task<List<double>> DriveAsync(
        BenchRegion region, TimeSpan length, int entities, CancellationToken cancellationToken)
    {
        var until = Stopwatch.GetTimestamp() + (long)(length.TotalSeconds * Stopwatch.Frequency);
        var all = await Task.WhenAll(Enumerable.Range(0, Writers).Select(w => Task.Run(
            () => WriterAsync(region, w, until, entities, cancellationToken), cancellationToken)));
        return [.. all.SelectMany(l => l).Order()];
    }

    private static async Task<List<double>> WriterAsync(
        BenchRegion region, int writer, long until, int entities, CancellationToken cancellationToken)
    {
        var random = new Random(writer);
        var latencies = new List<double>();
        while (Stopwatch.GetTimestamp() < until)
        {
            var id = $"customer-{random.Next(entities)}";
            var began = Stopwatch.GetTimestamp();
            var reply = await region.Runtime.SendAsync(
                region.Type, id, new AddLine("moby-dick"), RequestOptions.Default, cancellationToken);
            reply.ValueOrThrow();
            latencies.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        return latencies;
    }
}
