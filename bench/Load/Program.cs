using Pelago.Bench.Load;

const string Usage = """
    Measures Pelago beside its references, in the same run.

      pelago bench P1 P4            runs some
      pelago bench all -o json      runs every one, for scripts

    P1   entity writes a second, one region, SQLite        beside plain appends
    P2   the same on PostgreSQL                            beside plain inserts on the same server
    P3   bookstore writes a second over HTTP               beside an empty Kestrel endpoint
    P4   replication lag beyond one-way network time       beside one fsync
    P5   catch-up with a million events                    beside copying rows from file to file
    P6   bytes of an event on the wire beside its payload
    P7   memory of an idle entity beside its state
    P16  a world's time to ready, and its memory
    P17  the simulator's speed, and what its seeds come to
    P19  cost with more entities and more regions          beside few
    journal   the journal alone (a table, no JSON)         beside plain appends
    journal-postgres   the same on PostgreSQL              beside plain inserts and SQLite

    Several are measured one after the other, each in a process of its own.
    """;

if (args is [])
{
    Console.WriteLine(Usage);
    return 0;
}
if (args is ["journal"])
    return await JournalBenchmark.RunAsync(CancellationToken.None);
if (args is ["journal-postgres"])
    return await JournalBenchmark.RunPostgresAsync(CancellationToken.None);
if (args is ["reference-server", var url])
    return await ReferenceServer.RunAsync(url);
var json = args is [.., "-o", "json"];
var wanted = (json ? args[..^2] : args).Select(a => a.ToUpperInvariant()).ToArray();
if (wanted is ["ALL"])
    wanted = [.. Benchmarks.Known];
var unknown = wanted.Except(Benchmarks.Known).ToArray();
if (wanted.Length == 0 || unknown.Length > 0)
{
    Console.Error.WriteLine($"error PLG1905: there is no benchmark {string.Join(", ", unknown)}.");
    Console.Error.WriteLine(Usage);
    return 2;
}
var report = new Report();
var failed = 0;
foreach (var id in wanted)
{
    try
    {
        if (wanted.Length > 1)
            await OwnProcess.MeasureAsync(report, id, CancellationToken.None);
        else
            await Benchmarks.RunAsync(report, id, CancellationToken.None);
    }
    catch (InvalidOperationException e)
    {
        // What the others measured took minutes: it is printed all the same.
        Console.Error.WriteLine(
            $"error PLG1908: {id} was not measured. {e.Message} Measure it alone: pelago bench {id}.");
        failed++;
    }
}
report.Print(json);
return failed == 0 ? 0 : 1;
