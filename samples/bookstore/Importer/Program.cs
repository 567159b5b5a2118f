using System.Globalization;
using System.Security.Authentication;
using Bookstore.Importer;

if (args is [] or ["--help"] or ["-h"])
{
    Console.WriteLine(Arguments.Help);
    return args.Length == 0 ? 2 : 0;
}
if (Arguments.Parse(args, out var mistake) is not { } arguments)
{
    Console.Error.WriteLine($"error: {mistake}. See --help.");
    return 2;
}
using var interrupted = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    interrupted.Cancel();
};
var run = new ImportRun(arguments, TimeProvider.System);
try
{
    var summary = await run.RunAsync(interrupted.Token);
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"imported {summary.Books} books from {summary.Records} records in {summary.Seconds:0.0} s, "
        + $"refused {summary.Refused.Count}"));
    foreach (var refusal in summary.Refused.Take(10))
        Console.Error.WriteLine($"refused: {refusal}");
    return summary.Refused.Count == 0 ? 0 : 1;
}
catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
{
    Console.Error.WriteLine("interrupted; the same command goes on from here");
    return 130;
}
catch (InvalidDataException error)
{
    Console.Error.WriteLine($"error: {error.Message}. See --help.");
    return 2;
}
catch (AuthenticationException error)
{
    Console.Error.WriteLine($"error: {error.Message}\n--cacert FILE names the roots to trust.");
    return 1;
}
catch (TimeoutException error)
{
    Console.Error.WriteLine($"error: {error.Message}\nThe same command goes on from here.");
    return 1;
}
