using System.Globalization;
using System.Security.Authentication;
using System.Threading.Channels;

namespace Bookstore.Importer;

/// <summary>What an import did.</summary>
/// <param name="Records">Records in the index.</param>
/// <param name="Books">Books that were taken, earlier runs of this import included.</param>
/// <param name="Seconds">Time that this run took.</param>
/// <param name="Refused">Books refused for good, with reasons, earlier runs of this import included.</param>
public sealed record ImportSummary(int Records, int Books, double Seconds, IReadOnlyCollection<string> Refused);

/// <summary>One import: 1. finds the newest record of each package; 2. streams those into the service; 3. notes how
/// far it came.</summary>
public sealed class ImportRun(Arguments arguments, TimeProvider clock)
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(2);
    private int done;

    /// <summary>Runs to the end.</summary>
    /// <exception cref="InvalidDataException">The index or the file of roots holds nothing that can be
    /// used.</exception>
    /// <exception cref="AuthenticationException">The service's certificate is not trusted.</exception>
    /// <exception cref="TimeoutException">The service was away for too long.</exception>
    public async Task<ImportSummary> RunAsync(CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var records = 0;
        var newest = PackageIndex.Newest(Read().Select(p =>
        {
            records++;
            return p;
        }));
        if (records == 0)
        {
            throw new InvalidDataException(
                $"'{arguments.File}' holds no record with a Package and a Version: it is no Debian package index");
        }
        using var books = new BookClient(
            arguments.Url, arguments.Roots, arguments.Connections, TimeSpan.FromSeconds(arguments.RetrySeconds), clock);
        var checkpoint = new Checkpoint(arguments.File, arguments.Url, arguments.Restart);
        var skip = checkpoint.Through;
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{records} records, {newest.Count} packages{(skip > 0 ? $", going on after record {skip}" : "")}"));
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var progress = ProgressAsync(newest.Count, books, ending.Token);
        try
        {
            var queue = Channel.CreateBounded<Package>(arguments.Connections * 4);
            var feeding = FeedAsync(queue.Writer, newest, skip, checkpoint, ending.Token);
            await Task.WhenAll([feeding, .. Enumerable.Range(0, arguments.Connections)
                .Select(_ => WriteAsync(queue.Reader, books, checkpoint, ending))]);
            checkpoint.Delete();
        }
        catch
        {
            checkpoint.Save();
            throw;
        }
        finally
        {
            await ending.CancelAsync();
            await progress;
        }
        var refused = checkpoint.Refusals;
        return new ImportSummary(
            records, newest.Count - refused.Count, clock.GetElapsedTime(started).TotalSeconds, refused);
    }

    private IEnumerable<Package> Read() => PackageIndex.Read(arguments.File).Take(arguments.Limit);

    private async Task FeedAsync(
        ChannelWriter<Package> queue, Dictionary<string, int> newest, int skip, Checkpoint checkpoint,
        CancellationToken cancellationToken)
    {
        try
        {
            foreach (var package in Read())
            {
                if (package.Number < skip)
                    Interlocked.Add(ref done, newest[package.Name] == package.Number ? 1 : 0);
                else if (newest[package.Name] == package.Number)
                    await queue.WriteAsync(package, cancellationToken);
                else
                    checkpoint.Done(package.Number);
            }
        }
        finally
        {
            queue.Complete();
        }
    }

    private async Task WriteAsync(
        ChannelReader<Package> queue, BookClient books, Checkpoint checkpoint, CancellationTokenSource ending)
    {
        try
        {
            await foreach (var package in queue.ReadAllAsync(ending.Token))
            {
                if (await books.PutAsync(package, ending.Token) is { } why)
                    checkpoint.Refused(package.Number, $"{package.Name}: {why}");
                checkpoint.Done(package.Number);
                Interlocked.Increment(ref done);
            }
        }
        catch
        {
            await ending.CancelAsync(); // one that gives up ends the others
            throw;
        }
    }

    private async Task ProgressAsync(int all, BookClient books, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        using var pace = new PeriodicTimer(ProgressInterval, clock);
        try
        {
            while (await pace.WaitForNextTickAsync(cancellationToken))
            {
                var now = Volatile.Read(ref done);
                var perSecond = now / clock.GetElapsedTime(started).TotalSeconds;
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{now} of {all} ({100.0 * now / all:0} %), {perSecond:0}/s")
                    + (books.LastTrouble is { } trouble ? $"; retrying: {trouble}" : ""));
            }
        }
        catch (OperationCanceledException)
        {
            // The import has ended.
        }
    }
}
