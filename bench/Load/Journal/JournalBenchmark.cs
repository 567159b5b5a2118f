using System.Globalization;
using Pelago.Journal;

namespace Pelago.Bench.Load;

/// <summary>The journal against plain appends in one run, interleaved: a noisy machine troubles both alike.</summary>
public static class JournalBenchmark
{
    private const int Rows = 256 * 1000, RowsPerGroup = 256, RowBytes = 380, PayloadBytes = 300, Rounds = 3;

    /// <summary>Runs and prints one line a figure.</summary>
    public static async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        Console.WriteLine($"SQLite {SqliteLibrary.Version}, {Rows:N0} rows in groups of {RowsPerGroup}");
        foreach (var entities in (int[])[1_000, 100_000, 1_000_000])
        {
            var ratios = new List<double>();
            for (var round = 0; round < Rounds; round++)
            {
                var reference = await In(directory =>
                    Task.FromResult(PlainAppend.Run(directory, Rows, RowsPerGroup, RowBytes)));
                var measured = await In(directory =>
                    JournalAppend.RunAsync(directory, Rows, RowsPerGroup, PayloadBytes, entities, cancellationToken));
                ratios.Add(measured.RowsPerSecond / reference.RowsPerSecond);
                Console.WriteLine($"plain   {reference}");
                Console.WriteLine($"journal {measured}   {entities:N0} entities");
            }
            ratios.Sort();
            var median = ratios[Rounds / 2];
            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"ratio   {median:0.00} (median of {Rounds})"));
        }
        return 0;
    }

    private static async Task<Figures> In(Func<string, Task<Figures>> run)
    {
        var directory = Directory.CreateTempSubdirectory("pelago-bench-").FullName;
        try
        {
            return await run(directory);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
