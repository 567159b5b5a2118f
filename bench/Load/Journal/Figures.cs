using System.Globalization;

namespace Pelago.Bench.Load;

/// <summary>Rows a second and the time of a commit in milliseconds.</summary>
public sealed record Figures(double RowsPerSecond, double MedianMs, double P99Ms, double MaxMs)
{
    /// <summary>Sums up a run.</summary>
    public static Figures Of(int rows, TimeSpan elapsed, List<double> commits)
    {
        commits.Sort();
        var (median, p99) = (commits[commits.Count / 2], commits[commits.Count * 99 / 100]);
        return new Figures(rows / elapsed.TotalSeconds, median, p99, commits[^1]);
    }

    /// <inheritdoc />
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{RowsPerSecond,9:N0} rows/s   commit p50 {MedianMs:0.00} p99 {P99Ms:0.00} max {MaxMs:0.0} ms");
}
