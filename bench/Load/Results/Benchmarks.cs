namespace Pelago.Bench.Load;

/// <summary>The figures by id, each with its reference.</summary>
public static class Benchmarks
{
    /// <summary>Ids of all of them, in the order in which <c>all</c> measures them.</summary>
    public static IReadOnlyList<string> Known { get; }
        = ["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P16", "P17", "P19"];

    /// <summary>Measures one in this process.</summary>
    /// <exception cref="ArgumentException">There is no such figure.</exception>
    public static async Task RunAsync(Report report, string id, CancellationToken cancellationToken)
    {
        Report.Progress($"{id} …");
        switch (id)
        {
            case "P1":
                await EntityWrites.RunAsync(report, cancellationToken);
                break;
            case "P2":
                await EntityWrites.RunPostgresAsync(report, cancellationToken);
                break;
            case "P3":
                await HttpWrites.RunAsync(report, cancellationToken);
                await WorldFigures.IngressAsync(report, cancellationToken);
                break;
            case "P4":
                await Lag.RunAsync(report, cancellationToken);
                break;
            case "P5":
                await CatchUp.RunAsync(report, cancellationToken);
                break;
            case "P6":
                WireBytes.Run(report);
                break;
            case "P7":
                IdleEntities.Run(report);
                break;
            case "P17":
                await SwarmSpeed.RunAsync(report, cancellationToken);
                break;
            case "P19":
                int[] entities = [100, 10_000, 1_000_000];
                await EntityWrites.RunGrowthAsync(report, entities, cancellationToken);
                await Lag.RunGrowthAsync(report, entities, cancellationToken);
                await RegionGrowth.RunAsync(report, cancellationToken);
                break;
            case "P16":
                await WorldFigures.StartsAsync(report, cancellationToken);
                break;
            default:
                throw new ArgumentException($"There is no figure {id}.", nameof(id));
        }
    }
}
