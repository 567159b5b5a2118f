using Pelago.Cli;

namespace Pelago.Tests.EndToEnd;

/// <summary>One world for everything that is done to it from outside: each test leaves it ready. After one that does
/// not, because it failed halfway, the next gets another world, so that one fault is one failed test.</summary>
[CollectionDefinition(nameof(HostileWorld))]
public sealed class HostileWorld : IAsyncLifetime, ICollectionFixture<HostileWorld>
{
    private const int PortBase = 26_300;

    internal TestWorld World { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        World = await TestWorld.UpAsync(PortBase);
        await World.UntilReadyAsync();
    }

    /// <summary>Before each test: this world if it is ready, or comes to be within its limit; else a new one.</summary>
    internal async ValueTask EnsureReadyAsync()
    {
        try
        {
            await Eventually.BeTrue(async () => await World.StatusAsync() is var status && TestWorld.IsReady(status)
                && status.Regions.All(r => r.Services.All(s => s.Parked.Count == 0)), "a world left ready");
        }
        catch (Exception fault) when (fault is ShouldAssertException or Pelago.Model.PelagoException or IOException)
        {
            TestContext.Current.SendDiagnosticMessage("The test before this one left its world broken: {0}", fault);
            await World.DisposeAsync();
            await InitializeAsync();
        }
    }

    public ValueTask DisposeAsync() => World?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>A region's entry in the status.</summary>
    internal async Task<RegionStatus> RegionAsync(string name)
    {
        var status = await World.StatusAsync();
        return status.Regions.Single(region => region.Name == name);
    }

    /// <summary>Sends a request with curl, which changes nothing in it: the status, and the body.</summary>
    internal async Task<(int Status, string Body)> CurlAsync(params string[] arguments)
    {
        var status = await World.StatusAsync();
        var result = (await Command.RunProgramAsync("curl", [
            "--silent", "--show-error", "--max-time", "30", "--path-as-is", "--cacert", status.TrustBundle,
            "--write-out", "\n%{http_code}", .. arguments,
        ])).ShouldExitWith(0);
        var at = result.Output.LastIndexOf('\n');
        return (int.Parse(result.Output.AsSpan(at + 1), System.Globalization.CultureInfo.InvariantCulture),
            result.Output[..at]);
    }

    /// <summary>Puts something into a cart.</summary>
    internal async Task AddAsync(string region, string cart, string sku)
    {
        var (status, body) = await TryAddAsync(region, cart, sku);
        status.ShouldBe(200, body);
    }

    /// <summary>The same, whatever comes of it.</summary>
    internal async Task<(int Status, string Body)> TryAddAsync(string region, string cart, string sku)
        => await CurlAsync("--header", "Content-Type: application/json", "--data-binary",
            $$"""{"sku":"{{sku}}","quantity":1}""",
            $"{(await RegionAsync(region)).Services[0].Url}/carts/{cart}/items");

    /// <summary>Reads a cart.</summary>
    internal async Task<(int Status, string Body)> ReadAsync(string region, string cart)
        => await CurlAsync($"{(await RegionAsync(region)).Services[0].Url}/carts/{cart}");
}
