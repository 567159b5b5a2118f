using Pelago.Cli;

namespace Pelago.Tests.EndToEnd;

/// <summary>A region's files are set back to an older state: what it had promised since returns from its peers, and
/// what it writes afterwards is taken by them.</summary>
public sealed class RollbackTests
{
    private const int PortBase = 26_300;
    private const string Region = "eu-west-1";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Region_RestoredFromACopyWhileItIsCutOff_LosesNothingAndForksNothing()
    {
        await using var world = await TestWorld.UpAsync(PortBase);
        await world.UntilReadyAsync();
        var home = WorldDirectory.At(world.Data).RegionHome(Region);
        var copy = Path.Combine(world.Data, "backup");
        await StopAsync(world);
        await CopyAsync(home, copy);
        (await world.RunAsync("regions", "start", Region)).ShouldExitWith(0);
        var status = await world.UntilReadyAsync();
        var stores = status.Regions
            .ToDictionary(r => r.Name, r => new BookstoreClient(r.Name, r.Services[0].Url!, status.TrustBundle));
        var carts = Enumerable.Range(0, 10).Select(i => $"restored-{i}").ToList();
        await BuyAsync(stores[Region], carts, "first");
        foreach (var store in stores.Values)
            await ShouldHoldAsync(store, carts, "first");

        await StopAsync(world);
        Directory.Delete(home, recursive: true);
        await CopyAsync(copy, home);
        (await world.RunAsync("wan", "cut", Region)).ShouldExitWith(0);
        (await world.RunAsync("regions", "start", Region)).ShouldExitWith(0);
        await BuyAsync(stores[Region], carts, "second"); // with the numbers of "first", unless it knows better
        (await world.RunAsync("wan", "heal")).ShouldExitWith(0);

        foreach (var store in stores.Values)
            await ShouldHoldAsync(store, carts, "first", "second");
        await Eventually.BeTrue(
            async () => (await world.RunAsync("verify")).ExitCode == 0, "verify finds the regions equal", Patience);
        foreach (var store in stores.Values)
            store.Dispose();
    }

    private static async Task StopAsync(TestWorld world)
        => (await world.RunAsync("regions", "stop", Region, "--yes")).ShouldExitWith(0);

    private static async Task CopyAsync(string from, string to)
        => (await Command.RunProgramAsync("cp", "-a", from, to)).ShouldExitWith(0);

    private static async Task BuyAsync(BookstoreClient store, List<string> carts, string sku)
    {
        foreach (var cart in carts)
        {
            await Eventually.BeTrue(
                async () => await store.TryAddAsync(cart, sku, $"{cart}/{sku}", "", CancellationToken.None) is not null,
                $"{sku} in {cart}", Patience);
        }
    }

    private static async Task ShouldHoldAsync(BookstoreClient store, List<string> carts, params string[] skus)
    {
        foreach (var cart in carts)
        {
            await Eventually.BeTrue(
                async () => await store.TryReadAsync(cart, "", CancellationToken.None) is var (found, _)
                    && skus.All(found.Contains),
                $"{string.Join(" and ", skus)} of {cart} in {store.Region}", Patience);
        }
    }
}
