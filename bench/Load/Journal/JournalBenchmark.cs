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
                    JournalAppend.RunAsync(JournalStores.Sqlite, directory, Rows, RowsPerGroup, PayloadBytes, entities,
                        cancellationToken));
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

    /// <summary>The same on PostgreSQL: the journal beside plain inserts of rows of the same size, one and two
    /// connections, and beside SQLite.</summary>
    public static async Task<int> RunPostgresAsync(CancellationToken cancellationToken)
    {
        await using var server = await BenchServer.StartAsync(cancellationToken);
        Console.WriteLine($"PostgreSQL {server.Version}, {Rows:N0} rows");
        foreach (var (entities, group) in ((int, int)[])[(1_000, 256), (100_000, 256), (100_000, 1_024)])
        {
            for (var round = 0; round < Rounds; round++)
            {
                foreach (var connections in (int[])[1, 2])
                {
                    var plain = await PlainInserts.RunAsync(server, connections, Rows, group, RowBytes,
                        cancellationToken);
                    Console.WriteLine($"plain x{connections}  {plain}   groups of {group}");
                }
                var journal = await In(directory => JournalAppend.RunAsync(JournalStores.Postgres(server), directory,
                    Rows, group, PayloadBytes, entities, cancellationToken));
                Console.WriteLine($"journal   {journal}   groups of {group}, {entities:N0} entities");
                var sqlite = await In(directory => JournalAppend.RunAsync(JournalStores.Sqlite, directory,
                    Rows, group, PayloadBytes, entities, cancellationToken));
                Console.WriteLine($"SQLite    {sqlite}   groups of {group}, {entities:N0} entities");
            }
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
