using System.Diagnostics;
using Bookstore.Importer;
using Pelago.Cli;

namespace Pelago.Tests.EndToEnd;

/// <summary>A package index is imported into one region while shoppers write in all three; one region is killed,
/// another is cut off, both return; then everything is everywhere.</summary>
internal static class BookstoreRun
{
    /// <summary>The region that imports.</summary>
    public const string Here = "us-east-1";

    private const int ShoppersPerRegion = 3;
    private const string Killed = "eu-west-1", CutOff = "ap-southeast-1";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Runs it.</summary>
    /// <param name="world">A world with the bookstore.</param>
    /// <param name="index">The packages.</param>
    /// <param name="connections">How many books are imported at a time.</param>
    /// <param name="alongside">What else is done to the world, early in the import.</param>
    public static async Task RunAsync(TestWorld world, string index, int connections, Func<Task> alongside)
    {
        var status = await world.UntilReadyAsync();
        var stores = status.Regions.Select(r => new BookstoreClient(r.Name, r.Services[0].Url!, status.TrustBundle))
            .ToDictionary(s => s.Region);
        using var shopping = new CancellationTokenSource();
        var shoppers = stores.Values.SelectMany(home => Enumerable.Range(0, ShoppersPerRegion).Select(i
            => new CartShopper($"{home.Region}-{i}", home, [.. stores.Values.Where(s => s != home)]))).ToList();
        var running = shoppers.Select(s => Task.Run(() => s.RunAsync(shopping.Token), shopping.Token)).ToList();

        using var import = StartImport(index, status, connections);
        var progress = new ImportProgress(import);
        await progress.UntilAsync(10);
        await alongside();
        await progress.UntilAsync(15);
        (await world.RunAsync("regions", "stop", Killed, "--kill", "--yes")).ShouldExitWith(0);
        await progress.UntilAsync(35);
        (await world.RunAsync("wan", "cut", CutOff)).ShouldExitWith(0);
        await progress.UntilAsync(55);
        import.HasExited.ShouldBeFalse("both failures happen while the import runs");
        (await world.RunAsync("regions", "start", Killed)).ShouldExitWith(0);
        (await world.RunAsync("wan", "heal")).ShouldExitWith(0);
        (await progress.EndAsync()).ShouldBe(0, progress.Said);

        await world.UntilReadyAsync();
        await shopping.CancelAsync();
        await Task.WhenAll(running);
        shoppers.SelectMany(s => s.Violations).ShouldBeEmpty("a client missed its own write under its token");
        foreach (var shopper in shoppers)
            shopper.Acknowledged.Count.ShouldBeGreaterThan(3, shopper.Cart);
        await Eventually.BeTrue(
            async () => (await world.RunAsync("verify")).ExitCode == 0, "verify finds the regions equal", Patience);
        foreach (var store in stores.Values)
            await ShouldHoldCartsAsync(store, shoppers);
        foreach (var store in stores.Values)
            await ShouldHoldBooksAsync(store, index);
        foreach (var store in stores.Values)
            store.Dispose();
    }

    private static async Task ShouldHoldCartsAsync(BookstoreClient store, List<CartShopper> shoppers)
    {
        foreach (var shopper in shoppers)
        {
            var cart = await store.TryReadAsync(shopper.Cart, "", TestContext.Current.CancellationToken);
            cart.ShouldNotBeNull($"{shopper.Cart} in {store.Region}").Skus
                .ShouldBeSubsetOf([.. Enumerable.Range(0, 200).Select(i => $"book-{i}")]);
            shopper.Acknowledged.Where(sku => !cart.Value.Skus.Contains(sku))
                .ShouldBeEmpty($"acknowledged writes of {shopper.Cart} are missing in {store.Region}");
        }
    }

    private static async Task ShouldHoldBooksAsync(BookstoreClient store, string index)
    {
        var newest = PackageIndex.Newest(PackageIndex.Read(index));
        var expected = PackageIndex.Read(index).Where(p => newest[p.Name] == p.Number);
        var wrong = new System.Collections.Concurrent.ConcurrentQueue<string>();
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = 16, CancellationToken = TestContext.Current.CancellationToken,
        };
        await Parallel.ForEachAsync(expected, parallel, async (package, ct) =>
        {
            var found = await store.TryReadBookAsync(package.Name, ct);
            var right = (package.Version, Author: Beginning(package.Maintainer, 500),
                Description: Beginning(package.Description, 100_000));
            if (found != right)
                wrong.Enqueue($"{package.Name} is {found?.ToString() ?? "missing"} instead of {right}");
        });
        wrong.ShouldBeEmpty($"in {store.Region}");
    }

    // What the bookstore takes of a text, in Unicode characters.
    private static string Beginning(string text, int most)
        => string.Concat(text.EnumerateRunes().Take(most).Select(r => r.ToString()));

    private static Process StartImport(string index, StatusDocument status, int connections)
    {
        var url = status.Regions.Single(r => r.Name == Here).Services[0].Url!;
        var import = Path.Combine(Command.Root, "samples", "bookstore", "import");
        return Process.Start(new ProcessStartInfo(
            import, [index, "--url", url, "--cacert", status.TrustBundle, "--connections", $"{connections}"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
    }
}
