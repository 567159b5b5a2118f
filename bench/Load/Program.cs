using Pelago.Bench.Load;

const string Usage = """
    Measures Pelago beside its references, in the same run.

      bench P1 P3 P4 [-o json]
      bench all

    P1  entity writes a second, one region, SQLite        beside plain appends
    P3  bookstore writes a second over HTTP               beside an empty Kestrel endpoint
    P4  replication lag beyond one-way network time       beside one fsync
    journal  the journal alone                            beside plain appends
    """;

if (args is ["journal"])
    return await JournalBenchmark.RunAsync(CancellationToken.None);
if (args is ["reference-server", var url])
    return await ReferenceServer.RunAsync(url);
var json = args is [.., "-o", "json"];
var wanted = (json ? args[..^2] : args).Select(a => a.ToUpperInvariant()).ToArray();
string[] known = ["P1", "P3", "P4"];
if (wanted is ["ALL"])
    wanted = known;
if (wanted.Length == 0 || wanted.Except(known).Any())
{
    Console.Error.WriteLine(Usage);
    return 2;
}
var report = new Report();
foreach (var id in wanted)
{
    Report.Progress($"{id} …");
    await (id switch
    {
        "P1" => EntityWrites.RunAsync(report, CancellationToken.None),
        "P3" => HttpWrites.RunAsync(report, CancellationToken.None),
        _ => Lag.RunAsync(report, CancellationToken.None),
    });
}
report.Print(json);
return 0;
