using System.Net;
using System.Net.Sockets;
using Pelago.Drills;
using Pelago.Model;

namespace Pelago.Tests.Unit;

/// <summary>A network of two ends, <c>a</c> and <c>b</c>, with one link each way. Behind both links is one real server
/// that keeps the connections which it accepted.</summary>
internal sealed class WanFixture : IDisposable
{
    private readonly DirectoryInfo _home;
    private readonly bool _ownsHome;
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _server = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _sockets = [];

    public WanFixture(TimeProvider time, DirectoryInfo? home = null, WanOptions? options = null)
    {
        (_home, _ownsHome) = (home ?? Directory.CreateTempSubdirectory("pelago-wan-"), home is null);
        _server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _server.Listen();
        var target = Endpoint.Loopback(((IPEndPoint)_server.LocalEndPoint!).Port);
        var config = new WanConfig(0, "", "none", [new WanLink("a", "b", 0, target), new WanLink("b", "a", 0, target)]);
        Network = new WideAreaNetwork(config, _home.FullName, time, options ?? new WanOptions());
        _ = Network.RunAsync(_stop.Token);
    }

    public WideAreaNetwork Network { get; }

    /// <summary>Whether a connection waits to be accepted by the server.</summary>
    public bool SomebodyConnects => _server.Poll(0, SelectMode.SelectRead);

    public LinkReport Link(string from) => Network.Report().Links.Single(link => link.From == from);

    /// <summary>Opens a connection from one end to the other, as far as its own side.</summary>
    public async Task<Socket> ConnectAsync(string from)
    {
        var client = Keep(new Socket(SocketType.Stream, ProtocolType.Tcp));
        await client.ConnectAsync(IPAddress.Loopback, Link(from).Port, TestContext.Current.CancellationToken);
        return client;
    }

    /// <summary>Waits for the connection at the other side.</summary>
    public async Task<Socket> AcceptAsync()
    {
        using var limit = Limit();
        return Keep(await _server.AcceptAsync(limit.Token));
    }

    /// <summary>Ends the server: what tries to connect is refused. Its port stays bound, so that no other test's
    /// listener can be given it meanwhile.</summary>
    public void StopServer()
    {
        var bound = _server.LocalEndPoint!;
        _server.Dispose();
        Keep(new Socket(SocketType.Stream, ProtocolType.Tcp)).Bind(bound);
    }

    /// <summary>Receives exactly so many bytes.</summary>
    public static async Task<byte[]> ReceiveAsync(Socket socket, int count)
    {
        using var limit = Limit();
        var buffer = new byte[count];
        for (var have = 0; have < count;)
        {
            var got = await socket.ReceiveAsync(buffer.AsMemory(have), limit.Token);
            got.ShouldBeGreaterThan(0, "the stream ended early");
            have += got;
        }
        return buffer;
    }

    public static async Task SendAsync(Socket socket, byte[] bytes)
        => await socket.SendAsync(bytes, TestContext.Current.CancellationToken);

    /// <summary>Waits for the end of the stream.</summary>
    public static async Task ShouldEndAsync(Socket socket)
    {
        using var limit = Limit();
        (await socket.ReceiveAsync(new byte[1], limit.Token)).ShouldBe(0);
    }

    public void Dispose()
    {
        _stop.Cancel();
        foreach (var socket in _sockets)
            socket.Dispose();
        Network.Dispose();
        _server.Dispose();
        _stop.Dispose();
        if (_ownsHome)
            _home.Delete(recursive: true);
    }

    private static CancellationTokenSource Limit()
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Eventually.DefaultLimit);
        return limit;
    }

    private Socket Keep(Socket socket)
    {
        _sockets.Add(socket);
        return socket;
    }
}
