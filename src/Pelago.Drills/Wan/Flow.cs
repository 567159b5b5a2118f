using System.Buffers;
using System.Net.Sockets;

namespace Pelago.Drills;

/// <summary>One direction of one connection: reads its source, keeps what it read for the direction's delay, and sends
/// it to its target. Ends of streams and resets travel like bytes.</summary>
internal sealed class Flow(
    Socket source, Socket target, Direction direction, Pacer pacer, TimeProvider time, WanOptions options) : IPaced
{
    private readonly DelayLine _line = new(options.MaxInFlightBytes);
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _sentOfHead;
    private long _readBytes;
    private long _deliveredBytes;
    private volatile bool _sending;
    private volatile bool _broken;

    /// <summary>Nothing of this flow is delivered before, whatever its direction says: the time of the
    /// handshake.</summary>
    public long NotBefore { get; init; }

    /// <summary>Called once when the target cannot be sent to: the opposite flow then carries the reset back.</summary>
    public Action? TargetLost { get; set; }

    /// <summary>Counts delivered bytes into the link's figures.</summary>
    public Action<int>? Delivered { get; init; }

    /// <summary>Completes when the end or the reset of the stream has been delivered.</summary>
    public Task Done => _done.Task;

    /// <summary>Whether the stream ended by a reset.</summary>
    public bool WasReset { get; private set; }

    /// <summary>Bytes read and not yet delivered.</summary>
    public long InFlightBytes => Volatile.Read(ref _readBytes) - Volatile.Read(ref _deliveredBytes);

    long IPaced.ScheduledAt { get; set; } = Pacer.Never;

    /// <summary>Reads the source until it ends.</summary>
    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(options.ReadBytes);
        try
        {
            while (!_broken)
            {
                await _line.WhenRoom().WaitAsync(cancellationToken);
                var count = await source.ReceiveAsync(buffer.AsMemory(0, options.ReadBytes), cancellationToken);
                if (count == 0)
                {
                    Enqueue(SegmentKind.End);
                    return;
                }
                var due = time.GetTimestamp() + direction.DelayTicks;
                if (_line.Append(buffer.AsSpan(0, count), due))
                    pacer.Schedule(this, due);
                Interlocked.Add(ref _readBytes, count);
            }
        }
        catch (SocketException)
        {
            Enqueue(SegmentKind.Reset);
        }
        catch (ObjectDisposedException)
        {
            _done.TrySetResult();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Lets a reset travel after what is under way.</summary>
    public void Reset() => Enqueue(SegmentKind.Reset);

    /// <summary>Looks again: the direction was healed, or a slow send is finished.</summary>
    public void Revisit() => pacer.Schedule(this, time.GetTimestamp());

    long IPaced.Deliver(long now)
    {
        while (!_sending && !direction.IsCut && _line.TryPeek(out var head))
        {
            var due = Math.Max(head.Due, Math.Max(direction.NotBefore, NotBefore));
            if (due > now)
                return due;
            if (!TryDeliver(head))
                break;
            _line.RemoveHead();
        }
        return Pacer.Never;
    }

    /// <returns>False when the head stays: its send goes on asynchronously.</returns>
    private bool TryDeliver(Segment head)
    {
        if (_broken)
            return true;
        try
        {
            switch (head.Kind)
            {
                case SegmentKind.End:
                    target.Shutdown(SocketShutdown.Send);
                    _done.TrySetResult();
                    return true;
                case SegmentKind.Reset:
                    target.LingerState = new LingerOption(enable: true, seconds: 0);
                    WasReset = true;
                    _done.TrySetResult();
                    return true;
                default:
                    return TrySend(head);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Break();
            return true;
        }
    }

    private bool TrySend(Segment head)
    {
        var rest = head.Buffer.AsSpan(_sentOfHead, head.Length - _sentOfHead);
        var sent = target.Send(rest, SocketFlags.None, out var error);
        if (error is not (SocketError.Success or SocketError.WouldBlock))
            throw new SocketException((int)error);
        if (error == SocketError.Success)
            Count(sent);
        if (_sentOfHead == head.Length)
        {
            _sentOfHead = 0;
            return true;
        }
        _sending = true;
        _ = SendRestAsync(head);
        return false;
    }

    private async Task SendRestAsync(Segment head)
    {
        try
        {
            while (_sentOfHead < head.Length)
                Count(await target.SendAsync(head.Buffer.AsMemory(_sentOfHead, head.Length - _sentOfHead)));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Break();
        }
        _sentOfHead = 0;
        _line.RemoveHead();
        _sending = false;
        Revisit();
    }

    private void Count(int sent)
    {
        _sentOfHead += sent;
        Interlocked.Add(ref _deliveredBytes, sent);
        Delivered?.Invoke(sent);
    }

    private void Break()
    {
        if (_broken)
            return;
        _broken = true;
        _done.TrySetResult();
        TargetLost?.Invoke();
    }

    private void Enqueue(SegmentKind end)
    {
        var due = time.GetTimestamp() + direction.DelayTicks;
        if (_line.Append(end, due))
            pacer.Schedule(this, due);
    }
}
