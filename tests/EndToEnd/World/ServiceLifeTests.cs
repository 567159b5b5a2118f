using Pelago.Cli;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Tests.EndToEnd;

/// <summary>The life of a service through the command line: deployed, changed, stuck, deleted. One world for all tests
/// of the class, one test at a time; each deploys a service of its own from the bookstore that is published beside the
/// command.</summary>
public sealed partial class ServiceLifeTests(ServiceLifeTests.Shared shared) : IClassFixture<ServiceLifeTests.Shared>
{
    private const int PortBase = 22_500;

    private TestWorld World => shared.World;

    [Fact]
    public async Task Up_SampleWasDeleted_DoesNotBringItBack()
    {
        (await World.RunAsync("delete", "service", "bookstore", "--yes")).ShouldExitWith(0);
        try
        {
            (await World.RunAsync("up")).ShouldExitWith(0).Error.ShouldNotContain("declared");
            (await World.StatusAsync()).Services.Select(s => s.Name).ShouldNotContain("bookstore");
        }
        finally
        {
            (await World.RunAsync("deploy", Published(), "--name", "bookstore")).ShouldExitWith(0);
            await UntilEverywhereAsync("bookstore", service => service.State == States.Ready);
        }
    }

    [Fact]
    public async Task Program_EndsWithoutAWord_IsFailingAndUpSaysSoAtOnce()
    {
        var program = Directory.CreateTempSubdirectory("pelago-silent-").FullName;
        foreach (var file in Directory.GetFiles(Published()))
            File.Copy(file, Path.Combine(program, Path.GetFileName(file)));
        var runtime = Path.Combine(program, "bookstore.runtimeconfig.json");
        var config = await File.ReadAllTextAsync(runtime, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(runtime, config.Replace("\"version\": \"10.", "\"version\": \"99.",
            StringComparison.Ordinal), TestContext.Current.CancellationToken);
        try
        {
            (await World.RunAsync("deploy", program, "--name", "silent")).ShouldExitWith(0);
            (await World.RunAsync("up")).ShouldExitWith(7).Error.ShouldContain("demo/silent: Instance ");
            (await World.LookAsync("status")).Output.ShouldContain(": demo/silent: Instance ");
        }
        finally
        {
            Directory.Delete(program, recursive: true);
            (await World.RunAsync("delete", "service", "silent", "--yes")).ShouldExitWith(0);
        }
        await World.UntilReadyAsync();
    }

    [Fact]
    public async Task Delete_RegionWasDownMeanwhile_InstancesEndEverywhere()
    {
        (await World.RunAsync("deploy", Published(), "--name", "gone")).ShouldExitWith(0);
        await UntilEverywhereAsync("gone", service => service.State == States.Ready);
        (await World.RunAsync("regions", "stop", "eu-west-1", "--kill", "--yes")).ShouldExitWith(0);

        (await World.RunAsync("delete", "service", "gone", "--yes")).ShouldExitWith(0);
        await World.UntilAsync(
            status => status.Regions.Where(r => r.Name != "eu-west-1").All(r => Find(r, "gone") is null),
            "the end of the service where the region is up");
        (await World.RunAsync("regions", "start", "eu-west-1")).ShouldExitWith(0);

        var status = await World.UntilReadyAsync();
        await World.UntilAsync(s => s.Regions.All(r => r.State == States.Ready && Find(r, "gone") is null),
            "the end of the service in the region that was down");
        ProcessSearch.WithEnvironment(InstanceEnvironment.Home,
                home => home.StartsWith(World.Data, StringComparison.Ordinal) && home.EndsWith("/demo/gone"))
            .ShouldBeEmpty("no process of it is left");
        status.Services.Select(s => s.Name).ShouldNotContain("gone");
        (await World.RunAsync("delete", "service", "gone", "--yes")).ShouldExitWith(3)
            .Error.ShouldStartWith("error PLG7003: ");
    }

    [Fact]
    public async Task Delete_DryRunOrNobodyToAsk_DeletesNothing()
    {
        var target = new[] { "delete", "service", "bookstore" };
        (await World.RunAsync([.. target, "--dry-run"])).ShouldExitWith(0);
        (await World.RunAsync(target)).ShouldExitWith(2).Error.ShouldContain("--yes");
        (await World.RunAsync([.. target, "--project", "other", "--yes"])).ShouldExitWith(3);
        await UntilEverywhereAsync("bookstore", service => service.State == States.Ready);
    }

    [Fact]
    public async Task Deploy_AnotherBuild_ReplacesTheInstancesOfEveryRegion()
    {
        (await World.RunAsync("deploy", Published(), "--name", "changing")).ShouldExitWith(0);
        var before = await UntilEverywhereAsync("changing", service => service.State == States.Ready);
        var build = Directory.CreateTempSubdirectory("pelago-build-");
        try
        {
            Copy(Published(), build.FullName);
            await File.WriteAllTextAsync(Path.Combine(build.FullName, "build.txt"), "the second build",
                TestContext.Current.CancellationToken);
            (await World.RunAsync("deploy", build.FullName, "--name", "changing", "--region", "eu-west-1", "--dry-run"))
                .ShouldExitWith(0).Error.ShouldContain("would change");
            (await World.RunAsync("deploy", build.FullName, "--name", "changing", "--region", "eu-west-1"))
                .ShouldExitWith(0);
        }
        finally
        {
            build.Delete(recursive: true);
        }
        var old = Find(before.Regions[0], "changing")!.Artifact;
        var after = await UntilEverywhereAsync(
            "changing", service => service.State == States.Ready && service.Artifact != old);
        foreach (var region in after.Regions)
        {
            var earlier = Find(before.Regions.Single(r => r.Name == region.Name), "changing")!.Instances.Single();
            Find(region, "changing")!.Instances.Single().Pid.ShouldNotBe(earlier.Pid);
        }
        using var client = Client("ap-southeast-1");
        var resource = await client.GetServiceAsync("demo", "changing", TestContext.Current.CancellationToken);
        resource.Metadata.Generation.ShouldBe(2);
    }

    [Fact]
    public async Task Deploy_SourcesOfWhatUpDeployed_AreTheSameArtifactAndRestartNothing()
    {
        var before = TestWorld.Pids(await UntilEverywhereAsync("bookstore", service => service.State == States.Ready));
        var source = Path.Combine(Command.Root, "samples", "bookstore");
        using var client = Client("eu-west-1");
        var resource = await client.GetServiceAsync("demo", "bookstore", TestContext.Current.CancellationToken);
        (await World.RunAsync("deploy", source)).ShouldExitWith(0).Error.ShouldContain("no instance is restarted");
        var declared = await client.GetServiceAsync("demo", "bookstore", TestContext.Current.CancellationToken);
        declared.Metadata.Generation.ShouldBe(resource.Metadata.Generation, "nothing was declared anew");
        TestWorld.Pids(await World.UntilReadyAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task Instance_ThatNoLongerAnswers_IsKilledAndStartedAgain()
    {
        var stuck = Find((await World.UntilReadyAsync()).Regions[1], "bookstore")!.Instances.Single();
        Signals.Send(stuck.Pid, Signals.Stop);
        await World.UntilAsync(status => TestWorld.IsReady(status)
                && Find(status.Regions[1], "bookstore")!.Instances.Single().Pid != stuck.Pid,
            "another instance in place of the one that hangs");
        ProcessIdentity.Of(stuck.Pid).ShouldBeNull();
    }

    [Fact]
    public async Task Instance_Environment_IsNotThatOfWhoeverRanUp()
    {
        var region = (await World.UntilReadyAsync()).Regions[0];
        const string OfTheShell = "SHLVL"; // that ran the command
        (await NamesOfAsync(region.Pid!.Value)).ShouldContain(OfTheShell);

        var names = await NamesOfAsync(Find(region, "bookstore")!.Instances.Single().Pid);
        names.ShouldContain("PATH");
        names.ShouldNotContain(OfTheShell);
        names.Where(name => name.StartsWith("PELAGO_SOURCE", StringComparison.Ordinal)).ShouldBeEmpty();

        static async Task<string[]> NamesOfAsync(int pid) => [.. (await File.ReadAllTextAsync(
            $"/proc/{pid}/environ", TestContext.Current.CancellationToken)).Split('\0').Select(v => v.Split('=')[0])];
    }

    [Fact]
    public async Task RegionProcess_Killed_ItsInstanceIsAdoptedAndAStrayIsEnded()
    {
        var before = TestWorld.Pids(await World.UntilReadyAsync());
        var home = Path.Combine(World.Data, "regions", "eu-west-1");
        var stray = DetachedProcess.Start(new ProcessSpec("/bin/sleep", ["600"], Path.Combine(World.Data, "stray.out"))
        {
            Environment = new Dictionary<string, string?>
            {
                [InstanceEnvironment.Home] = Path.Combine(home, "services", "demo", "ghost"),
                [InstanceEnvironment.Instance] = "i-ghost",
            },
        });
        TestWorld.Kill(before["eu-west-1"]);
        var after = TestWorld.Pids(await World.UntilAsync(
            status => TestWorld.Pids(status)["eu-west-1"] is not 0 and var pid && pid != before["eu-west-1"]
                && TestWorld.IsReady(status), "the region's next process"));
        after["eu-west-1/bookstore"].ShouldBe(before["eu-west-1/bookstore"], "adopted");
        stray.IsAlive.ShouldBeFalse("nobody knows of it");
        var said = (await World.RunAsync("logs", "supervisor", "-n", "200")).ShouldExitWith(0).Output;
        var ended = $"region/eu-west-1 (pid {before["eu-west-1"]}) has ended: ";
        said.Split('\n').Single(line => line.Contains(ended, StringComparison.Ordinal)).ShouldEndWith("by signal 9.");
    }

    [Fact]
    public async Task Trust_NewBundleOfThePlane_ReachesEveryRegion()
    {
        var before = await World.UntilReadyAsync();
        var state = Path.Combine(World.Data, "federation", "state.json");
        var content = await File.ReadAllTextAsync(state, TestContext.Current.CancellationToken);
        content.ShouldContain("\"trustEpoch\": 1,");
        await File.WriteAllTextAsync(
            state, content.Replace("\"trustEpoch\": 1,", "\"trustEpoch\": 2,", StringComparison.Ordinal),
            TestContext.Current.CancellationToken);
        TestWorld.Kill(before.Federation.Pid!.Value); // it reads its state when it starts

        await Eventually.BeTrue(async () => (await World.RunAsync("doctor", "--json")).Output
            .Contains("epoch 2, the same everywhere", StringComparison.Ordinal), "epoch 2", TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task Logs_BeyondTheirLimit_ArePutAside()
    {
        await World.UntilReadyAsync();
        string[] logs =
        [
            "regions/us-east-1/log/demo.bookstore.log", "regions/us-east-1/log/region-us-east-1.log",
            "supervisor/log/supervisor.log", "wan/log/wan.log", "federation/log/federation.log",
        ];
        foreach (var log in logs)
        {
            await File.AppendAllTextAsync(Path.Combine(World.Data, log), new string('x', 1024 * 1024) + "\n",
                TestContext.Current.CancellationToken);
        }
        foreach (var log in logs.Select(log => Path.Combine(World.Data, log)))
        {
            await Eventually.BeTrue(() => File.Exists(log + ".1") && new FileInfo(log).Length < 1024 * 1024,
                $"{log} is put aside", TimeSpan.FromMinutes(1));
        }
    }

    [Fact]
    public async Task Status_RegionCutOff_IsUnknownWhereItIsAskedAndKnownAgainAfterwards()
    {
        await UntilEverywhereAsync("bookstore", service => service.State == States.Ready);
        await UntilSeenAsync("us-east-1", "ap-southeast-1", States.Ready);
        (await World.RunAsync("wan", "cut", "ap-southeast-1")).ShouldExitWith(0);
        await UntilSeenAsync("us-east-1", "ap-southeast-1", "Unknown");
        await UntilSeenAsync("us-east-1", "eu-west-1", States.Ready);
        (await World.RunAsync("wan", "heal")).ShouldExitWith(0);
        await UntilSeenAsync("us-east-1", "ap-southeast-1", States.Ready);
    }

    private Task UntilSeenAsync(string from, string region, string state) => Eventually.BeTrue(async () =>
    {
        using var client = Client(from);
        var service = await client.GetServiceAsync("demo", "bookstore", TestContext.Current.CancellationToken);
        return service.Status!.Regions.Single(r => r.Name == region).Conditions.Single(c => c.Type == "Ready").Reason
            == state;
    }, $"{region} is {state}, seen from {from}", TimeSpan.FromMinutes(1));

    private Task<StatusDocument> UntilEverywhereAsync(string name, Func<ServiceView, bool> holds)
        => World.UntilAsync(
            status => status.Regions.All(r => Find(r, name) is { } service && holds(service)), $"{name} everywhere");

    private RegionClient Client(string region)
    {
        var world = RunningWorld.Open(WorldDirectory.At(World.Data), TimeProvider.System);
        return world.Region(world.RequireRegion(region), TimeSpan.FromSeconds(10));
    }

    private static ServiceView? Find(Pelago.Cli.RegionStatus region, string name)
        => region.Services.FirstOrDefault(service => service.Name == name);

    /// <summary>The bookstore as the launcher has published it.</summary>
    private static string Published()
    {
        var store = Path.Combine(Command.Root, ".pelago-build");
        return Path.Combine(store, File.ReadAllText(Path.Combine(store, "current")).Trim(), "samples", "bookstore");
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    /// <summary>The world of this class.</summary>
    public sealed class Shared : IAsyncLifetime
    {
        internal TestWorld World { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            World = new TestWorld(PortBase);
            (await World.RunAsync("up", "--port-base", $"{PortBase}", "--log-limit-mib", "1")).ShouldExitWith(0);
        }

        public ValueTask DisposeAsync() => World.DisposeAsync();
    }
}
