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
string[] known = ["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P16", "P17", "P19"];
if (wanted is ["ALL"])
    wanted = known;
if (wanted.Length == 0 || wanted.Except(known).Any())
{
    Console.Error.WriteLine($"error PLG1905: there is no benchmark {string.Join(", ", wanted.Except(known))}.");
    Console.Error.WriteLine(Usage);
    return 2;
}
var report = new Report();
foreach (var id in wanted)
{
    Report.Progress($"{id} …");
    switch (id)
    {
        case "P1":
            await EntityWrites.RunAsync(report, CancellationToken.None);
            break;
        case "P2":
            await EntityWrites.RunPostgresAsync(report, CancellationToken.None);
            break;
        case "P3":
            await HttpWrites.RunAsync(report, CancellationToken.None);
            await WorldFigures.IngressAsync(report, CancellationToken.None);
            break;
        case "P4":
            await Lag.RunAsync(report, CancellationToken.None);
            break;
        case "P5":
            await CatchUp.RunAsync(report, CancellationToken.None);
            break;
        case "P6":
            WireBytes.Run(report);
            break;
        case "P7":
            IdleEntities.Run(report);
            break;
        case "P17":
            await SwarmSpeed.RunAsync(report, CancellationToken.None);
            break;
        case "P19":
            int[] entities = [100, 10_000, 1_000_000];
            await EntityWrites.RunGrowthAsync(report, entities, CancellationToken.None);
            await Lag.RunGrowthAsync(report, entities, CancellationToken.None);
            await RegionGrowth.RunAsync(report, CancellationToken.None);
            break;
        default:
            await WorldFigures.StartsAsync(report, CancellationToken.None);
            break;
    }
}
report.Print(json);
return 0;
