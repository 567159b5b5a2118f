using System.Net;
using System.Net.Sockets;

namespace Pelago.Client;

/// <summary>Opens connections by name. Certificates carry names only, and most systems do not resolve
/// <c>*.localhost</c>, so those names go to loopback as RFC 6761 section 6.3 says; everything else asks the
/// resolver.</summary>
public static class NamedConnections
{
    /// <summary>Connects to a name and port, or to the address given in its place.</summary>
    /// <param name="host">Name as it stands in the URL.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async ValueTask<Stream> OpenAsync(string host, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (IsLoopbackName(host))
                await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken).ConfigureAwait(false);
            else
                await socket.ConnectAsync(host, port, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>True for <c>localhost</c> and every name under it, with or without a trailing dot.</summary>
    public static bool IsLoopbackName(string host)
    {
        var name = host.AsSpan().TrimEnd('.');
        return name.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
    }
}
