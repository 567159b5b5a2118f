using System.Globalization;

namespace Pelago.Sdk.Testing;

/// <summary>What a world that has converged holds.</summary>
/// <param name="Regions">Regions that were compared.</param>
/// <param name="Entities">Entities, the same in each.</param>
/// <param name="Events">Events of each region's journal.</param>
/// <param name="Took">Virtual time until all were the same.</param>
public sealed record WorldReport(int Regions, int Entities, int Events, TimeSpan Took)
{
    /// <summary>One sentence.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Count(Regions, "region holds", "regions hold")} the same {Count(Events, "event", "events")} of "
        + $"{Count(Entities, "entity", "entities")}, after {Took.TotalSeconds:0.000} s.");

    private static string Count(int number, string one, string several)
        => string.Create(CultureInfo.InvariantCulture, $"{number} {(number == 1 ? one : several)}");
}
