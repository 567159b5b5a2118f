using System.Net;
using System.Net.Sockets;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>Gives instances their ports: the lowest free block, so that a restarted service usually keeps its
/// addresses.</summary>
internal static class InstancePorts
{
    /// <summary>The first port of a free block.</summary>
    /// <param name="config">The region's range.</param>
    /// <param name="taken">First ports of the blocks that instances have.</param>
    /// <exception cref="PelagoException">PLG7202: none is free.</exception>
    public static int Choose(RegionConfig config, IReadOnlySet<int> taken)
    {
        var end = config.FirstInstancePort + config.InstancePortCount;
        for (var first = config.FirstInstancePort; first
            + InstanceState.PortCount <= end; first += InstanceState.PortCount)
        {
            if (!taken.Contains(first) && Enumerable.Range(first, InstanceState.PortCount).All(IsFree))
                return first;
        }
        throw new Failure(ErrorCodes.NoInstancePort,
            $"No {InstanceState.PortCount} ports in a row are free from {config.FirstInstancePort} to {end - 1}.",
            "End what uses them, or delete a service.").ToException();
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
