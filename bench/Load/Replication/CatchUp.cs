using System.Diagnostics;

namespace Pelago.Bench.Load;

/// <summary>P5: a region with an empty journal catches up with a million events of another one, until all of them are
/// durable and folded there; beside reading as many rows of the same size from one file and inserting them into
/// another. Two runtimes in this process, real HTTP/2, no TLS.</summary>
public static class CatchUp
{
    private const string Origin = "us-east-1", Joiner = "eu-west-1";
    private const int Events = 1_000_000, Entities = 10_000, Rounds = 3;
    private const int ReferenceBatch = 256, ReferenceRowBytes = 380;

    /// <summary>Runs reference and product in turn.</summary>
    public static async Task RunAsync(Report report, CancellationToken cancellationToken)
    {
        var (plain, rates, peaks) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 1; round <= Rounds; round++)
        {
            var directory = Directory.CreateTempSubdirectory("pelago-bench-").FullName;
            PlainAppend.Run(directory, Events, ReferenceBatch, ReferenceRowBytes);
            plain.Add(PlainCopy.Run(directory, ReferenceBatch));
            Directory.Delete(directory, recursive: true);
            var (rate, growth) = await MeasureAsync(cancellationToken);
            rates.Add(rate);
            peaks.Add(growth);
            Report.Progress($"P5 round {round}: {rate:N0} events/s, {growth:N0} MiB more; plain {plain[^1]:N0} rows/s");
        }
        report.Add("P5", $"catch-up of {Events:N0} events into an empty journal", Report.Median(rates), "events/s",
            Rounds, Report.Median(plain), "reading rows of 380 bytes and inserting them in batches of 256");
        report.Add("P5", "memory of both regions' process, more than before the catch-up, at its most",
            Report.Median(peaks), "MiB", Rounds);
    }

    private static async Task<(double Rate, double GrowthMebibytes)> MeasureAsync(CancellationToken cancellationToken)
    {
        await using var group = new BenchGroup([Joiner, Origin]);
        var origin = await group.StartAsync(Origin, cancellationToken);
        await EntityWrites.FillAsync(origin, Entities, Events, cancellationToken);
        GC.Collect();
        using var watching = new CancellationTokenSource();
        var watch = PeakAsync(watching.Token);
        var before = Environment.WorkingSet;
        var started = Stopwatch.GetTimestamp();
        var joiner = await group.StartAsync(Joiner, cancellationToken);
        await BenchGroup.UntilHeldAsync(joiner, Events, cancellationToken);
        var rate = Events / Stopwatch.GetElapsedTime(started).TotalSeconds;
        await watching.CancelAsync();
        return (rate, (await watch - before) / (double)(1 << 20));
    }

    private static async Task<long> PeakAsync(CancellationToken cancellationToken)
    {
        var peak = 0L;
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!cancellationToken.IsCancellationRequested)
        {
            peak = Math.Max(peak, Environment.WorkingSet);
            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
        return peak;
    }
}
