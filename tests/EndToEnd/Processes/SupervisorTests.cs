using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Cli;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Tests.EndToEnd;

/// <summary>Supervises a real process: the smallest role, a network of one link.</summary>
public sealed class SupervisorTests : IDisposable
{
    private const string Role = "wan";

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pelago-supervisor-");
    private readonly CancellationTokenSource _stop = new();

    private string Home => Path.Combine(_root.FullName, "supervisor");

    private string RoleHome => Path.Combine(_root.FullName, Role);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public SupervisorTests()
    {
        PrivateFile.CreateDirectory(Home);
        PrivateFile.CreateDirectory(RoleHome);
        PrivateFile.WriteJson(Path.Combine(RoleHome, "config.json"), new WanConfig(
            0, "", "none", [new WanLink("a", "b", 0, Endpoint.Loopback(1))]));
    }

    public void Dispose()
    {
        _stop.Cancel();
        RoleProcesses.Find(RoleHome)?.Kill();
        _stop.Dispose();
        _root.Delete(recursive: true);
    }

    [Fact]
    public async Task Role_Killed_IsStartedAgain()
    {
        using var supervisor = Start(_stop.Token);
        var first = await RunningAsync(supervisor);
        first.Kill();
        var second = await RunningAsync(supervisor, not: first.Pid);
        supervisor.Report().Roles.Single().Restarts.ShouldBe(1);
        second.Pid.ShouldNotBe(first.Pid);
    }

    [Fact]
    public async Task Supervisor_Gone_SuccessorAdoptsWhatLives()
    {
        ProcessIdentity process;
        using (var first = new CancellationTokenSource())
        using (var supervisor = Start(first.Token))
        {
            process = await RunningAsync(supervisor);
            await first.CancelAsync();
        }
        process.IsAlive.ShouldBeTrue("a role outlives its supervisor");
        using var successor = Start(_stop.Token);
        (await RunningAsync(successor)).ShouldBe(process);

        // Killed before it could write anything down: the process is found by its command line.
        File.Delete(Path.Combine(Home, SupervisorState.FileName));
        using var forgetful = new Supervisor(Config(), Home, TimeProvider.System, NullLogger.Instance);
        forgetful.Report().Roles.Single().Pid.ShouldBe(process.Pid);

        // What was written down is damaged: it is found out again too.
        await File.WriteAllTextAsync(Path.Combine(Home, SupervisorState.FileName), "", Cancellation);
        using var puzzled = new Supervisor(Config(), Home, TimeProvider.System, NullLogger.Instance);
        puzzled.Report().Roles.Single().Pid.ShouldBe(process.Pid);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Role_Stopped_StaysDownUntilStarted(bool kill)
    {
        using var supervisor = Start(_stop.Token);
        var process = await RunningAsync(supervisor);
        var report = await supervisor.StopAsync(new RoleCommand([Role], kill), Cancellation);
        process.IsAlive.ShouldBeFalse();
        report.Roles.Single().ShouldBe(new RoleReport(Role, 0, RoleReport.Stopped, 0));
        using var successor = new Supervisor(Config(), Home, TimeProvider.System, NullLogger.Instance);
        successor.Report().Roles.Single().Wanted.ShouldBe(RoleReport.Stopped);

        report = await supervisor.StartAsync(new RoleCommand([], Kill: false), Cancellation);
        report.Roles.Single().Pid.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Role_KilledOnAFullDisk_IsStartedAgainAndWrittenDownWithSpace()
    {
        using var supervisor = Start(_stop.Token);
        var first = await RunningAsync(supervisor);
        ProcessIdentity second;
        using (new FullDisk(StateFile))
        {
            first.Kill();
            second = await RunningAsync(supervisor, not: first.Pid);
            Saved().Pid.ShouldBe(first.Pid);
            using var successor = new Supervisor(Config(), Home, TimeProvider.System, NullLogger.Instance);
            successor.Report().Roles.Single().Pid.ShouldBe(second.Pid, "found by its home");
        }
        await Eventually.BeTrue(() => Saved().Pid == second.Pid, "its pid on the disk");
        second.Kill();
        await RunningAsync(supervisor, not: second.Pid);
    }

    [Fact]
    public async Task Stop_OnAFullDisk_FailsAndChangesNothing()
    {
        using var supervisor = Start(_stop.Token);
        var process = await RunningAsync(supervisor);
        using (new FullDisk(StateFile))
        {
            var refused = await Should.ThrowAsync<PelagoException>(
                () => supervisor.StopAsync(new RoleCommand([Role], Kill: true), Cancellation));
            refused.Failure.Error.ShouldBe(ErrorCodes.FileNotWritten);
            supervisor.Report().Roles.Single().Wanted.ShouldBe(RoleReport.Running);
            process.IsAlive.ShouldBeTrue();
            process.Kill();
            await RunningAsync(supervisor, not: process.Pid);
        }
        await supervisor.StopAsync(new RoleCommand([Role], Kill: true), Cancellation);
        Saved().Wanted.ShouldBeFalse();
    }

    [Fact]
    public async Task Role_Unknown_IsRefused()
    {
        using var supervisor = new Supervisor(Config(), Home, TimeProvider.System, NullLogger.Instance);
        var refused = await Should.ThrowAsync<PelagoException>(
            () => supervisor.StopAsync(new RoleCommand(["region/nowhere"], Kill: true), Cancellation));
        refused.Failure.Error.ShouldBe(ErrorCodes.RegionUnknown);
    }

    [Fact]
    public async Task TrustBundle_ThatTheFederationPlaneChanged_IsPublishedWithoutUp()
    {
        var world = new WorldDirectory(_root.FullName);
        PrivateFile.CreateDirectory(world.FederationHome);
        var made = Path.Combine(world.FederationHome, "bundle.pem");
        await File.WriteAllTextAsync(made, "one", Cancellation);
        world.PublishTrust().ShouldBeTrue();
        using var supervisor = Start(_stop.Token);

        await File.WriteAllTextAsync(made, "two", Cancellation);

        await Eventually.BeTrue(() => File.ReadAllText(world.TrustBundle) == "two", "the bundle is the new one");
        await File.WriteAllTextAsync(made, "", Cancellation);
        world.PublishTrust().ShouldBeFalse();
        (await File.ReadAllTextAsync(world.TrustBundle, Cancellation)).ShouldBe("two");
    }

    private string StateFile => Path.Combine(Home, SupervisorState.FileName);

    private RoleState Saved() => SupervisorMemory.Read(Home).Single();

    private SupervisorConfig Config() => new(0, "", [new RoleSpec(Role, ["wan", "run"], RoleHome)]);

    private Supervisor Start(CancellationToken cancellationToken)
    {
        var supervisor = new Supervisor(Config(), Home, TimeProvider.System, NullLogger.Instance);
        _ = supervisor.RunAsync(cancellationToken);
        return supervisor;
    }

    private static async Task<ProcessIdentity> RunningAsync(Supervisor supervisor, int not = 0)
    {
        await Eventually.BeTrue(
            () => supervisor.Report().Roles.Single().Pid is > 0 and var pid && pid != not, "a running role");
        return ProcessIdentity.Of(supervisor.Report().Roles.Single().Pid)!.Value;
    }
}
