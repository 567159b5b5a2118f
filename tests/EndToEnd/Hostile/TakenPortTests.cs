using System.Net;
using System.Net.Sockets;

namespace Pelago.Tests.EndToEnd;

/// <summary>Somebody else listens where a region of a running world wants to.</summary>
[Collection(nameof(HostileWorld))]
public sealed class TakenPortTests(HostileWorld hostile)
{
    private const string Region = "ap-southeast-1";

    [Fact]
    public async Task RegionsStart_PortTaken_NamesItAndStartsNothing()
    {
        var port = new Uri((await hostile.RegionAsync(Region)).ExecutionApi).Port;
        (await hostile.World.RunAsync("regions", "stop", Region, "--yes")).ShouldExitWith(0);
        using (Squat(port))
        {
            var result = (await hostile.World.RunAsync("regions", "start", Region)).ShouldExitWith(5);
            result.Error.ShouldStartWith($"error PLG1104: Port {port}, the Execution API of {Region}, is used by ");
            result.Error.ShouldContain($"(pid {Environment.ProcessId})");
            (await hostile.RegionAsync(Region)).Pid.ShouldBeNull();
        }
        (await hostile.World.RunAsync("regions", "start", Region)).ShouldExitWith(0);
        await hostile.World.UntilReadyAsync();
    }

    [Fact]
    public async Task Region_PortTakenWhileItWasDead_SaysSoInItsLogAndReturns()
    {
        var before = await hostile.RegionAsync(Region);
        var port = new Uri(before.ExecutionApi).Port;
        TestWorld.Kill(before.Pid!.Value);
        using (Squat(port))
        {
            await Eventually.BeTrue(async () => (await hostile.World.LookAsync("logs", Region)).Output.Contains(
                "error PLG1104: ", StringComparison.Ordinal), "the region's log names the port");
        }
        await hostile.World.UntilReadyAsync();
        (await hostile.RegionAsync(Region)).Pid.ShouldNotBe(before.Pid);
    }

    /// <summary>Takes a port the moment that it is free.</summary>
    private static TcpListener Squat(int port)
    {
        while (true)
        {
            var squatter = new TcpListener(IPAddress.Loopback, port);
            try
            {
                squatter.Start();
                return squatter;
            }
            catch (SocketException)
            {
                squatter.Dispose(); // what was killed holds it for a moment longer
            }
        }
    }
}
