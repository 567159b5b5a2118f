using System.Diagnostics;
using Pelago.Entities;

namespace Pelago.Bench.Load;

/// <summary>P19: what an event costs a region that takes it, in groups of two to eight regions that together write as
/// much. All regions in this process, each writing its share; processor time and bytes are those of everything divided
/// by the events that all regions together took.</summary>
public static class RegionGrowth
{
    private const int PerSecond = 1_600, Entities = 1_000;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(10);

    /// <summary>Runs and reports.</summary>
    public static async Task RunAsync(Report report, CancellationToken cancellationToken)
    {
        var (first, firstBytes) = (0.0, 0.0);
        foreach (var count in (int[])[2, 4, 8])
        {
            var (microseconds, bytes, events) = await MeasureAsync(count, cancellationToken);
            (first, firstBytes) = first == 0 ? (microseconds, bytes) : (first, firstBytes);
            Report.Progress($"P19 {count} regions: {microseconds:N0} us and {bytes:N0} bytes for an event in a region");
            report.Add("P19", $"processor time for an event in a region, {count} regions, {PerSecond:N0} events/s",
                microseconds, "us", events, first, "2 regions");
            report.Add("P19", $"bytes received for an event in a region, {count} regions", bytes, "bytes", events,
                firstBytes, "2 regions");
        }
    }

    private static async Task<(double Microseconds, double Bytes, long Events)> MeasureAsync(
        int count, CancellationToken cancellationToken)
    {
        string[] members = [.. Enumerable.Range(1, count).Select(i => $"region-{i}")];
        await using var group = new BenchGroup(members);
        foreach (var member in members)
            await group.StartAsync(member, cancellationToken);
        foreach (var region in group.Regions)
            await BenchLink.UntilLiveAsync(region, cancellationToken);
        var warm = await DriveAsync(group, WarmUp, cancellationToken);
        await UntilAllHoldAsync(group, warm, cancellationToken);
        var (bytes, processor) = (group.ReceivedBytes, Process.GetCurrentProcess().TotalProcessorTime);
        var written = await DriveAsync(group, Measured, cancellationToken);
        await UntilAllHoldAsync(group, warm + written, cancellationToken);
        processor = Process.GetCurrentProcess().TotalProcessorTime - processor;
        bytes = group.ReceivedBytes - bytes;
        return (processor.TotalMicroseconds / (written * count), bytes / (double)(written * (count - 1)), written);
    }

    // Also those of the warm-up: what is on its way then would be counted as measured.
    private static async Task UntilAllHoldAsync(BenchGroup group, long events, CancellationToken cancellationToken)
    {
        foreach (var region in group.Regions)
        {
            await BenchGroup.UntilHeldAsync(region, (ulong)events, cancellationToken);
            if (await BenchGroup.HeldAsync(region, cancellationToken) is var held && held != (ulong)events)
                throw new InvalidOperationException($"{held} events are held, {events} were written.");
        }
    }

    private static async Task<long> DriveAsync(BenchGroup group, TimeSpan length, CancellationToken cancellationToken)
    {
        var random = new Random(1);
        var started = Stopwatch.GetTimestamp();
        var writes = new List<Task>();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (Stopwatch.GetElapsedTime(started) < length && await pace.WaitForNextTickAsync(cancellationToken))
        {
            var due = (int)(Stopwatch.GetElapsedTime(started).TotalSeconds * PerSecond);
            while (writes.Count < due)
            {
                var region = group.Regions[writes.Count % group.Regions.Count];
                writes.Add(WriteAsync(region, random.Next(Entities), cancellationToken));
            }
        }
        await Task.WhenAll(writes);
        return writes.Count;
    }

    private static async Task WriteAsync(BenchRegion region, int number, CancellationToken cancellationToken)
    {
        await Task.Yield();
        (await region.Runtime.SendAsync(region.Type, $"customer-{number}", new AddLine("moby-dick"),
            RequestOptions.Default, cancellationToken)).ValueOrThrow();
    }
}
