namespace Pelago.Bench.Load;

/// <summary>What needs a whole world: how long it takes to be ready and how much memory it has (P16), and what the
/// ingress costs a write (P3, without a bar).</summary>
public static class WorldFigures
{
    private const string Region = "us-east-1";
    private const int Rounds = 3;

    /// <summary>P16: starts a world several times.</summary>
    public static async Task StartsAsync(Report report, CancellationToken cancellationToken)
    {
        var (seconds, memory, processes) = (new List<double>(), new List<double>(), 0);
        for (var round = 1; round <= Rounds; round++)
        {
            await using var world = await BenchWorld.StartAsync(cancellationToken);
            seconds.Add(world.ReadySeconds);
            memory.Add(world.MemoryMebibytes());
            processes = world.Processes;
            Report.Progress($"P16 round {round}: ready after {seconds[^1]:0.0} s, {memory[^1]:0} MiB");
        }
        report.Add("P16", "'pelago up' to ready, built before", Report.Median(seconds), "s", Rounds);
        report.Add("P16", $"memory of the whole world, {processes} processes", Report.Median(memory), "MiB", Rounds);
    }

    /// <summary>P3 through the ingress, beside the same instance without it; both replicate to two other
    /// regions.</summary>
    public static async Task IngressAsync(Report report, CancellationToken cancellationToken)
    {
        await using var world = await BenchWorld.StartAsync(cancellationToken);
        // A first run that does not count: in a young process whichever comes first would look slow.
        await CartLoad.RunAsync(world.Public(Region), world.Tls(Region), cancellationToken);
        var direct = await CartLoad.RunAsync(world.Instance(Region), tls: null, cancellationToken);
        var through = await CartLoad.RunAsync(world.Public(Region), world.Tls(Region), cancellationToken);
        Report.Progress($"P3 in a world: {through.Rate:N0} writes/s through the ingress, {direct.Rate:N0} without");
        report.Add("P3", "cart writes in a world of three regions, HTTPS through the ingress", through.Rate,
            "writes/s", 1, direct.Rate, "the same instance without the ingress");
        report.Add("P3", "answer p99 through the ingress", through.P99, "ms", 1, direct.P99, "without the ingress");
    }
}
