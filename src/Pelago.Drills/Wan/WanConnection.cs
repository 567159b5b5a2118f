using System.Net.Sockets;
using Pelago.Model;

namespace Pelago.Drills;

/// <summary>One connection across a link, from the accepted client to the target behind it.
/// 1. The handshake crosses both directions: while one is cut nothing happens, as when packets are lost.
/// 2. After the first direction's delay the target is connected; if it refuses, the client is reset one delay later.
/// 3. Two flows carry bytes. What the client sent at once counts as sent after the handshake's round trip.
/// 4. It ends when both streams have ended, or when one was reset.</summary>
internal sealed class WanConnection(Socket client, Link link, Pacer pacer, TimeProvider time, WanOptions options)
{
    private volatile Flow? _forward;
    private volatile Flow? _backward;

    /// <summary>Bytes under way, both directions.</summary>
    public long InFlightBytes => (_forward?.InFlightBytes ?? 0) + (_backward?.InFlightBytes ?? 0);

    /// <summary>Runs until the connection is over; disposes the client's socket.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var accepted = time.GetTimestamp();
        using (client)
        {
            Prepare(client);
            if (!await CrossAsync(cancellationToken))
                return;
            using var target = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            if (await TryConnectAsync(target, cancellationToken))
            {
                await PumpAsync(target, accepted, cancellationToken);
                return;
            }
            await Task.Delay(link.Backward.Delay, time, cancellationToken);
            await link.Backward.WhenOpen.WaitAsync(cancellationToken);
            client.LingerState = new LingerOption(enable: true, seconds: 0);
        }
    }

    /// <summary>A direction of this connection was healed.</summary>
    public void Revisit()
    {
        _forward?.Revisit();
        _backward?.Revisit();
    }

    /// <returns>False when the client gave up waiting.</returns>
    private async Task<bool> CrossAsync(CancellationToken cancellationToken)
    {
        do
        {
            while (link.Forward.IsCut || link.Backward.IsCut)
            {
                var open = Task.WhenAll(link.Forward.WhenOpen, link.Backward.WhenOpen);
                try
                {
                    await open.WaitAsync(options.AbandonedCheckInterval, time, cancellationToken);
                }
                catch (TimeoutException)
                {
                    if (client.Poll(0, SelectMode.SelectRead) && client.Available == 0)
                        return false;
                }
            }
            await Task.Delay(link.Forward.Delay, time, cancellationToken);
        }
        while (link.Forward.IsCut || link.Backward.IsCut);
        return true;
    }

    private async Task<bool> TryConnectAsync(Socket target, CancellationToken cancellationToken)
    {
        try
        {
            await target.ConnectAsync(link.Target.Host, link.Target.Port, cancellationToken);
            Prepare(target);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task PumpAsync(Socket target, long accepted, CancellationToken cancellationToken)
    {
        var handshake = link.Forward.DelayTicks + link.Backward.DelayTicks;
        _forward = new Flow(client, target, link.Forward, pacer, time, options)
        {
            NotBefore = accepted + handshake + link.Forward.DelayTicks,
            Delivered = link.CountForward,
        };
        _backward = new Flow(target, client, link.Backward, pacer, time, options) { Delivered = link.CountBackward };
        (_forward.TargetLost, _backward.TargetLost) = (_backward.Reset, _forward.Reset);
        var reading = Task.WhenAll(_forward.ReadAsync(cancellationToken), _backward.ReadAsync(cancellationToken));
        var both = Task.WhenAll(_forward.Done, _backward.Done);
        var first = await Task.WhenAny(_forward.Done, _backward.Done).WaitAsync(cancellationToken);
        var flow = first == _forward.Done ? _forward : _backward;
        if (!flow.WasReset)
            await both.WaitAsync(cancellationToken);
        client.Dispose();
        target.Dispose();
        await reading;
    }

    private static void Prepare(Socket socket)
    {
        socket.NoDelay = true;
        socket.Blocking = false; // the pacer's thread sends, and must never wait for one slow receiver
    }
}
