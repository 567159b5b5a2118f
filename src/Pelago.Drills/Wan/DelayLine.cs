using System.Buffers;

namespace Pelago.Drills;

/// <summary>What a segment of a stream is.</summary>
internal enum SegmentKind
{
    /// <summary>Bytes.</summary>
    Bytes,

    /// <summary>The sender will send no more (FIN).</summary>
    End,

    /// <summary>The sender is gone (RST).</summary>
    Reset,
}

/// <summary>Something on its way. <see cref="Due"/> is the earliest timestamp of its delivery.</summary>
internal readonly record struct Segment(SegmentKind Kind, byte[] Buffer, int Length, long Due);

/// <summary>The bytes of one direction of one connection while they travel: first in, first out, each with the moment
/// of its delivery, bounded in bytes. Reads no clock; safe for one reader and one writer at a time.</summary>
internal sealed class DelayLine(int maxBufferedBytes)
{
    private readonly Lock _gate = new();
    private readonly Queue<Segment> _segments = new();
    private long _bufferedBytes;
    private long _lastDue;
    private TaskCompletionSource? _roomWanted;

    /// <summary>Bytes of buffers held, at most the bound and one segment.</summary>
    public long BufferedBytes
    {
        get
        {
            lock (_gate)
                return _bufferedBytes;
        }
    }

    /// <summary>Appends a copy of the bytes. A delay that became shorter never lets them overtake earlier
    /// ones.</summary>
    /// <returns>Whether the line was empty, so that nobody is scheduled to look at it yet.</returns>
    public bool Append(ReadOnlySpan<byte> bytes, long due)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(buffer);
        return Append(SegmentKind.Bytes, buffer, bytes.Length, due);
    }

    /// <summary>Appends the end of the stream or its reset.</summary>
    public bool Append(SegmentKind end, long due) => Append(end, [], 0, due);

    /// <summary>The segment at the head, which stays there.</summary>
    public bool TryPeek(out Segment head)
    {
        lock (_gate)
            return _segments.TryPeek(out head);
    }

    /// <summary>Removes the head and gives its buffer back.</summary>
    public void RemoveHead()
    {
        TaskCompletionSource? wanted = null;
        lock (_gate)
        {
            var head = _segments.Dequeue();
            _bufferedBytes -= head.Buffer.Length;
            if (head.Buffer.Length > 0)
                ArrayPool<byte>.Shared.Return(head.Buffer);
            if (_bufferedBytes < maxBufferedBytes)
                (wanted, _roomWanted) = (_roomWanted, null);
        }
        wanted?.SetResult();
    }

    /// <summary>Completes when there is room for more: the back-pressure that the sender feels.</summary>
    public Task WhenRoom()
    {
        lock (_gate)
        {
            if (_bufferedBytes < maxBufferedBytes)
                return Task.CompletedTask;
            _roomWanted ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _roomWanted.Task;
        }
    }

    private bool Append(SegmentKind kind, byte[] buffer, int length, long due)
    {
        lock (_gate)
        {
            _lastDue = Math.Max(_lastDue, due);
            _segments.Enqueue(new Segment(kind, buffer, length, _lastDue));
            _bufferedBytes += buffer.Length;
            return _segments.Count == 1;
        }
    }
}
