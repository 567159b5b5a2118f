using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Pelago.Model;

namespace Pelago.Drills;

/// <summary>One listener of the emulator and the connections that came in by it.</summary>
internal sealed class Link : IDisposable
{
    private readonly WanLink _config;
    private readonly WanOptions _options;
    private readonly Pacer _pacer;
    private readonly TimeProvider _time;
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentDictionary<WanConnection, bool> _connections = new();
    private readonly SemaphoreSlim _slots;
    private long _accepted;
    private long _forwardBytes;
    private long _backwardBytes;

    public Link(WanLink config, Direction forward, Direction backward, Pacer pacer, TimeProvider time,
        WanOptions options)
    {
        (_config, Forward, Backward) = (config, forward, backward);
        (_pacer, _time, _options) = (pacer, time, options);
        _slots = new SemaphoreSlim(options.MaxConnectionsPerLink);
    }

    public Direction Forward { get; }

    public Direction Backward { get; }

    public Endpoint Target => _config.Target;

    /// <summary>Where it listens; the port that the system chose when the configuration says 0.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public void CountForward(int bytes) => Interlocked.Add(ref _forwardBytes, bytes);

    public void CountBackward(int bytes) => Interlocked.Add(ref _backwardBytes, bytes);

    /// <summary>Binds the listener.</summary>
    /// <exception cref="PelagoException">PLG1104 when the port is taken.</exception>
    public void Listen()
    {
        try
        {
            _listener.Bind(new IPEndPoint(IPAddress.Loopback, _config.ListenPort));
            _listener.Listen(_options.ListenBacklogConnections);
        }
        catch (SocketException e)
        {
            throw new Failure(ErrorCodes.PortTaken,
                
                Sentence.End(
                    $"Port {_config.ListenPort} of the link {_config.From} → {_config.To} cannot be used: {e.Message}"),
                "End the program that uses it.").ToException(e);
        }
    }

    /// <summary>Accepts connections until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _slots.WaitAsync(cancellationToken);
            Socket client;
            try
            {
                client = await _listener.AcceptAsync(cancellationToken);
            }
            catch (SocketException)
            {
                _slots.Release(); // the client was gone before it was accepted
                continue;
            }
            Interlocked.Increment(ref _accepted);
            _ = ServeAsync(client, cancellationToken);
        }
    }

    /// <summary>A direction was healed: connections look at what they hold.</summary>
    public void Revisit()
    {
        foreach (var connection in _connections.Keys)
            connection.Revisit();
    }

    /// <summary>The link's figures.</summary>
    public LinkReport Report() => new(
        Forward.From, Forward.To, Port, Target.ToString(), _connections.Count, Volatile.Read(ref _accepted),
        Volatile.Read(ref _forwardBytes), Volatile.Read(ref _backwardBytes),
        _connections.Keys.Sum(connection => connection.InFlightBytes));

    public void Dispose()
    {
        _listener.Dispose();
        _slots.Dispose();
    }

    private async Task ServeAsync(Socket client, CancellationToken cancellationToken)
    {
        var connection = new WanConnection(client, this, _pacer, _time, _options);
        _connections.TryAdd(connection, true);
        try
        {
            await connection.RunAsync(cancellationToken);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // A broken connection is ordinary traffic here; its ends have been told by reset or end of stream.
        }
        finally
        {
            _connections.TryRemove(connection, out _);
            if (!cancellationToken.IsCancellationRequested)
                _slots.Release();
        }
    }
}
