using System.Diagnostics;
using System.Text.Json;

namespace Pelago.Bench.Load;

/// <summary>Measures a figure in a process of its own, so that it does not depend on what was measured before it: a
/// heap that half a million writes have grown has other pauses than a fresh one.</summary>
public static class OwnProcess
{
    /// <summary>Starts this program for one figure and adds what it found; its progress goes where this one's
    /// goes.</summary>
    /// <exception cref="InvalidOperationException">It failed; why stands in its progress.</exception>
    public static async Task MeasureAsync(Report report, string id, CancellationToken cancellationToken)
    {
        var self = Path.Combine(AppContext.BaseDirectory, "Pelago.Bench.Load.dll");
        var start = new ProcessStartInfo("dotnet", [self, id, "-o", "json"]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        try
        {
            var printed = await process.StandardOutput.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            if (process.ExitCode != 0)
                throw new InvalidOperationException($"Measuring {id} failed with exit code {process.ExitCode}.");
            report.Add(JsonSerializer.Deserialize(printed, BenchJson.Default.IReadOnlyListBenchResult) ?? []);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }
}
