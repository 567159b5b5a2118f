using System.Net;
using System.Net.Sockets;

namespace Pelago.Tests.EndToEnd;

/// <summary>Somebody else listens where a region of a running world wants to.</summary>
public sealed class TakenPortTests(HostileWorld hostile) : HostileTest(hostile)
{
    private const string Region = "ap-southeast-1";

    [Fact]
    public async Task RegionsStart_PortTaken_NamesItAndStartsNothing()
    {
        var port = new Uri((await Hostile.RegionAsync(Region)).ExecutionApi).Port;
        (await Hostile.World.RunAsync("regions", "stop", Region, "--yes")).ShouldExitWith(0);
        using (Squat(port))
        {
            var result = (await Hostile.World.RunAsync("regions", "start", Region)).ShouldExitWith(5);
            result.Error.ShouldStartWith($"error PLG1104: Port {port}, the Execution API of {Region}, is used by ");
            result.Error.ShouldContain($"(pid {Environment.ProcessId})");
            (await Hostile.RegionAsync(Region)).Pid.ShouldBeNull();
        }
        (await Hostile.World.RunAsync("regions", "start", Region)).ShouldExitWith(0);
        await Hostile.World.UntilReadyAsync();
    }

    [Fact]
    public async Task Region_PortTakenWhileItWasDead_SaysSoInItsLogAndReturns()
    {
        var before = await Hostile.RegionAsync(Region);
        var port = new Uri(before.ExecutionApi).Port;
        TestWorld.Kill(before.Pid!.Value);
        using (Squat(port))
        {
            await Eventually.BeTrue(async () => (await Hostile.World.LookAsync("logs", Region)).Output.Contains(
                "error PLG1104: ", StringComparison.Ordinal), "the region's log names the port");
        }
        await Hostile.World.UntilReadyAsync();
        (await Hostile.RegionAsync(Region)).Pid.ShouldNotBe(before.Pid);
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
