using System.Buffers;
using System.IO.Pipelines;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>One duplex stream with a peer: frames out, frames in, until either side ends it.</summary>
/// <remarks>Everything queued at a moment leaves in one flush, so that a busy link sends full packets and an idle
/// one sends at once. Bytes that the peer sends faster than the loop takes them stay in the transport, whose window
/// then closes. Hostile bytes end the link with a goodbye that names the rule; they never reach the kernel.</remarks>
internal sealed class ReplicationLink
{
    private const int FlushBytes = 256 * 1024;
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    private readonly OutgoingFrames outgoing;
    private readonly Lock gate = new();
    private readonly CancellationTokenSource ending;
    private readonly RuntimeOptions options;
    private readonly TimeProvider clock;
    private TaskCompletionSource? room;
    private int heldBytes;
    private volatile bool mayRenumber;
    private volatile string endReason = "";

    public ReplicationLink(long id, string peer, RuntimeOptions options, TimeProvider clock)
    {
        (Id, Peer, this.options, this.clock) = (id, peer, options, clock);
        outgoing = new OutgoingFrames(options.LinkOutboundFrames);
        ending = new CancellationTokenSource(Timeout.InfiniteTimeSpan, clock);
    }

    public long Id { get; }

    /// <summary>Region at the other end, as its verified identity says.</summary>
    public string Peer { get; }

    /// <summary>Why it ended; one sentence for the log.</summary>
    public string EndReason => endReason.Length == 0 ? "the peer ended it" : endReason;

    /// <summary>Queues a frame. A link that cannot keep up is ended: the cursor makes sure that nothing is
    /// lost.</summary>
    public void Send(Frame frame, SendOrder order = SendOrder.Usual)
    {
        if (!outgoing.TryAdd(frame, order))
            Abort("too many frames wait for the peer");
    }

    /// <summary>Ends the link after what was queued, catch-up excepted, has been sent, or cannot be sent within
    /// <see cref="LastWords"/>: a peer that reads nothing must not keep it.</summary>
    public void Close(string reason)
    {
        if (endReason.Length == 0)
            endReason = reason;
        outgoing.Complete();
        ending.CancelAfter(LastWords);
    }

    /// <summary>Gives back room for bytes that the loop has taken.</summary>
    public void Release(int bytes)
    {
        lock (gate)
        {
            heldBytes -= bytes;
            if (room is null || heldBytes > options.LinkInboundBytes / 2)
                return;
            room.TrySetResult();
            room = null;
        }
    }

    /// <summary>Runs until the link has ended. Does not throw.</summary>
    /// <param name="received">Takes each frame, in order.</param>
    public async Task RunAsync(IDuplexPipe pipe, Action<ReceivedInput> received, CancellationToken cancellationToken)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(ending.Token, cancellationToken);
        var sending = SendAsync(pipe.Output, linked.Token);
        var receiving = ReceiveAsync(pipe.Input, received, linked.Token);
        await Task.WhenAny(sending, receiving);
        Close(""); // the last words, a goodbye perhaps, get a moment to leave
        await sending;
        await ending.CancelAsync();
        await receiving;
        try
        {
            await pipe.Input.CompleteAsync();
        }
        catch (Exception error) // a server's reader refuses even this once its request was aborted
        {
            Close(Describe(error));
        }
    }

    private void Abort(string reason)
    {
        Close(reason);
        ending.Cancel();
    }

    private async Task SendAsync(PipeWriter output, CancellationToken cancellationToken)
    {
        var writer = new FrameWriter();
        var flush = default(FlushResult);
        try
        {
            while (!flush.IsCompleted && await outgoing.WaitAsync(cancellationToken))
            {
                while (output.UnflushedBytes < FlushBytes && outgoing.TryTake(out var frame))
                {
                    writer.MayRenumber = mayRenumber;
                    writer.Write(frame, output);
                }
                flush = await output.FlushAsync(cancellationToken);
            }
            await output.CompleteAsync();
        }
        catch (PelagoException error) // it was to carry what does not fit
        {
            Close(error.Failure.Message);
        }
        catch (Exception error) // the transport fails in many ways, all of which end the link
        {
            Close(Describe(error));
        }
    }

    private async Task ReceiveAsync(PipeReader input, Action<ReceivedInput> received,
        CancellationToken cancellationToken)
    {
        var frames = new FrameReader();
        var order = new FrameOrder(Peer);
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(cancellationToken);
                var buffer = read.Buffer;
                while (TryCut(ref buffer, out var bytes))
                {
                    var frame = frames.Read(Contiguous(bytes));
                    order.Check(frame);
                    if (frame is HelloFrame hello)
                        mayRenumber = hello.KnowsPast;
                    await AdmitAsync((int)bytes.Length, cancellationToken);
                    received(new ReceivedInput(this, frame, (int)bytes.Length));
                }
                input.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted)
                    return;
            }
        }
        catch (PelagoException error) when (error.Failure.Error == ErrorCodes.ProtocolViolation)
        {
            Send(new GoodbyeFrame("protocol", error.Failure.Message, null));
            Close(error.Failure.Message);
        }
        catch (Exception error) // the transport fails in many ways, all of which end the link
        {
            Close(Describe(error));
        }
    }

    private static bool TryCut(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> frame)
    {
        frame = default;
        Span<byte> prefix = stackalloc byte[8];
        var head = buffer.Slice(0, Math.Min(prefix.Length, buffer.Length));
        head.CopyTo(prefix);
        if (!FrameReader.TryReadLength(prefix[..(int)head.Length], out var length, out var used)
            || buffer.Length < used + length)
            return false;
        frame = buffer.Slice(used, length);
        buffer = buffer.Slice(used + length);
        return true;
    }

    private static ReadOnlyMemory<byte> Contiguous(ReadOnlySequence<byte> bytes)
        => bytes.IsSingleSegment ? bytes.First : bytes.ToArray();

    private async ValueTask AdmitAsync(int bytes, CancellationToken cancellationToken)
    {
        Task wait;
        lock (gate)
        {
            heldBytes += bytes;
            if (heldBytes <= options.LinkInboundBytes)
                return;
            room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            wait = room.Task;
        }
        await wait.WaitAsync(Timeout.InfiniteTimeSpan, clock, cancellationToken);
    }

    private static string Describe(Exception error)
        => error is OperationCanceledException ? "it was ended here" : $"{error.GetType().Name}: {error.Message}";
}
