using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>What waits to be sent on one link. What is live goes before catch-up, of which there may be megabytes in
/// each lane: an event that was just written does not wait for a backlog of other lanes.</summary>
/// <remarks>Events of one lane stay in their order, because a frame says that everything before it has been sent: while
/// catch-up of a lane waits, what is live in that lane waits behind it, and catch-up goes with what is live while that
/// waits. Everything else may overtake: a report counts once what it names has arrived, a filter or a primary is known
/// no later than before. So that a link that is always busy catches up all the same, one frame in <see cref="Turn"/> is
/// one of catch-up. Anybody adds, one takes.</remarks>
internal sealed class OutgoingFrames(int mostFrames)
{
    /// <summary>So many frames are taken for one of catch-up, while both wait.</summary>
    public const int Turn = 8;

    private readonly Lock gate = new();
    private readonly Queue<(Frame Frame, int? Lane)> live = new();
    private readonly Queue<(Frame Frame, int Lane)> catchUp = new();
    private readonly int[] liveOfLane = new int[Model.EntityKey.Lanes];
    private readonly int[] catchUpOfLane = new int[Model.EntityKey.Lanes];
    private readonly Channel<bool> added = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private int taken;
    private bool isComplete;

    /// <summary>False when there are too many already.</summary>
    public bool TryAdd(Frame frame, SendOrder order)
    {
        lock (gate)
        {
            if (isComplete)
                return true; // nobody takes it any more
            if (live.Count + catchUp.Count >= mostFrames)
                return false;
            // What goes ahead claims nothing, and has no place in its lane's order.
            var place = order == SendOrder.Ahead ? null : LaneOf(frame);
            if (place is { } lane && (catchUpOfLane[lane] > 0
                || (order == SendOrder.CatchUp && liveOfLane[lane] == 0)))
            {
                catchUp.Enqueue((frame, lane));
                catchUpOfLane[lane]++;
            }
            else
            {
                live.Enqueue((frame, place));
                if (place is { } waiting)
                    liveOfLane[waiting]++;
            }
        }
        added.Writer.TryWrite(true);
        return true;
    }

    /// <summary>The next one to send.</summary>
    public bool TryTake([NotNullWhen(true)] out Frame? frame)
    {
        lock (gate)
        {
            if (catchUp.Count > 0 && (live.Count == 0 || ++taken >= Turn))
            {
                taken = 0;
                (frame, var lane) = catchUp.Dequeue();
                catchUpOfLane[lane]--;
                return true;
            }
            var isOne = live.TryDequeue(out var next);
            if (next.Lane is { } sent)
                liveOfLane[sent]--;
            frame = next.Frame;
            return isOne;
        }
    }

    /// <summary>Waits until there is one; false once there will be none.</summary>
    public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            lock (gate)
            {
                if (live.Count + catchUp.Count > 0)
                    return true;
                if (isComplete)
                    return false;
            }
            await added.Reader.WaitToReadAsync(cancellationToken);
            added.Reader.TryRead(out _);
        }
    }

    /// <summary>No more are taken; of those that wait, the last words leave and catch-up does not.</summary>
    public void Complete()
    {
        lock (gate)
        {
            isComplete = true;
            catchUp.Clear();
            Array.Clear(catchUpOfLane);
        }
        added.Writer.TryWrite(true);
    }

    private static int? LaneOf(Frame frame) => frame switch
    {
        EventsFrame events => events.Lane,
        CompactedFrame compacted => compacted.Lane,
        _ => null,
    };
}
