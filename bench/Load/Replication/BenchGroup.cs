using Microsoft.AspNetCore.Builder;
using Pelago.Replication;

namespace Pelago.Bench.Load;

/// <summary>Regions of this process that are connected without delay.</summary>
public sealed class BenchGroup(IReadOnlyList<string> members) : IAsyncDisposable
{
    private const int NobodyListens = 1;

    private readonly Dictionary<string, int> ports = new(StringComparer.Ordinal);
    private readonly List<WebApplication> listeners = [];
    private readonly List<BenchRegion> regions = [];
    private readonly List<PlainDialler> diallers = [];

    /// <summary>The regions that were started.</summary>
    public IReadOnlyList<BenchRegion> Regions => regions;

    /// <summary>Bytes that regions have received of those that they dialled: events, and reports of what is
    /// held.</summary>
    public long ReceivedBytes => diallers.Sum(d => d.ReceivedBytes);

    /// <summary>Starts a member with an empty journal; the others find it by themselves.</summary>
    public async Task<BenchRegion> StartAsync(string name, CancellationToken cancellationToken)
    {
        var dialler = new PlainDialler(name, PortOf, BenchLink.Secret);
        diallers.Add(dialler);
        var region = await BenchRegion.StartAsync(name, members, dialler, cancellationToken);
        regions.Add(region);
        var listener = BenchLink.NewListener();
        listeners.Add(listener);
        var port = await BenchLink.ServeAsync(
            listener, region, [.. members.Where(m => m != name)], cancellationToken);
        lock (ports)
            ports[name] = port;
        return region;
    }

    /// <summary>How many events a region holds: each has a place in one of its lanes.</summary>
    public static async Task<ulong> HeldAsync(BenchRegion region, CancellationToken cancellationToken)
    {
        var held = 0ul;
        foreach (var lane in (await region.Runtime.DescribeAsync(cancellationToken)).Lanes)
            held += lane.Head;
        return held;
    }

    /// <summary>Returns once a region holds so many events.</summary>
    public static async Task UntilHeldAsync(BenchRegion region, ulong events, CancellationToken cancellationToken)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (await HeldAsync(region, cancellationToken) < events)
            await pace.WaitForNextTickAsync(cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var region in regions)
            await region.DisposeAsync();
        foreach (var listener in listeners)
            await listener.DisposeAsync();
    }

    private int PortOf(string name)
    {
        lock (ports)
            return ports.GetValueOrDefault(name, NobodyListens);
    }
}
