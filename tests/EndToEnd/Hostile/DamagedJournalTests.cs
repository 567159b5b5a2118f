using Pelago.Cli;
using Pelago.Journal;

namespace Pelago.Tests.EndToEnd;

/// <summary>Files of a journal that somebody or something changed beneath a running world.</summary>
[Collection(nameof(HostileWorld))]
public sealed class DamagedJournalTests(HostileWorld hostile)
{
    private const string Here = "us-east-1", There = "eu-west-1";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Row_AlteredUnderARunningService_IsNamedAndParkedAndTheRestGoesOn()
    {
        await AddAsync(Here, "victim", "first");
        await AddAsync(Here, "victim", "second");
        Change(ServiceJournal, "UPDATE event SET sequence = sequence + 7 WHERE id = (SELECT max(id) FROM event)");
        await AddAsync(Here, "other", "first");
        await Eventually.BeTrue(async () => (await ReadAsync(There, "victim")).Body.Contains(
            "second", StringComparison.Ordinal), "the other region has it");
        await KillInstanceAsync();

        var (status, body) = await ReadAsync(Here, "victim");
        status.ShouldBe(500, body);
        body.ShouldContain("PLG4006");
        body.ShouldContain("/victim");
        body.ShouldContain("\"next\":");
        (await TryAddAsync(Here, "victim", "third")).Status.ShouldBe(500, "nothing is appended to what cannot be read");
        await AddAsync(Here, "other", "second");
        (await ReadAsync(Here, "other")).Body.ShouldContain("second");
        await AddAsync(There, "victim", "third");
        (await hostile.World.LookAsync("logs", "demo.bookstore")).Output.ShouldContain("PLG4006");
        (await hostile.World.LookAsync("verify")).ShouldExitWith(1).Error.ShouldContain("error PLG1205: ");
        (await hostile.RegionAsync(Here)).Services[0].State.ShouldBe(States.Ready);

        // What the error said to do.
        (await hostile.World.RunAsync("regions", "stop", Here, "--yes")).ShouldExitWith(0);
        Directory.Move(Path.GetDirectoryName(ServiceJournal)!, Path.Combine(ServiceHome, "journal.damaged"));
        (await hostile.World.RunAsync("regions", "start", Here)).ShouldExitWith(0);
        await hostile.World.UntilReadyAsync();
        await Eventually.BeTrue(async () => (await ReadAsync(Here, "victim")).Body is var cart
            && cart.Contains("second", StringComparison.Ordinal) && cart.Contains("third", StringComparison.Ordinal),
            "everything came back from the peers");
        await Eventually.BeTrue(
            async () => (await hostile.World.LookAsync("verify")).ExitCode == 0, "the regions agree again");
    }

    [Fact]
    public async Task Journal_OfAnotherVersion_IsNamedLeftAloneAndUsedOnceItIsRight()
    {
        var journal = Path.Combine(hostile.World.Data, "regions", Here, "journal", "journal.db");
        (await hostile.World.RunAsync("regions", "stop", Here, "--yes")).ShouldExitWith(0);
        Change(journal, "PRAGMA user_version = 9");
        var before = await File.ReadAllBytesAsync(journal, Stop);
        (await hostile.World.RunAsync("regions", "start", Here)).ShouldExitWith(0);

        await Eventually.BeTrue(async () => (await hostile.World.LookAsync("logs", Here)).Output.Contains(
            "error PLG4002: The journal in '" + Path.GetDirectoryName(journal), StringComparison.Ordinal),
            "the region says why it does not start");
        (await hostile.World.RunAsync("doctor")).ShouldExitWith(1).Output.ShouldContain($"pelago logs {Here}");
        (await File.ReadAllBytesAsync(journal, Stop)).ShouldBe(before);

        (await hostile.World.RunAsync("regions", "stop", Here, "--yes")).ShouldExitWith(0);
        Change(journal, "PRAGMA user_version = 1");
        (await hostile.World.RunAsync("regions", "start", Here)).ShouldExitWith(0);
        await hostile.World.UntilReadyAsync();
    }

    private string ServiceHome
        => Path.Combine(hostile.World.Data, "regions", Here, "services", "demo", "bookstore");

    private string ServiceJournal => Path.Combine(ServiceHome, "journal", "journal.db");

    private static void Change(string journal, string sql)
    {
        using var database = Database.Open(journal, create: false, 1024);
        database.Execute(sql);
    }

    private async Task KillInstanceAsync()
    {
        var before = TestWorld.Pids(await hostile.World.UntilReadyAsync())[$"{Here}/bookstore"];
        TestWorld.Kill(before);
        await hostile.World.UntilAsync(
            status => TestWorld.Pids(status)[$"{Here}/bookstore"] is not 0 and var pid && pid != before
                && status.Regions.Single(region => region.Name == Here).Services[0].State == States.Ready,
            "the return of the instance");
    }

    private async Task AddAsync(string region, string cart, string sku)
    {
        var (status, body) = await TryAddAsync(region, cart, sku);
        status.ShouldBe(200, body);
    }

    private async Task<(int Status, string Body)> TryAddAsync(string region, string cart, string sku)
        => await hostile.CurlAsync("--header", "Content-Type: application/json", "--data-binary",
            $$"""{"sku":"{{sku}}","quantity":1}""",
            $"{(await hostile.RegionAsync(region)).Services[0].Url}/carts/{cart}/items");

    private async Task<(int Status, string Body)> ReadAsync(string region, string cart)
        => await hostile.CurlAsync($"{(await hostile.RegionAsync(region)).Services[0].Url}/carts/{cart}");
}
