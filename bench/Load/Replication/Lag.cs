using System.Diagnostics;
using System.Globalization;
using Pelago.Drills;
using Pelago.Entities;
using Pelago.Model;

namespace Pelago.Bench.Load;

/// <summary>P4: from durable at the origin to durable and readable at the peer, at 2,000 events a second over an
/// emulated link, beyond its one-way time. Two runtimes in this process, real HTTP/2 through the emulator, no TLS. A
/// reader at the peer waits under the write's own causality token, so what is measured is what a client sees.</summary>
public static class Lag
{
    private const string Origin = "us-east-1", Peer = "eu-west-1";
    private const int PerSecond = 2_000, Entities = 1_000, FsyncSamples = 200;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(15);

    /// <summary>Runs and reports.</summary>
    public static async Task RunAsync(Report report, CancellationToken cancellationToken)
    {
        var figures = await MeasureAsync(Entities, filled: false, cancellationToken);
        var (link, beyond) = (Link(figures.OneWay), figures.Beyond);
        report.Add("P4", $"durable at origin to readable at peer, beyond one way, p50 ({link})",
            Report.Quantile(beyond, 0.5), "ms", beyond.Count, figures.Fsync, "one fsync of 4 KiB (median)");
        report.Add("P4", $"durable at origin to readable at peer, beyond one way, p99 ({link})",
            Report.Quantile(beyond, 0.99), "ms", beyond.Count, figures.Fsync, "one fsync of 4 KiB (median)");
    }

    /// <summary>P19: the same with few and with many entities, all of which exist before.</summary>
    public static async Task RunGrowthAsync(
        Report report, IReadOnlyList<int> entities, CancellationToken cancellationToken)
    {
        var small = new LagFigures([], 0, 0);
        foreach (var count in entities)
        {
            var figures = await MeasureAsync(count, filled: true, cancellationToken);
            small = small.Beyond.Count == 0 ? figures : small;
            Report.Progress(string.Create(CultureInfo.InvariantCulture,
                $"P19 {count:N0} entities: lag p50 {figures.P50:0.0} ms, p99 {figures.P99:0.0} ms"));
            report.Add("P19", $"P4's p50 with {count:N0} entities", figures.P50, "ms", figures.Beyond.Count, small.P50,
                $"with {entities[0]:N0}");
            report.Add("P19", $"P4's p99 with {count:N0} entities", figures.P99, "ms", figures.Beyond.Count, small.P99,
                $"with {entities[0]:N0}");
        }
    }

    private static string Link(double oneWay)
        => string.Create(CultureInfo.InvariantCulture, $"{PerSecond:N0} events/s, {oneWay:0.#} ms one way");

    private static async Task<LagFigures> MeasureAsync(
        int entities, bool filled, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var there = BenchLink.NewListener();
        var here = BenchLink.NewListener();
        var ports = new Dictionary<string, int>(StringComparer.Ordinal);
        string[] members = [Peer, Origin];
        var origin = await BenchRegion.StartAsync(
            Origin, members, new PlainDialler(Origin, p => ports[p], BenchLink.Secret), cancellationToken);
        var peer = await BenchRegion.StartAsync(
            Peer, members, new PlainDialler(Peer, p => ports[p], BenchLink.Secret), cancellationToken);
        var originPort = await BenchLink.ServeAsync(here, origin, [Peer], cancellationToken);
        var peerPort = await BenchLink.ServeAsync(there, peer, [Origin], cancellationToken);
        using var wan = new WideAreaNetwork(
            new WanConfig(0, "", "aws",
            [
                new WanLink(Origin, Peer, 0, Endpoint.Loopback(peerPort)),
                new WanLink(Peer, Origin, 0, Endpoint.Loopback(originPort)),
            ]),
            Directory.CreateTempSubdirectory("pelago-bench-").FullName, TimeProvider.System, new WanOptions());
        var oneWay = wan.Report().Directions.Single(d => d.From == Origin && d.To == Peer).DelayMs;
        foreach (var link in wan.Report().Links)
            ports[link.To] = link.Port;
        var running = wan.RunAsync(ending.Token);
        await BenchLink.UntilLiveAsync(peer, cancellationToken);
        if (filled)
        {
            await EntityWrites.FillAsync(origin, entities, entities, cancellationToken);
            await BenchLink.UntilLiveAsync(peer, cancellationToken);
        }
        await DriveAsync(origin, peer, WarmUp, entities, cancellationToken);
        var beyond = await DriveAsync(origin, peer, Measured, entities, cancellationToken);
        var fsync = Fsync(origin.DataDirectory);
        await peer.DisposeAsync();
        await origin.DisposeAsync();
        await here.DisposeAsync();
        await there.DisposeAsync();
        await ending.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return new LagFigures([.. beyond.Select(ms => ms - oneWay).Order()], oneWay, fsync);
    }

    // Open loop: writes start on schedule, whether earlier ones are done or not.
    private static async Task<List<double>> DriveAsync(
        BenchRegion origin, BenchRegion peer, TimeSpan length, int entities, CancellationToken cancellationToken)
    {
        var random = new Random(1);
        var started = Stopwatch.GetTimestamp();
        var lags = new Lags((int)(length.TotalSeconds * PerSecond) + PerSecond);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (Stopwatch.GetElapsedTime(started) < length && await pace.WaitForNextTickAsync(cancellationToken))
        {
            var due = (int)(Stopwatch.GetElapsedTime(started).TotalSeconds * PerSecond);
            while (lags.Begun < due)
                lags.Begin(WriteAsync(origin, peer, random.Next(entities), cancellationToken));
        }
        return await lags.AllAsync();
    }

    private static async Task<double> WriteAsync(
        BenchRegion origin, BenchRegion peer, int number, CancellationToken cancellationToken)
    {
        await Task.Yield();
        var id = $"customer-{number}";
        var written = await origin.Runtime.SendAsync(
            origin.Type, id, new AddLine("moby-dick"), RequestOptions.Default, cancellationToken);
        var durable = Stopwatch.GetTimestamp();
        written.ValueOrThrow();
        var read = await peer.Runtime.ReadAsync(peer.Type, id, view => view.Count,
            new RequestOptions { Token = written.Token, Deadline = TimeSpan.FromSeconds(30) }, cancellationToken);
        read.ValueOrThrow();
        return Stopwatch.GetElapsedTime(durable).TotalMilliseconds;
    }

    private static double Fsync(string directory)
    {
        using var file = new FileStream(Path.Combine(directory, "fsync"), FileMode.Create);
        var block = new byte[4096];
        var times = new List<double>();
        for (var i = 0; i < FsyncSamples; i++)
        {
            file.Write(block);
            var began = Stopwatch.GetTimestamp();
            file.Flush(flushToDisk: true);
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        return Report.Median(times);
    }

    // Keeps a number of each write and not its task: thirty thousand of these would be what the collector copies.
    private sealed class Lags(int capacity)
    {
        private readonly double[] milliseconds = new double[capacity];
        private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int open = 1; // this one until all have begun

        public int Begun { get; private set; }

        public void Begin(Task<double> write)
        {
            Interlocked.Increment(ref open);
            _ = WaitAsync(write, Begun++);
        }

        public async Task<List<double>> AllAsync()
        {
            End();
            await done.Task;
            return [.. milliseconds.AsSpan(0, Begun)];
        }

        private async Task WaitAsync(Task<double> write, int number)
        {
            try
            {
                milliseconds[number] = await write;
                End();
            }
            catch (Exception e)
            {
                done.TrySetException(e);
            }
        }

        private void End()
        {
            if (Interlocked.Decrement(ref open) == 0)
                done.TrySetResult();
        }
    }

    private sealed record LagFigures(List<double> Beyond, double OneWay, double Fsync)
    {
        public double P50 => Report.Quantile(Beyond, 0.5);

        public double P99 => Report.Quantile(Beyond, 0.99);
    }
}
