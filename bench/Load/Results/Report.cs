using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Pelago.Bench.Load;

/// <summary>Collects figures and prints them; progress goes to standard error.</summary>
public sealed class Report
{
    private readonly List<BenchResult> results = [];
    private readonly string machine = string.Create(CultureInfo.InvariantCulture,
        $"{Environment.ProcessorCount} cores, {Processor()}, {RuntimeInformation.OSDescription}, "
        + $"{RuntimeInformation.FrameworkDescription}");
    private readonly string commit = Commit();

    /// <summary>What was measured so far.</summary>
    public IReadOnlyList<BenchResult> Results => results;

    /// <summary>Adds a figure without a reference.</summary>
    public void Add(string id, string name, double value, string unit, long samples)
        => results.Add(new BenchResult(id, name, Round(value), unit, null, null, null, samples, machine, commit));

    /// <summary>Adds a figure beside its reference.</summary>
    public void Add(string id, string name, double value, string unit, long samples, double reference,
        string referenceName)
        => results.Add(new BenchResult(id, name, Round(value), unit, Round(reference), referenceName,
            Math.Round(value / reference, 3), samples, machine, commit));

    /// <summary>Adds figures that another process has measured.</summary>
    public void Add(IEnumerable<BenchResult> measured) => results.AddRange(measured);

    /// <summary>Says what is going on.</summary>
    public static void Progress(string text) => Console.Error.WriteLine(text);

    /// <summary>Prints everything.</summary>
    public void Print(bool json)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(results, BenchJson.Default.IReadOnlyListBenchResult));
            return;
        }
        foreach (var r in results)
        {
            var beside = r.Reference is null ? "" : string.Create(CultureInfo.InvariantCulture,
                $"   {r.Ratio:0.00} × {r.ReferenceName} ({r.Reference:N1})");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{r.Id,-4} {r.Name,-62} {r.Value,12:N2} {r.Unit}{beside}"));
        }
    }

    /// <summary>The median of some values.</summary>
    public static double Median(IEnumerable<double> values) => Quantile([.. values.Order()], 0.5);

    /// <summary>A quantile of sorted values.</summary>
    public static double Quantile(IReadOnlyList<double> sorted, double quantile)
        => sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * quantile))];

    private static double Round(double value) => Math.Abs(value) >= 1_000 ? Math.Round(value) : Math.Round(value, 3);

    private static string Processor()
        => File.Exists("/proc/cpuinfo") && File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) is { } line
                ? line[(line.IndexOf(':') + 1)..].Trim() : RuntimeInformation.ProcessArchitecture.ToString();

    private static string Commit()
    {
        try
        {
            using var git = Process.Start(new ProcessStartInfo("git", "describe --always --dirty --abbrev=10")
            {
                RedirectStandardOutput = true, RedirectStandardError = true,
            });
            return git!.StandardOutput.ReadToEnd().Trim();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "unknown";
        }
    }
}
