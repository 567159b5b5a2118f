using Pelago.Bench.Load;

if (args is ["journal"])
    return await JournalBenchmark.RunAsync(CancellationToken.None);
Console.Error.WriteLine("usage: bench journal");
return 2;
