using System.Diagnostics;
using System.Net.Security;

namespace Pelago.Bench.Load;

/// <summary>Cart writes as fast as some keep-alive connections allow.</summary>
public static class CartLoad
{
    /// <summary>Connections at once, each with one request under way.</summary>
    public const int Connections = 64;

    private const int Carts = 10_000;

    // So long is half of the processor's time spent on compiling what is hot once more (tiered compilation).
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(8);

    /// <summary>Warms up, then measures.</summary>
    public static async Task<(double Rate, double P99)> RunAsync(
        Uri target, SslClientAuthenticationOptions? tls, CancellationToken cancellationToken)
    {
        await DriveAsync(target, tls, WarmUp, cancellationToken);
        var started = Stopwatch.GetTimestamp();
        var latencies = await DriveAsync(target, tls, Measured, cancellationToken);
        return (latencies.Count / Stopwatch.GetElapsedTime(started).TotalSeconds, Report.Quantile(latencies, 0.99));
    }

    private static async Task<List<double>> DriveAsync(
        Uri target, SslClientAuthenticationOptions? tls, TimeSpan length, CancellationToken cancellationToken)
    {
        var until = Stopwatch.GetTimestamp() + (long)(length.TotalSeconds * Stopwatch.Frequency);
        var all = await Task.WhenAll(Enumerable.Range(0, Connections).Select(c => Task.Run(
            () => ConnectionAsync(target, tls, c, until, cancellationToken), cancellationToken)));
        return [.. all.SelectMany(l => l).Order()];
    }

    private static async Task<List<double>> ConnectionAsync(
        Uri target, SslClientAuthenticationOptions? tls, int number, long until, CancellationToken cancellationToken)
    {
        using var client = new RawHttpClient(target, tls);
        await client.ConnectAsync(cancellationToken);
        var random = new Random(number);
        var latencies = new List<double>();
        while (Stopwatch.GetTimestamp() < until)
        {
            var request = client.Request(
                $"/carts/{random.Next(Carts)}/items", $$"""{"sku":"book-{{random.Next(20)}}","quantity":1}""");
            var began = Stopwatch.GetTimestamp();
            var status = await client.SendAsync(request, cancellationToken);
            if (status != 200)
                throw new InvalidOperationException($"The server answered {status}.");
            latencies.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        return latencies;
    }
}
