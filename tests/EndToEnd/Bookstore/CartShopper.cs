using System.Globalization;

namespace Pelago.Tests.EndToEnd;

/// <summary>Somebody who shops in one region and looks at the same cart elsewhere now and then, always with the
/// causality token of the last answer. Remembers every write that was acknowledged.</summary>
/// <param name="cart">Whose cart.</param>
/// <param name="home">Where it is written.</param>
/// <param name="elsewhere">Where it is looked at.</param>
/// <param name="paceMilliseconds">Pause between two attempts.</param>
internal sealed class CartShopper(
    string cart, BookstoreClient home, IReadOnlyList<BookstoreClient> elsewhere, int paceMilliseconds = 150)
{
    private const int LookEvery = 4;
    private readonly List<string> acknowledged = [];
    private readonly List<string> violations = [];
    private string token = "";

    public string Cart => cart;

    /// <summary>What the service has promised to keep.</summary>
    public IReadOnlyList<string> Acknowledged => acknowledged;

    /// <summary>Answers under the shopper's token that lacked one of the shopper's own writes.</summary>
    public IReadOnlyList<string> Violations => violations;

    /// <summary>Reads under the token that another region could not answer in time, as it may while it is cut
    /// off.</summary>
    public int NotReached { get; private set; }

    /// <summary>Shops until told to stop; the pace leaves the machine some air.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(paceMilliseconds));
        for (var number = 0; !stop.IsCancellationRequested && number < 190; number++)
        {
            var sku = string.Create(CultureInfo.InvariantCulture, $"book-{number}");
            await BuyAsync(sku, pace, stop);
            await LookAsync(home, isHome: true);
            if (number % LookEvery == 0)
                await LookAsync(elsewhere[number / LookEvery % elsewhere.Count], isHome: false);
        }
    }

    // The same key until it is acknowledged: a retry of a write that had happened must not make it twice.
    private async Task BuyAsync(string sku, PeriodicTimer pace, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await pace.WaitForNextTickAsync(CancellationToken.None);
            if (await home.TryAddAsync(cart, sku, $"{cart}/{sku}", token, CancellationToken.None) is not { } after)
                continue;
            token = after;
            acknowledged.Add(sku);
            return;
        }
    }

    private async Task LookAsync(BookstoreClient store, bool isHome)
    {
        if (await store.TryReadAsync(cart, token, CancellationToken.None) is not var (skus, after))
        {
            NotReached += isHome ? 0 : 1;
            return;
        }
        token = after;
        var missing = acknowledged.Where(sku => !skus.Contains(sku)).ToList();
        if (missing.Count > 0)
            violations.Add($"{cart} in {store.Region} lacks {string.Join(", ", missing)}");
    }
}
