using Pelago.Cli;

namespace Pelago.Tests.EndToEnd;

/// <summary>A shopper in every region, while something is done to the world.</summary>
internal sealed class Shopping : IAsyncDisposable
{
    private const int PaceMilliseconds = 700, LeastWrites = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly CancellationTokenSource stop = new();
    private readonly List<BookstoreClient> stores;
    private readonly List<CartShopper> shoppers;
    private readonly Task running;

    private Shopping(StatusDocument status, string service)
    {
        stores = [.. status.Regions.Select(r => new BookstoreClient(
            r.Name, r.Services.Single(s => s.Name == service).Url!, status.TrustBundle))];
        shoppers = [.. stores.Select(home => new CartShopper(
            $"of-{home.Region}", home, [.. stores.Where(s => s != home)], PaceMilliseconds))];
        running = Task.WhenAll(shoppers.Select(s => Task.Run(() => s.RunAsync(stop.Token), stop.Token)));
    }

    /// <summary>They begin.</summary>
    public static Shopping Start(StatusDocument status, string service = "bookstore") => new(status, service);

    /// <summary>Each of them has written more than it had when this was asked.</summary>
    public async Task UntilAllWroteAsync()
    {
        var before = shoppers.ToDictionary(s => s, s => s.Acknowledged.Count);
        await Eventually.BeTrue(() => shoppers.All(s => s.Acknowledged.Count > before[s]), "writes of all", Patience);
    }

    /// <summary>They end, and every write that was acknowledged is in every region.</summary>
    public async Task ShouldHaveLostNothingAsync()
    {
        // However short what was done to the world was: each has written before it, during it or after it.
        await Eventually.BeTrue(() => shoppers.All(s => s.Acknowledged.Count > LeastWrites), "writes of all", Patience);
        await stop.CancelAsync();
        await running;
        shoppers.SelectMany(s => s.Violations).ShouldBeEmpty("a client missed its own write under its token");
        foreach (var shopper in shoppers)
        {
            foreach (var store in stores)
            {
                await Eventually.BeTrue(
                    async () => await store.TryReadAsync(shopper.Cart, "", CancellationToken.None) is var (skus, _)
                        && shopper.Acknowledged.All(skus.Contains),
                    $"every acknowledged write of {shopper.Cart} in {store.Region}", Patience);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stores.ForEach(store => store.Dispose());
        stop.Dispose();
    }
}
