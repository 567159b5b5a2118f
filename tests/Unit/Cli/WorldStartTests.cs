using Pelago.Cli;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Tests.Unit;

/// <summary>What `up` says of a region that does not become ready.</summary>
public sealed class WorldStartTests : IDisposable
{
    private const string Region = "us-east-1";

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pelago-start-");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task Region_ThatLeftWordWhyItEnded_IsQuoted()
    {
        var directory = WorldDirectory.At(_root.FullName);
        PrivateFile.CreateDirectory(directory.RegionHome(Region));
        new RoleFailure(TimeProvider.System.GetUtcNow(), new TroubleView("PLG4006", "It is damaged.", "Set it aside."))
            .Write(directory.RegionHome(Region));
        (await WaitAsync(directory, _ => Task.FromResult(false))).Message.ShouldContain(
            "is not ready after 0 s. It ended with PLG4006: It is damaged. Set it aside.");
    }

    [Fact]
    public async Task Region_ThatWaits_IsQuoted()
    {
        var directory = WorldDirectory.At(_root.FullName);
        PrivateFile.CreateDirectory(directory.RegionHome(Region));
        new RoleFailure(TimeProvider.System.GetUtcNow(), new TroubleView("PLG3109", "It waits.", "Put it back."))
            { IsWaiting = true }.Write(directory.RegionHome(Region));
        (await WaitAsync(directory, _ => Task.FromResult(false))).Message.ShouldContain(
            "It says PLG3109: It waits. Put it back.");
    }

    [Fact]
    public async Task Region_WhoseServiceFails_IsQuoted()
    {
        var failure = new Failure(ErrorCodes.RegionNotReady, "demo/shop: PLG4006: It is damaged.");
        (await WaitAsync(WorldDirectory.At(_root.FullName), _ => throw failure.ToException())).Message.ShouldContain(
            "Last seen: demo/shop: PLG4006: It is damaged.");
    }

    [Fact]
    public async Task Supervisor_ThatHasEnded_IsNotWaitedFor()
    {
        var directory = WorldDirectory.At(_root.FullName);
        var world = new RunningWorld(directory, WorldPlan.Create(7400, "aws", _ => true), TimeProvider.System);
        var terminal = new Terminal(TextWriter.Null, TextWriter.Null, colourOutput: false, colourError: false);
        var start = new WorldStart(directory, new StartRequest(null, null), terminal, TimeProvider.System);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        stop.CancelAfter(TimeSpan.FromSeconds(30));
        var failure = (await Should.ThrowAsync<PelagoException>(() => start.UntilAsync(
            RoleNames.Supervisor, world, _ =>
            {
                start.RequireSupervisor(new ProcessIdentity(int.MaxValue, 1), world);
                return Task.FromResult(false);
            }, stop.Token))).Failure;
        failure.Error.ShouldBe(ErrorCodes.RoleNotReady);
        failure.Message.ShouldContain($"its process (pid {int.MaxValue}) has ended");
        failure.Next.ShouldNotBeNull().ShouldContain(
            Path.Combine(directory.SupervisorHome, "log", "supervisor.log"));
    }

    private static async Task<Failure> WaitAsync(
        WorldDirectory directory, Func<CancellationToken, Task<bool>> check)
    {
        var terminal = new Terminal(TextWriter.Null, TextWriter.Null, colourOutput: false, colourError: false);
        var start = new WorldStart(directory, new StartRequest(null, null) { Limit = TimeSpan.Zero }, terminal,
            TimeProvider.System);
        var world = new RunningWorld(directory, WorldPlan.Create(7400, "aws", _ => true), TimeProvider.System);
        var thrown = await Should.ThrowAsync<PelagoException>(() => start.UntilAsync(
            RoleNames.Region(Region), world, check, TestContext.Current.CancellationToken));
        thrown.Failure.Error.ShouldBe(ErrorCodes.RoleNotReady);
        return thrown.Failure;
    }
}
