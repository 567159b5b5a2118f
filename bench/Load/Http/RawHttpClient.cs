using System.Buffers.Text;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Pelago.Bench.Load;

/// <summary>One keep-alive HTTP/1.1 connection that sends prepared requests. As thin as possible: it shares its
/// cores with the server, and what it costs makes every server look alike.</summary>
/// <param name="target">Where to; the scheme decides about TLS.</param>
/// <param name="tls">How to verify the server; needed for https.</param>
public sealed class RawHttpClient(Uri target, SslClientAuthenticationOptions? tls = null) : IDisposable
{
    private readonly Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] buffer = new byte[64 * 1024];
    private Stream stream = Stream.Null;

    /// <summary>Connects to the target's port on loopback.</summary>
    public async Task ConnectAsync(CancellationToken cancellationToken)
    {
        await socket.ConnectAsync(IPAddress.Loopback, target.Port, cancellationToken);
        stream = new NetworkStream(socket);
        if (target.Scheme != Uri.UriSchemeHttps)
            return;
        var secured = new SslStream(stream);
        stream = secured;
        await secured.AuthenticateAsClientAsync(tls!, cancellationToken);
    }

    /// <summary>A request as it goes over the wire.</summary>
    public byte[] Request(string path, string json) => Encoding.UTF8.GetBytes(
        $"POST {path} HTTP/1.1\r\nHost: {target.Authority}\r\nContent-Type: application/json\r\n"
        + $"Content-Length: {Encoding.UTF8.GetByteCount(json)}\r\n\r\n{json}");

    /// <summary>Sends one request and reads its answer.</summary>
    /// <returns>The status code.</returns>
    public async Task<int> SendAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(request, cancellationToken);
        var length = 0;
        while (true)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
                throw new IOException("The server closed the connection.");
            length += read;
            if (IsWhole(buffer.AsSpan(0, length), out var status))
                return status;
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        stream.Dispose();
        socket.Dispose();
    }

    private static bool IsWhole(ReadOnlySpan<byte> answer, out int status)
    {
        status = 0;
        var end = answer.IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return false;
        if (!Utf8Parser.TryParse(answer[9..], out status, out _))
            return false;
        var head = answer[..end];
        var body = answer[(end + 4)..];
        var at = head.IndexOf("Content-Length: "u8);
        if (at < 0)
            return body.EndsWith("0\r\n\r\n"u8);
        return Utf8Parser.TryParse(head[(at + 16)..], out int length, out _) && body.Length >= length;
    }
}
