using Pelago.Cli;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Tests.EndToEnd;

/// <summary>A real server of a world that nobody else runs, and what an earlier one may have left in its way.</summary>
public sealed class ServerProcessTests : IAsyncLifetime
{
    private const string Region = "us-east-1";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pelago-server-");
    private readonly WorldRecord _world = WorldPlan.Create(27_500, "none", Ports.IsFree, JournalStores.Postgres);
    private ProcessIdentity? _sleeper;

    private WorldDirectory World => WorldDirectory.At(_root.FullName);

    private ServerHome Home => new(World.ServerHome(Region));

    private RoleSpec Role => new(RoleNames.Server(Region), [], Home.Path);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var installation = await ServerInstallation.FindAsync(World, _world, Cancelled);
        // What an attempt that was interrupted left.
        Directory.CreateDirectory(Home.UnfinishedData);
        await File.WriteAllTextAsync(Path.Combine(Home.UnfinishedData, "half"), "", Cancelled);
        (await installation.PrepareAsync(World, _world.Regions[0], Cancelled)).ShouldBeTrue();
        Directory.Exists(Home.UnfinishedData).ShouldBeFalse();
        File.Exists(Home.HandedPassword).ShouldBeFalse();
        (await installation.PrepareAsync(World, _world.Regions[0], Cancelled)).ShouldBeFalse("it is there already");
        File.Move(Home.PasswordFile, Home.PasswordFile + ".aside");
        (await Should.ThrowAsync<PelagoException>(() => installation.PrepareAsync(World, _world.Regions[0], Cancelled)))
            .Failure.Error.ShouldBe(ErrorCodes.RoleConfig, "a new password would let nobody in");
        File.Move(Home.PasswordFile + ".aside", Home.PasswordFile);
    }

    public async ValueTask DisposeAsync()
    {
        await ServerProcess.StopAsync(default, Home.Path, kill: true, TimeProvider.System, CancellationToken.None);
        _sleeper?.Kill();
        _root.Delete(recursive: true);
    }

    [Fact]
    public async Task Start_PidFileOfSomebodyElse_IsNoServer()
    {
        _sleeper = DetachedProcess.Start(new ProcessSpec("sleep", ["600"], "/dev/null"));
        await File.WriteAllTextAsync(Home.PidFile, $"{_sleeper.Value.Pid}\n{Home.Data}\n", Cancelled);
        ServerProcess.Find(Home.Path).ShouldBeNull();
        var server = RoleProcesses.Start(Role);
        await ReadyAsync();
        ServerProcess.Find(Home.Path).ShouldBe(server);
        RoleProcesses.Find(Role).ShouldBe(server);
        RoleProcesses.IsOf(World.Root, server.Pid).ShouldBeTrue();
        _sleeper.Value.IsAlive.ShouldBeTrue();

        RoleProcesses.Start(Role).ShouldBe(server, "one runs already");
        await ServerProcess.StopAsync(server, Home.Path, kill: false, TimeProvider.System, Cancelled);
        ServerProcess.Living(Home.Path).ShouldBeEmpty();
        (await File.ReadAllTextAsync(RoleProcesses.LogFile(Role), Cancelled)).TrimEnd()
            .ShouldEndWith("database system is shut down");
    }

    [Fact]
    public async Task Start_RestOfAKilledServer_IsEndedFirst()
    {
        var server = RoleProcesses.Start(Role);
        await ReadyAsync();
        var child = ServerProcess.Living(Home.Path).First(process => process != server);
        Signals.Send(child.Pid, Signals.Stop); // it does not notice that the first one is gone
        server.Kill();
        await Eventually.BeTrue(
            () => ServerProcess.Living(Home.Path) is [var only] && only == child, "the rest", Patience);
        Should.Throw<PelagoException>(() => RoleProcesses.Start(Role)).Failure.Error
            .ShouldBe(ErrorCodes.ServerNotMade);
        await Eventually.BeTrue(() => !child.IsAlive, "the end of the rest", Patience);
        RoleProcesses.Start(Role).ShouldNotBe(server);
        await ReadyAsync();
    }

    private Task ReadyAsync() => Eventually.BeTrue(
        async () => (await ServerLook.AskAsync(
            World, _world.Regions[0], probes: false, TimeProvider.System, Cancelled)).Trouble is null,
        "a server that answers", Patience);
}
