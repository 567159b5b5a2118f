using System.Text.Json;
using Pelago.Cli;
using Pelago.Model;

namespace Pelago.Tests.EndToEnd;

/// <summary>What a user may rely on while a world runs. One world for all tests of the class, one test at a
/// time.</summary>
public sealed partial class WorldTests(WorldTests.Shared shared) : IClassFixture<WorldTests.Shared>
{
    private const int PortBase = 22_500;

    private TestWorld World => shared.World;

    [Fact]
    public async Task Status_RunningWorld_HasTheShapeForScripts()
    {
        await World.UntilReadyAsync();
        var status = await World.PrintedStatusAsync();
        status.Group.ShouldBe("local");
        status.World.ShouldBe(World.Data);
        status.Regions.Select(region => region.Name).ShouldBe(["us-east-1", "eu-west-1", "ap-southeast-1"]);
        status.Traffic.ShouldBeEmpty();
        status.Databases.ShouldBeEmpty();
        File.GetUnixFileMode(status.AdminToken).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var bundle = await File.ReadAllTextAsync(status.TrustBundle, TestContext.Current.CancellationToken);
        bundle.ShouldContain("BEGIN CERTIFICATE");
        foreach (var region in status.Regions)
        {
            region.ExecutionApi.ShouldStartWith($"https://api.{region.PlatformHostname}:");
            region.Ingress.ShouldStartWith($"https://ingress.svc.{region.AppsHostname}:");
            region.Public.ShouldStartWith($"https://{region.AppsHostname}:");
            region.Replication.Select(peer => peer.Peer).Order().ShouldBe(
                status.Regions.Select(r => r.Name).Where(name => name != region.Name).Order());
            var bookstore = region.Services.Single();
            (bookstore.Project, bookstore.Name).ShouldBe(("demo", "bookstore"));
            bookstore.Url.ShouldNotBeNull().ShouldStartWith($"https://bookstore-demo.{region.AppsHostname}:");
        }
        TestWorld.Pids(status).Values.ShouldBeUnique();
    }

    [Fact]
    public async Task Status_Formats_AreForScriptsAndPeople()
    {
        (await World.RunAsync("status", "-o", "name")).ShouldExitWith(0).Output.ShouldContain("region/eu-west-1");
        (await World.RunAsync("status", "-o", "yaml")).ShouldExitWith(0).Output.ShouldContain("group: local");
        var table = (await World.RunAsync("status")).ShouldExitWith(0);
        table.Output.ShouldContain("demo/bookstore");
        table.Output.ShouldNotContain("\u001b", Case.Sensitive, "no colours where no terminal is");
        (await World.RunAsync("regions", "list", "-o", "name")).ShouldExitWith(0).Output.ShouldContain("us-east-1\n");
        (await World.RunAsync("wan", "show")).ShouldExitWith(0).Output.ShouldContain("108 ms");
        (await World.RunAsync("logs", "wan")).ShouldExitWith(0).Output.ShouldContain("9 links");
    }

    [Fact]
    public async Task Up_RunningWorld_ReportsAndStartsNothing()
    {
        var before = TestWorld.Pids(await World.UntilReadyAsync());
        (await World.UpAsync()).ShouldExitWith(0);
        TestWorld.Pids(await World.StatusAsync()).ShouldBe(before);
    }

    [Theory]
    [InlineData(2, "PLG1201", "no-such-verb")]
    [InlineData(3, "PLG1203", "regions", "stop", "eu-west-9", "--yes")]
    [InlineData(3, "PLG1203", "regions", "start", "eu-west-9")]
    [InlineData(5, "PLG5206", "regions", "add", "eu-west-1")]
    [InlineData(2, "PLG1202", "regions", "add", "federation")]
    [InlineData(3, "PLG1203", "regions", "remove", "eu-west-9", "--yes")]
    [InlineData(2, "PLG1202", "regions", "remove", "eu-west-1")]
    [InlineData(3, "PLG1203", "wan", "cut", "nowhere")]
    [InlineData(3, "PLG8002", "wan", "heal", "eu-west-1", "eu-west-1")]
    [InlineData(3, "PLG1203", "wan", "cut", "nowhere", "--dry-run")]
    [InlineData(3, "PLG8002", "wan", "heal", "eu-west-1", "eu-west-1", "--dry-run")]
    [InlineData(2, "PLG8001", "wan", "set", "us-east-1", "eu-west-1", "--delay-ms", "-1", "--dry-run")]
    [InlineData(2, "PLG8001", "wan", "set", "us-east-1", "eu-west-1", "--delay-ms", "-1")]
    [InlineData(2, "PLG1202", "wan", "set", "us-east-1", "eu-west-1")]
    [InlineData(2, "PLG1202", "regions", "stop", "eu-west-1")]
    [InlineData(3, "PLG1206", "logs", "no-such-service")]
    [InlineData(2, "PLG1202", "verify", "--settle-seconds", "-1")]
    [InlineData(2, "PLG1202", "delete", "service", "bookstore", "--no-input")]
    [InlineData(3, "PLG7003", "delete", "service", "no-such-service", "--yes")]
    [InlineData(2, "PLG1201", "delete", "servce", "bookstore")]
    [InlineData(3, "PLG1112", "status", "--context", "no-such-context")]
    [InlineData(2, "PLG1202", "status", "-o", "xml")]
    [InlineData(3, "PLG1203", "deploy", ".", "--region", "eu-west-9", "--name", "shop")]
    [InlineData(2, "PLG2001", "deploy", ".", "--name", "Not_A_Name")]
    [InlineData(2, "PLG2001", "deploy", ".", "--name", "ingress")]
    [InlineData(2, "PLG2001", "deploy", ".", "--name", "bücher")]
    [InlineData(2, "PLG2001", "deploy", ".", "--name", "")]
    [InlineData(2, "PLG2001", "deploy", ".", "--name", "a123456789-123456789-123456789-1234567890")]
    [InlineData(2, "PLG2001", "deploy", "samples/bookstore", "--name", "shop", "--project", "Not OK")]
    [InlineData(3, "PLG1305", "deploy", "/nonexistent")]
    [InlineData(2, "PLG1301", "deploy", "docs", "--name", "shop")]
    public async Task BadInput_AnyVerb_SaysWhatIsWrongAndChangesNothing(
        int exitCode, string code, params string[] words)
    {
        var before = TestWorld.Pids(await World.UntilReadyAsync());
        var result = await World.RunAsync(words);
        result.Error.ShouldStartWith($"error {code}: ");
        result.ShouldExitWith(exitCode);
        result.Error.ShouldNotContain("   at ");
        result.Output.ShouldBeEmpty();
        TestWorld.Pids(await World.StatusAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task Doctor_HealthyWorld_LooksAtEverythingAndFindsNothingFailed()
    {
        await World.UntilReadyAsync();
        (await World.RunAsync("doctor")).ShouldExitWith(0).Error.ShouldContain("Nothing is wrong.");
        var findings = JsonSerializer.Deserialize<List<Finding>>(
            (await World.RunAsync("doctor", "--json")).ShouldExitWith(0).Output, WorldJson.Options)!;
        findings.Select(f => f.Check).ShouldBeUnique();
        foreach (var check in new[]
        {
            "clock of eu-west-1", "certificates of federation", "trust bundle", "us-east-1 reaches ap-southeast-1",
            "versions", "links",
        })
            findings.Single(f => f.Check == check).Result.ShouldBe(Finding.Good, check);
        findings.Single(f => f.Check == "journal fsync of us-east-1").Detail.ShouldContain("ms for 4 KiB, SQLite ");
        findings.Count(f => f.Check.StartsWith("name ", StringComparison.Ordinal)).ShouldBe(1 + 3 * 4);
    }

    [Fact]
    public async Task DryRun_VerbsThatChange_ChangeNothing()
    {
        var before = TestWorld.Pids(await World.UntilReadyAsync());
        foreach (var words in new[]
        {
            new[] { "up" }, ["down", "--yes"], ["regions", "stop", "eu-west-1"], ["regions", "start", "eu-west-1"],
            ["wan", "cut", "eu-west-1"], ["wan", "heal"], ["wan", "set", "us-east-1", "eu-west-1", "--delay-ms", "900"],
        })
            (await World.RunAsync([.. words, "--dry-run"])).ShouldExitWith(0);
        TestWorld.Pids(await World.StatusAsync()).ShouldBe(before);
        var links = (await World.RunAsync("wan", "show")).ShouldExitWith(0).Output;
        links.ShouldNotContain("cut");
        links.ShouldNotContain("900 ms");
        var missing = Path.Combine(World.Data, "not-a-world");
        (await Command.RunAsync("up", "--data", missing, "--dry-run")).ShouldExitWith(0);
        Directory.Exists(missing).ShouldBeFalse();
    }

    [Fact]
    public async Task Regions_AddedUnderTrafficRemovedAndAddedAgain_AllHoldTheSame()
    {
        const string Added = "sa-east-1";
        await using var shopping = Shopping.Start(await World.UntilReadyAsync());
        try
        {
            await World.CutShortAsync("recorded", "regions", "add", Added);
            (await World.RunAsync("regions", "remove", Added, "--yes")).ShouldExitWith(0).Error
                .ShouldContain("was never added");
            await World.CutShortAsync("recorded", "regions", "add", Added);
            (await World.RunAsync("regions", "add", Added)).ShouldExitWith(0).Error.ShouldContain("member");
            var four = await World.UntilReadyAsync();
            four.Regions.Count.ShouldBe(4);
            four.Regions.ShouldAllBe(region => region.Replication.Count == 3);
            await World.CutShortAsync("left the group", "regions", "remove", Added, "--yes");
            (await World.RunAsync("regions", "add", Added)).ShouldExitWith(5).Error.ShouldStartWith("error PLG5204: ");
            (await World.RunAsync("regions", "remove", Added, "--yes")).ShouldExitWith(0).Error.ShouldContain("sealed");
            (await World.UntilReadyAsync()).Regions.Count.ShouldBe(3);
            (await World.RunAsync("regions", "add", Added)).ShouldExitWith(0);
            await World.UntilReadyAsync();
            await shopping.ShouldHaveLostNothingAsync();
            var compared = (await World.RunAsync("verify")).ShouldExitWith(0).Output;
            compared.Split('\n').Count(line => line.Contains(Added, StringComparison.Ordinal)
                && line.Contains("ok", StringComparison.Ordinal)).ShouldBe(2, compared);
        }
        finally
        {
            (await World.RunAsync("regions", "remove", Added, "--yes")).ShouldExitWith(0);
        }
        Directory.GetDirectories(Path.Combine(World.Data, "removed")).Length.ShouldBe(3, "journals are set aside");
    }

    [Fact]
    public async Task Data_ThroughASymbolicLink_IsTheSameWorld()
    {
        var before = TestWorld.Pids(await World.UntilReadyAsync());
        var link = World.Data + "-link";
        Directory.CreateSymbolicLink(link, World.Data);
        try
        {
            (await Command.RunAsync("up", "--data", link)).ShouldExitWith(0);
            (await Command.RunAsync("status", "--data", link, "-o", "json")).ShouldExitWith(0)
                .Output.ShouldContain($"\"world\": \"{World.Data}\"");
        }
        finally
        {
            File.Delete(link);
        }
        TestWorld.Pids(await World.StatusAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task Context_SavedByUp_MeansTheWorldFromThenOn()
    {
        await World.UntilReadyAsync();
        var configuration = Directory.CreateTempSubdirectory("pelago-config-");
        try
        {
            (await PelagoAsync("up", "--context", "here", "--data", World.Data)).ShouldExitWith(0)
                .Error.ShouldContain("pelago down --context here");
            (await PelagoAsync("status", "--context", "here", "-o", "json")).ShouldExitWith(0)
                .Output.ShouldContain($"\"world\": \"{World.Data}\"");
            (await PelagoAsync("status", "--context", "here", "--data", "/tmp")).ShouldExitWith(2)
                .Error.ShouldStartWith("error PLG1202: ");
            var other = Path.Combine(configuration.FullName, "other");
            (await PelagoAsync("up", "--context", "here", "--data", other)).ShouldExitWith(5)
                .Error.ShouldStartWith("error PLG1113: ");
            Directory.Exists(other).ShouldBeFalse();
            (await PelagoAsync("status", "--context", "her")).ShouldExitWith(3).Error.ShouldContain("'here'");
        }
        finally
        {
            configuration.Delete(recursive: true);
        }

        Task<CommandResult> PelagoAsync(params string[] words) => Command.RunProgramAsync("env",
            [$"XDG_CONFIG_HOME={configuration.FullName}", Path.Combine(Command.Root, "pelago"), .. words]);
    }

    [Fact]
    public async Task Verify_RegionDown_SaysWhichPartIsMissing()
    {
        await World.UntilReadyAsync();
        (await World.RunAsync("regions", "stop", "us-east-1", "--yes")).ShouldExitWith(0);
        (await World.RunAsync("verify", "--settle-seconds", "0")).ShouldExitWith(7)
            .Error.ShouldContain("error PLG1208: Not compared: us-east-1");
        (await World.RunAsync("regions", "start", "us-east-1")).ShouldExitWith(0);
        await World.UntilReadyAsync();
    }

    [Fact]
    public async Task Regions_Stopped_StayDownUntilStarted()
    {
        var before = await World.UntilReadyAsync();
        (await World.RunAsync("regions", "stop", "eu-west-1", "--kill", "--yes")).ShouldExitWith(0);
        var without = await World.StatusAsync();
        var stopped = without.Regions.Single(region => region.Name == "eu-west-1");
        (stopped.State, stopped.Pid).ShouldBe((States.Stopped, null));
        var instance = before.Regions.Single(region => region.Name == "eu-west-1").Services[0].Instances[0].Pid;
        Pelago.Client.ProcessIdentity.Of(instance).ShouldBeNull("an instance goes with its region");
        (await World.RunAsync("regions", "start", "eu-west-1")).ShouldExitWith(0);
        await World.UntilReadyAsync();
    }

    [Fact]
    public async Task Wan_Cut_StopsReplicationUntilHealed()
    {
        await World.UntilReadyAsync();
        (await World.RunAsync("wan", "cut", "ap-southeast-1")).ShouldExitWith(0);
        await World.UntilAsync(
            status => status.Regions.Single(region => region.Name == "us-east-1").Replication
                .Single(peer => peer.Peer == "ap-southeast-1").State != States.Live,
            "a replication that is not live");
        (await World.RunAsync("doctor")).ShouldExitWith(1).Output.ShouldContain("pelago wan heal");
        (await World.RunAsync("wan", "heal")).ShouldExitWith(0);
        await World.UntilReadyAsync();
        (await World.RunAsync("verify")).ShouldExitWith(0);
    }

    [Fact]
    public async Task SecondWorld_SamePortBase_StepsAsideAndLeavesTheFirstAlone()
    {
        var first = TestWorld.Pids(await World.UntilReadyAsync());
        await using (var second = await TestWorld.UpAsync(PortBase))
        {
            var other = await second.UntilReadyAsync();
            TestWorld.Pids(other).Values.Intersect(first.Values).ShouldBeEmpty();
            (await World.StatusAsync()).Federation.ManagementApi.ShouldNotBe(other.Federation.ManagementApi);
            (await second.RunAsync("down")).ShouldExitWith(0);
            second.Processes().ShouldBeEmpty();
        }
        TestWorld.Pids(await World.UntilReadyAsync()).ShouldBe(first);
    }

    /// <summary>The world of this class.</summary>
    public sealed class Shared : IAsyncLifetime
    {
        internal TestWorld World { get; private set; } = null!;

        public async ValueTask InitializeAsync() => World = await TestWorld.UpAsync(PortBase);

        public ValueTask DisposeAsync() => World.DisposeAsync();
    }
}
