using System.Net;
using System.Net.Sockets;

namespace Pelago.Tests.Conformance;

/// <summary>A way to a server on which a message can be held up: whoever sent it sees its connection break, and the
/// server gets it later.</summary>
internal sealed class HeldLink : IAsyncDisposable
{
    private static readonly byte[] Sync = [(byte)'S', 0, 0, 0, 4];

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly string socket;
    private readonly TaskCompletionSource<(byte[] Message, Socket Server)> held =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Task accepting;
    private int generation, heldThrough = -1, lostThrough = -1;

    /// <param name="socket">The server's socket.</param>
    public HeldLink(string socket)
    {
        this.socket = socket;
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Where to connect.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>From now on the next message on one of the connections that are open is held up.</summary>
    public void Hold() => heldThrough = generation;

    /// <summary>From now on the next answer on one of the connections that are open is lost, and the connection with
    /// it.</summary>
    public void LoseAnswer() => lostThrough = generation;

    /// <summary>Lets the message through, and returns once the server has dealt with it.</summary>
    public async Task ReleaseAsync()
    {
        var (message, server) = await held.Task.WaitAsync(TimeSpan.FromSeconds(30), stop.Token);
        await server.SendAsync(message, stop.Token);
        var buffer = new byte[65_536];
        var answer = new List<byte>();
        // ReadyForQuery: Z, a length of five, and a status.
        while (answer.Count < 6 || answer[^6] != (byte)'Z' || answer[^2] != 5)
        {
            var read = await server.ReceiveAsync(buffer, stop.Token);
            read.ShouldBeGreaterThan(0, "the server ended the session");
            answer.AddRange(buffer.AsSpan(0, read));
        }
        server.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await listener.AcceptSocketAsync(stop.Token);
            var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await server.ConnectAsync(new UnixDomainSocketEndPoint(socket), stop.Token);
            var number = ++generation;
            _ = Task.WhenAll(ToServerAsync(client, server, number), ToClientAsync(server, client, number));
        }
    }

    private async Task ToServerAsync(Socket client, Socket server, int number)
    {
        var buffer = new byte[65_536];
        var kept = new List<byte>();
        try
        {
            while (true)
            {
                var read = await client.ReceiveAsync(buffer, stop.Token);
                if (read == 0)
                    break;
                if (number > heldThrough)
                {
                    await server.SendAsync(buffer.AsMemory(0, read), stop.Token);
                    continue;
                }
                kept.AddRange(buffer.AsSpan(0, read));
                if (!kept.TakeLast(Sync.Length).SequenceEqual(Sync))
                    continue;
                held.TrySetResult(([.. kept], server));
                client.Dispose();
                return;
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One side is gone.
        }
        client.Dispose();
        server.Dispose();
    }

    private async Task ToClientAsync(Socket server, Socket client, int number)
    {
        var buffer = new byte[65_536];
        try
        {
            while (client.Connected && await server.ReceiveAsync(buffer, SocketFlags.Peek, stop.Token) > 0
                && client.Connected)
            {
                var read = await server.ReceiveAsync(buffer, stop.Token);
                if (number > lostThrough)
                    await client.SendAsync(buffer.AsMemory(0, read), stop.Token);
                else if (buffer.AsSpan(0, read)[^6] == (byte)'Z')
                    client.Dispose(); // the server has done it
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One side is gone.
        }
    }
}
