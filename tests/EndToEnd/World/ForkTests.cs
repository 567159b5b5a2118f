using System.Net;
using System.Text.Json;
using Pelago.Cli;
using Pelago.Client;

namespace Pelago.Tests.EndToEnd;

/// <summary>A service's journal is copied with its guard file, and both copies write while nobody sees both: what two
/// regions then hold under one name they find by themselves and quarantine in all of them; <c>verify</c> names
/// it.</summary>
public sealed class ForkTests
{
    private const int PortBase = 26_700;
    private const string Region = "eu-west-1";
    private const string First = "us-east-1";
    private const string Second = "ap-southeast-1";
    private const string Cart = "forked";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Journal_CopiedWithItsGuard_IsAForkThatTheRegionsFindAndQuarantineAndVerifyNames()
    {
        await using var world = await TestWorld.UpAsync(PortBase);
        var status = await world.UntilReadyAsync();
        var stores = status.Regions
            .ToDictionary(r => r.Name, r => new BookstoreClient(r.Name, r.Services[0].Url!, status.TrustBundle));
        await BuyAsync(stores[Region], Cart, "common");
        foreach (var store in stores.Values)
            await ShouldHoldAsync(store, Cart, "common");
        await RunAsync(world, "regions", "stop", Region, "--yes");
        var files = new Files(world);
        await files.CopyAsync();
        await RunAsync(world, "wan", "cut", First, Second);

        await RunAsync(world, "wan", "cut", Region, Second);
        await StartAsync(world);
        await BuyAsync(stores[Region], Cart, "original");
        await ShouldHoldAsync(stores[First], Cart, "original");
        await RunAsync(world, "regions", "stop", Region, "--yes");

        await files.RestoreAsync();
        await RunAsync(world, "wan", "cut", Region, First);
        await RunAsync(world, "wan", "heal", Region, Second);
        await StartAsync(world);
        await BuyAsync(stores[Region], Cart, "copy");
        await ShouldHoldAsync(stores[Second], Cart, "copy");
        await RunAsync(world, "wan", "heal");
        await BuyAsync(stores[First], "sound", "book");
        foreach (var store in stores.Values)
            await ShouldHoldAsync(store, "sound", "book");

        await ShouldBeRefusedAsync(stores.Values); // the regions compare themselves in the background
        var looked = await VerifyAsync(world, "--dry-run");
        looked.QuarantinedIn.ShouldBeEmpty();
        (looked.Kind, looked.Type, looked.Id).ShouldBe((DifferenceKind.Fork, "cart", Cart));
        looked.Origin!.ShouldStartWith(Region);
        looked.Detail.ShouldContain($"{First} has ");
        (await VerifyAsync(world)).QuarantinedIn.ShouldBe([Second, Region, First]);
        await RunAsync(world, "regions", "stop", First, "--yes");
        await RunAsync(world, "regions", "start", First);
        await world.UntilReadyAsync();
        await ShouldBeRefusedAsync(stores.Values);
        foreach (var store in stores.Values)
            await BuyAsync(store, "sound", store.Region);
        await ShouldBeInTheLedgerAsync(world);
        await RunAsync(world, "regions", "stop", Second, "--yes");
        (await world.RunAsync("conflicts", "bookstore", "-o", "name")).ShouldExitWith(7).Output.ShouldContain(Cart);
        foreach (var store in stores.Values)
            store.Dispose();
    }

    [Fact]
    public async Task Journal_RestoredWithItsGuard_IsToldByStatusAndDoctorOnceItIsNoticed()
    {
        await using var world = await TestWorld.UpAsync(PortBase);
        var status = await world.UntilReadyAsync();
        using var here = new BookstoreClient(Region, UrlIn(status, Region), status.TrustBundle);
        using var there = new BookstoreClient(First, UrlIn(status, First), status.TrustBundle);
        await RunAsync(world, "regions", "stop", Region, "--yes");
        var files = new Files(world);
        await files.CopyAsync();
        await StartAsync(world);
        await BuyAsync(here, Cart, "one");
        await BuyAsync(here, Cart, "two");
        await ShouldHoldAsync(there, Cart, "two");
        await RunAsync(world, "regions", "stop", Region, "--yes");
        await files.RestoreAsync();
        await RunAsync(world, "wan", "cut", Region);
        await StartAsync(world);
        await BuyAsync(here, Cart, "other");
        (await world.StatusAsync()).Regions.SelectMany(r => r.Services).SelectMany(s => s.Alarms)
            .ShouldAllBe(a => a.Next == "");

        await RunAsync(world, "wan", "heal");

        await world.UntilAsync(s => s.Regions.Single(r => r.Name == Region).Services.Single().Alarms
            .Any(a => a.Kind == "OwnEventBeyondSeen"), "an alarm in the status");
        (await world.RunAsync("status")).ShouldExitWith(0).Output.ShouldContain(
            $"{Region}: demo/bookstore: alarm OwnEventBeyondSeen");
        var doctor = (await world.RunAsync("doctor", "-o", "json")).ShouldExitWith(1);
        var finding = JsonSerializer.Deserialize<IReadOnlyList<Finding>>(doctor.Output, Pelago.Model.WorldJson.Options)!
            .First(f => f.Check == $"alarms of {Region}");
        (finding.Result, finding.Mend.StartsWith("pelago verify ", StringComparison.Ordinal))
            .ShouldBe((Finding.Failed, true));
        finding.Detail.ShouldContain("The journal was restored or copied");
        await VerifyAsync(world);
    }

    // Without its routes the region's ingress answers that there is no such service.
    private static async Task StartAsync(TestWorld world)
    {
        await RunAsync(world, "regions", "start", Region);
        await world.UntilAsync(
            s => s.Regions.Single(r => r.Name == Region).State == States.Ready, "the region is ready again");
    }

    private static string UrlIn(StatusDocument status, string region)
        => status.Regions.Single(r => r.Name == region).Services[0].Url!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static async Task RunAsync(TestWorld world, params string[] words)
        => (await world.RunAsync(words)).ShouldExitWith(0);

    private static async Task<EntityDifference> VerifyAsync(TestWorld world, params string[] words)
    {
        var result = await world.RunAsync(["verify", "-o", "json", "--settle-seconds", "2", .. words]);
        result.ExitCode.ShouldNotBe(0);
        result.Error.ShouldContain($"cart/{Cart} of demo/bookstore is a fork");
        using var document = JsonDocument.Parse(result.Output);
        var compared = document.RootElement.EnumerateArray()
            .ToDictionary(s => s.GetProperty("service").GetString()!, s => s.GetProperty("differences"));
        compared.Keys.ShouldBe(["demo/bookstore", "pelago/region"]);
        compared["pelago/region"].GetArrayLength().ShouldBe(0);
        return compared["demo/bookstore"].EnumerateArray().Single()
            .Deserialize<EntityDifference>(Pelago.Model.WorldJson.Options)!;
    }

    private static async Task BuyAsync(BookstoreClient store, string cart, string sku)
        => await Eventually.BeTrue(
            async () => await store.TryAddAsync(cart, sku, $"{cart}/{sku}", "", Stop) is not null,
            $"{sku} in {cart}", Patience);

    private static async Task ShouldHoldAsync(BookstoreClient store, string cart, string sku)
        => await Eventually.BeTrue(
            async () => await store.TryReadAsync(cart, "", Stop) is var (found, _) && found.Contains(sku),
            $"{sku} of {cart} in {store.Region}", Patience);

    private static async Task ShouldBeRefusedAsync(IEnumerable<BookstoreClient> stores)
    {
        foreach (var store in stores)
        {
            await Eventually.BeTrue(
                async () => await store.RefusalOfAsync($"/carts/{Cart}", Stop) is (HttpStatusCode.Conflict, var body)
                    && body.Contains("PLG5016", StringComparison.Ordinal),
                $"the fork is not shown in {store.Region}", Patience);
        }
    }

    private static async Task ShouldBeInTheLedgerAsync(TestWorld world)
    {
        var listed = (await world.RunAsync("conflicts", "bookstore", "--kind", "fork", "-o", "json")).ShouldExitWith(0);
        var entry = JsonSerializer.Deserialize<IReadOnlyList<ConflictEntry>>(
            listed.Output, Pelago.Model.WorldJson.Options)!.ShouldHaveSingleItem();
        (entry.Type, entry.Id, entry.Kind).ShouldBe(("cart", Cart, "Fork"));
        entry.Regions.ShouldBe([Second, Region, First]);
        (await world.RunAsync("conflicts", "bookstore", "--entity", $"cart/{Cart}", "--region", First))
            .ShouldExitWith(0).Output.ShouldContain($"cart/{Cart}");
        (await world.RunAsync("conflicts", "bookstore", "--entity", "cart/sound")).ShouldExitWith(0)
            .Error.ShouldContain("No conflicts");
        (await world.RunAsync("conflicts", "nobody")).ShouldExitWith(3).Error.ShouldContain("PLG7003");
        (await world.RunAsync("conflicts", "bookstore", "--kind", "quarrel")).ShouldExitWith(2)
            .Error.ShouldContain("RefusedByFold, Deduplicated, Fork");
        (await world.RunAsync("conflicts", "bookstore", "--region", "mars")).ShouldExitWith(3);
    }

    /// <summary>The bookstore's journal in the region, and the guard file that should have told of the copy.</summary>
    private sealed class Files(TestWorld world)
    {
        private readonly string home = Path.Combine(
            WorldDirectory.At(world.Data).RegionHome(Region), "services", "demo", "bookstore");

        private readonly string guard = Path.Combine(
            WorldDirectory.At(world.Data).Guards(Region), "demo.bookstore.json");

        private readonly string copy = Path.Combine(world.Data, "copy");

        public async Task CopyAsync()
        {
            (await Command.RunProgramAsync("cp", "-a", home, copy)).ShouldExitWith(0);
            File.Copy(guard, copy + ".guard");
        }

        public async Task RestoreAsync()
        {
            Directory.Delete(home, recursive: true);
            (await Command.RunProgramAsync("cp", "-a", copy, home)).ShouldExitWith(0);
            File.Copy(copy + ".guard", guard, overwrite: true);
        }
    }
}
