using System.Net;
using System.Net.Sockets;
using Pelago.Cli;
using Pelago.Drills;
using Pelago.Model;

namespace Pelago.Tests.Unit;

/// <summary>The administrator token is sent to roles of the world and to nobody who listens in their place.</summary>
public sealed class ControlTokenTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pelago-token-");

    public void Dispose() => _root.Delete(recursive: true);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Control_AnotherProgramOnItsPort_NotAByteIsSent(bool supervisor)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var received = ReadAsync(listener);
        var directory = WorldDirectory.At(_root.FullName);
        directory.ReadOrCreateAdminToken();
        var world = new RunningWorld(directory,
            WorldPlan.Create(7400, "aws", _ => true) with { WanControlPort = port, SupervisorPort = port },
            TimeProvider.System);
        var limit = TimeSpan.FromMinutes(1);
        using var control = supervisor ? world.SupervisorControl(limit) : world.WanControl(limit);
        var failure = (await Should.ThrowAsync<PelagoException>(
            () => control.GetAsync<WanReport>("v1/wan", TestContext.Current.CancellationToken))).Failure;
        (await received).ShouldBe(0);
        failure.Error.ShouldBe(ErrorCodes.ControlUnreachable);
        failure.Message.ShouldContain($"(pid {Environment.ProcessId}), which is not of this world");
    }

    private static async Task<int> ReadAsync(TcpListener listener)
    {
        using var accepted = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        return await accepted.GetStream().ReadAsync(new byte[1], TestContext.Current.CancellationToken);
    }
}
