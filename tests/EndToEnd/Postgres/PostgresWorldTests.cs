using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Pelago.Cli;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Tests.EndToEnd;

/// <summary>A world whose journals lie on one PostgreSQL server a region. One world for all tests of the class, one
/// test at a time.</summary>
public sealed class PostgresWorldTests(PostgresWorld shared) : IClassFixture<PostgresWorld>
{
    private const string Region = "eu-west-1";
    private const int Packages = 6_000, Connections = 2;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private TestWorld World => shared.World;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Up_Postgres_PutsEveryJournalOnItsRegionsServerAndNobodyElseComesNear()
    {
        var status = await World.UntilReadyAsync();
        (await World.PrintedStatusAsync()).Servers.Select(server => server.Region)
            .ShouldBe(status.Regions.Select(region => region.Name));
        foreach (var server in status.Servers)
        {
            int.Parse(server.Version!.Split('.')[0], System.Globalization.CultureInfo.InvariantCulture)
                .ShouldBeGreaterThanOrEqualTo(15);
            (await shared.QueryAsync(server.Region, "SELECT datname FROM pg_database WHERE NOT datistemplate "
                + "AND datname <> 'postgres' ORDER BY 1")).ShouldBe(["demo/bookstore", "region"]);
            (await shared.QueryAsync(server.Region, "SELECT current_setting('fsync') || current_setting("
                + "'synchronous_commit') || current_setting('full_page_writes')")).ShouldBe(["ononon"]);
            OwnerOf(server.Pid!.Value).ShouldNotBe(0u, "PostgreSQL does not run as root");
            File.GetUnixFileMode(shared.HomeOf(server.Region).PasswordFile)
                .ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        const UnixFileMode others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
        (File.GetUnixFileMode(World.Data) & others).ShouldBe(UnixFileMode.None);
        Directory.EnumerateFiles(Path.Combine(World.Data, "regions"), "journal.db*", SearchOption.AllDirectories)
            .ShouldBeEmpty("no journal lies in a file");
    }

    [Fact]
    public async Task Secrets_OfServers_AreInNoCommandLineAndNoLog()
    {
        var status = await World.UntilReadyAsync();
        var lines = Directory.EnumerateDirectories("/proc")
            .Where(process => int.TryParse(Path.GetFileName(process), out _))
            .SelectMany(process => ProcessSearch.CommandLineOf(int.Parse(Path.GetFileName(process),
                System.Globalization.CultureInfo.InvariantCulture)));
        var logs = Directory.EnumerateFiles(World.Data, "*.log", SearchOption.AllDirectories)
            .Select(File.ReadAllText).ToList();
        logs.Count.ShouldBeGreaterThan(9);
        var words = lines.ToList();
        foreach (var secret in status.Servers.Select(server => shared.PasswordOf(server.Region)))
        {
            secret.Length.ShouldBeGreaterThan(40);
            words.ShouldAllBe(word => !word.Contains(secret));
            logs.ShouldAllBe(log => !log.Contains(secret) && !log.Contains("SCRAM-SHA-256$"));
        }
    }

    [Fact]
    public async Task Up_WithAnotherJournal_IsRefusedAndChangesNothing()
    {
        var before = TestWorld.Pids(await World.UntilReadyAsync());
        foreach (var words in new[] { new[] { "--journal", "sqlite" }, ["--journal", "sqlite", "--dry-run"] })
            (await World.UpAsync(words)).ShouldExitWith(5).Error.ShouldStartWith("error PLG1117: ");
        (await World.UpAsync()).ShouldExitWith(0); // what the world has needs no flag
        TestWorld.Pids(await World.StatusAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task Doctor_HealthyServers_ReportsVersionSettingsAndTheTimeOfACommit()
    {
        await World.UntilReadyAsync();
        var finding = await FindingAsync();
        finding.Result.ShouldBe(Finding.Good, finding.Detail);
        finding.Detail.ShouldMatch(@"^\d+\.\d+ at 127\.0\.0\.1:\d+: fsync on, synchronous_commit on, "
            + @"full_page_writes on, read-write; 4 KiB committed in \d+\.\d\d ms$");
        (await FindingAsync($"journal fsync of {Region}")).Detail.ShouldMatch(@"ms for 4 KiB, PostgreSQL \d+\.\d+$");
    }

    [Fact]
    public async Task Sigkill_ServersUnderCartWrites_AreStartedAgainAndNothingIsLost()
    {
        var before = await World.UntilReadyAsync();
        await using var shopping = Shopping.Start(before);
        foreach (var region in before.Regions.Select(r => r.Name))
        {
            var server = PostgresWorld.ServerIn(await World.UntilReadyAsync(), region).Pid!.Value;
            if (region == Region)
                await KillAllAsync(region);
            else
                TestWorld.Kill(server);
            await World.UntilAsync(status => PostgresWorld.ServerIn(status, region) is { Pid: { } pid } && pid != server
                && TestWorld.IsReady(status), $"the return of {region}'s server");
        }
        await shopping.ShouldHaveLostNothingAsync();
        var after = await World.UntilReadyAsync();
        after.Regions.Select(r => r.Pid).ShouldBe(before.Regions.Select(r => r.Pid), "no region had to be restarted");
        await VerifyAsync();
    }

    [Fact]
    public async Task Server_ReadOnlyForAWhile_IsNamedEverywhereAndTheServiceGoesOn()
    {
        var status = await World.UntilReadyAsync();
        using var store = StoreIn(status, Region);
        await shared.QueryAsync(Region, "ALTER SYSTEM SET default_transaction_read_only = on");
        await shared.QueryAsync(Region, "SELECT pg_reload_conf()");
        await World.UntilAsync(now => PostgresWorld.ServerIn(now, Region) is { State: States.Failing } server
            && server.Trouble!.Code == ErrorCodes.JournalServerReadOnly.Code, "a server that takes no writes");
        (await store.TryAddAsync("read-only", "first", "read-only/1", "", Cancelled)).ShouldBeNull();
        var finding = await FindingAsync();
        finding.Result.ShouldBe(Finding.Failed);
        finding.Detail.ShouldStartWith("PLG4021: ");
        finding.Mend.ShouldContain("ALTER SYSTEM RESET default_transaction_read_only");
        (await World.LookAsync("status")).Output.ShouldContain($"{Region}: PostgreSQL: PLG4021: ");
        (await Command.RunProgramAsync("sh", "-c", finding.Mend)).ShouldExitWith(0);
        await Eventually.BeTrue(async () => await store.TryAddAsync("read-only", "first", "read-only/1", "", Cancelled)
            is not null, "a write", Patience);
        await World.UntilReadyAsync();
        (await FindingAsync()).Result.ShouldNotBe(Finding.Failed);
    }

    [Fact]
    public async Task Server_RestoredToAnOlderPoint_LosesNothingAndForksNothing()
    {
        var status = await World.UntilReadyAsync();
        using var store = StoreIn(status, Region);
        var data = shared.HomeOf(Region).Data;
        var copy = Path.Combine(World.Data, "backup");
        await StopAsync();
        shared.ProcessesOf(Region).ShouldBeEmpty("a server goes with its region");
        var stopped = await World.StatusAsync();
        (PostgresWorld.ServerIn(stopped, Region).State, PostgresWorld.ServerIn(stopped, Region).Pid)
            .ShouldBe((States.Stopped, null));
        (await Command.RunProgramAsync("cp", "-a", data, copy)).ShouldExitWith(0);
        await StartAsync();
        await BuyAsync(store, "first");
        await ShouldHoldEverywhereAsync("first");

        await StopAsync("--kill");
        shared.ProcessesOf(Region).ShouldBeEmpty();
        Directory.Delete(data, recursive: true);
        Directory.Move(copy, data);
        await StartAsync();
        await BuyAsync(store, "second");
        await ShouldHoldEverywhereAsync("first", "second");
        await VerifyAsync();

        async Task StopAsync(params string[] how)
            => (await World.RunAsync(["regions", "stop", Region, "--yes", .. how])).ShouldExitWith(0);

        async Task StartAsync()
        {
            (await World.RunAsync("regions", "start", Region)).ShouldExitWith(0);
            await World.UntilReadyAsync();
        }
    }

    [Fact]
    public async Task Down_ThenAPortTaken_ThenUp_StopsCleanlyNamesThePortAndFindsEverything()
    {
        var status = await World.UntilReadyAsync();
        using var store = StoreIn(status, Region);
        await BuyAsync(store, "kept");
        (await World.RunAsync("down")).ShouldExitWith(0).Error.ShouldContain($"postgres/{Region}");
        World.Processes().ShouldBeEmpty();
        foreach (var server in status.Servers)
        {
            shared.ProcessesOf(server.Region).ShouldBeEmpty();
            (await File.ReadAllTextAsync(LogOf(server.Region), Cancelled)).TrimEnd()
                .ShouldEndWith("database system is shut down");
        }
        var port = new Uri($"tcp://{PostgresWorld.ServerIn(status, Region).Address}").Port;
        using (var squatter = new TcpListener(IPAddress.Loopback, port))
        {
            squatter.Start();
            (await World.UpAsync()).ShouldExitWith(5).Error.ShouldContain(
                $"error PLG1104: Port {port}, PostgreSQL of {Region}, is used by ");
            World.Processes().ShouldBeEmpty("nothing was started");
        }
        (await World.UpAsync("--journal", "postgres")).ShouldExitWith(0);
        await World.UntilReadyAsync();
        (await store.TryReadAsync("kept", "", Cancelled)).ShouldNotBeNull().Skus.ShouldContain("kept");
        foreach (var guard in Directory.EnumerateFiles(Path.Combine(World.Data, "guards"), "*.json",
            SearchOption.AllDirectories))
            (await File.ReadAllTextAsync(guard, Cancelled)).ShouldContain("PostgreSQL system");
    }

    [Fact]
    public async Task Import_WhileServersAndARegionAreKilledAndAnotherCutOff_LosesNothing()
    {
        var index = await PackageLists.WriteAsync(Packages);
        await BookstoreRun.RunAsync(World, index, Connections, async () =>
        {
            var before = PostgresWorld.ServerIn(await World.StatusAsync(), BookstoreRun.Here).Pid!.Value;
            TestWorld.Kill(before);
            await World.UntilAsync(status => PostgresWorld.ServerIn(status, BookstoreRun.Here)
                is { State: States.Ready, Pid: { } pid } && pid != before, "the return of the server");
        });
        File.Delete(index);
    }

    private static uint OwnerOf(int pid)
        => uint.Parse(File.ReadLines($"/proc/{pid}/status").Single(line => line.StartsWith("Uid:",
            StringComparison.Ordinal)).Split('\t')[1], System.Globalization.CultureInfo.InvariantCulture);

    private static BookstoreClient StoreIn(StatusDocument status, string region)
        => new(region, status.Regions.Single(r => r.Name == region).Services[0].Url!, status.TrustBundle);

    private static Task BuyAsync(BookstoreClient store, string sku) => Eventually.BeTrue(
        async () => await store.TryAddAsync(sku == "kept" ? sku : "restored", sku, $"restored/{sku}", "", Cancelled)
            is not null, $"{sku} in a cart", Patience);

    private string LogOf(string region) => Path.Combine(shared.HomeOf(region).Path, "log", $"postgres-{region}.log");

    private async Task ShouldHoldEverywhereAsync(params string[] skus)
    {
        foreach (var region in (await World.StatusAsync()).Regions)
        {
            using var store = StoreIn(await World.UntilReadyAsync(), region.Name);
            await Eventually.BeTrue(
                async () => await store.TryReadAsync("restored", "", Cancelled) is var (found, _)
                    && skus.All(found.Contains), $"{string.Join(" and ", skus)} in {region.Name}", Patience);
        }
    }

    private Task VerifyAsync() => Eventually.BeTrue(
        async () => (await World.RunAsync("verify")).ExitCode == 0, "verify finds the regions equal", Patience);

    private async Task<Finding> FindingAsync(string check = $"PostgreSQL of {Region}")
        => JsonSerializer.Deserialize<List<Finding>>((await World.LookAsync("doctor", "--json")).Output,
            WorldJson.Options)!.Single(finding => finding.Check == check);

    private async Task KillAllAsync(string region)
    {
        var all = shared.ProcessesOf(region);
        all.Count.ShouldBeGreaterThan(5, "a server is several processes");
        foreach (var process in all)
            process.Kill();
        await Eventually.BeTrue(() => all.All(process => !process.IsAlive), "the end of the processes", Patience);
    }
}
