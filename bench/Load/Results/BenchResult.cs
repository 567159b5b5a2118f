using System.Text.Json.Serialization;

namespace Pelago.Bench.Load;

/// <summary>One figure, measured beside its reference in the same run.</summary>
/// <param name="Id">Id of the target, e.g. P1.</param>
/// <param name="Name">What was measured.</param>
/// <param name="Value">Median of the samples.</param>
/// <param name="Reference">The reference's median; null where the target has none.</param>
/// <param name="Ratio">Value over reference, or null.</param>
/// <param name="Samples">How many values the median was taken from.</param>
public sealed record BenchResult(
    string Id, string Name, double Value, string Unit, double? Reference, string? ReferenceName, double? Ratio,
        long Samples,
    string Machine, string Commit);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<BenchResult>))]
internal sealed partial class BenchJson : JsonSerializerContext;
