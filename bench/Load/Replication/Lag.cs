using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pelago.Drills;
using Pelago.Entities;
using Pelago.Model;

namespace Pelago.Bench.Load;

/// <summary>P4: from durable at the origin to durable and readable at the peer, at 2,000 events a second over an
/// emulated link, beyond its one-way time. Two runtimes in this process, real HTTP/2 through the emulator, no TLS. A
/// reader at the peer waits under the write's own causality token, so what is measured is what a client sees.</summary>
public static class Lag
{
    private const string Origin = "us-east-1", Peer = "eu-west-1", Secret = "bench";
    private const int PerSecond = 2_000, Entities = 1_000, FsyncSamples = 200;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(15);

    /// <summary>Runs and reports.</summary>
    public static async Task RunAsync(Report report, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var there = NewListener();
        var here = NewListener();
        var ports = new Dictionary<string, int>(StringComparer.Ordinal);
        string[] members = [Peer, Origin];
        var origin = await BenchRegion.StartAsync(
            Origin, members, new PlainDialler(Origin, p => ports[p], Secret), cancellationToken);
        var peer = await BenchRegion.StartAsync(
            Peer, members, new PlainDialler(Peer, p => ports[p], Secret), cancellationToken);
        var originPort = await ServeAsync(here, origin, Peer, cancellationToken);
        var peerPort = await ServeAsync(there, peer, Origin, cancellationToken);
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
        await UntilLiveAsync(peer, cancellationToken);
        await DriveAsync(origin, peer, WarmUp, cancellationToken);
        var beyond = await DriveAsync(origin, peer, Measured, cancellationToken);
        beyond = [.. beyond.Select(ms => ms - oneWay).Order()];
        var fsync = Fsync(origin.DataDirectory);
        await peer.DisposeAsync();
        await origin.DisposeAsync();
        await here.DisposeAsync();
        await there.DisposeAsync();
        await ending.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Add(report, beyond, oneWay, fsync);
    }

    private static void Add(Report report, List<double> beyond, double oneWay, double fsync)
    {
        var link = string.Create(CultureInfo.InvariantCulture, $"{PerSecond:N0} events/s, {oneWay:0.#} ms one way");
        report.Add("P4", $"durable at origin to readable at peer, beyond one way, p50 ({link})",
            Report.Quantile(beyond, 0.5), "ms", beyond.Count, fsync, "one fsync of 4 KiB (median)");
        report.Add("P4", $"durable at origin to readable at peer, beyond one way, p99 ({link})",
            Report.Quantile(beyond, 0.99), "ms", beyond.Count, fsync, "one fsync of 4 KiB (median)");
    }

    // Open loop: writes start on schedule, whether earlier ones are done or not.
    private static async Task<List<double>> DriveAsync(
        BenchRegion origin, BenchRegion peer, TimeSpan length, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var writes = new List<Task<double>>();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (Stopwatch.GetElapsedTime(started) < length && await pace.WaitForNextTickAsync(cancellationToken))
        {
            var due = (int)(Stopwatch.GetElapsedTime(started).TotalSeconds * PerSecond);
            while (writes.Count < due)
                writes.Add(WriteAsync(origin, peer, writes.Count, cancellationToken));
        }
        return [.. await Task.WhenAll(writes)];
    }

    private static async Task UntilLiveAsync(BenchRegion region, CancellationToken cancellationToken)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await pace.WaitForNextTickAsync(cancellationToken))
        {
            var status = await region.Runtime.DescribeAsync(cancellationToken);
            if (status.Peers.All(p => p.State == "Live"))
                return;
        }
    }

    private static async Task<double> WriteAsync(
        BenchRegion origin, BenchRegion peer, int number, CancellationToken cancellationToken)
    {
        await Task.Yield();
        var id = $"customer-{number % Entities}";
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

    private static WebApplication NewListener()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore().AddLogging();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.Http2.InitialStreamWindowSize = 16 * 1024 * 1024;
            kestrel.Limits.Http2.InitialConnectionWindowSize = 16 * 1024 * 1024;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        var app = builder.Build();
        app.UseRouting();
        return app;
    }

    private static async Task<int> ServeAsync(
        WebApplication app, BenchRegion region, string peer, CancellationToken cancellationToken)
    {
        var known = new PeerRegion(peer, $"{peer}.apps", $"{peer}.platform", 0, Endpoint.Loopback(0));
        app.MapReplication(region.Runtime, new ReplicationAccess(Secret, "bench", "load", () => [known]));
        await app.StartAsync(cancellationToken);
        return new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!
            .Addresses.Single()).Port;
    }
}
