using System.Buffers;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>One connection between two lives of two regions: two directions of real bytes, each in order unless a fault
/// says otherwise.</summary>
/// <remarks>Like TCP under a partition it does not break by itself: what was sent waits in the way's buffer, and only
/// the kernel's own silence limit, or a crash, ends it.</remarks>
internal sealed class SimulatedLink
{
    private readonly SimulatedNetwork network;
    private readonly Direction[] directions;
    private readonly LinkEnd[] ends;

    public SimulatedLink(SimulatedNetwork network, LinkEnd dialler, LinkEnd acceptor)
    {
        this.network = network;
        ends = [dialler, acceptor];
        directions = [new Direction(dialler.Region.Name), new Direction(acceptor.Region.Name)];
    }

    public void Send(LinkEnd from, Frame frame)
    {
        var side = Side(from);
        if (ends[side].Closed)
            return;
        var buffer = new ArrayBufferWriter<byte>();
        try
        {
            directions[side].Writer.Write(frame, buffer);
        }
        catch (PelagoException) // it names more than fits one link
        {
            Break();
            return;
        }
        if (!FrameReader.TryReadLength(buffer.WrittenSpan, out var length, out var used)
            || used + length != buffer.WrittenCount)
            throw new InvalidOperationException("The writer's length prefix is wrong.");
        network.Sent?.Invoke(ends[side].Region.Name, frame);
        network.Frames[frame.GetType().Name] = network.Frames.GetValueOrDefault(frame.GetType().Name) + 1;
        Send(from, buffer.WrittenMemory);
    }

    /// <summary>Sends what is a frame already, with its length before it.</summary>
    public void Send(LinkEnd from, ReadOnlyMemory<byte> frame)
    {
        var side = Side(from);
        if (ends[side].Closed)
            return;
        var path = network.Path(ends[side].Region.Name, ends[1 - side].Region.Name);
        var dice = network.Dice;
        network.BytesSent += frame.Length;
        if (dice.Chance(path.LossPerMille))
            return;
        if (dice.Chance(path.BreakPerMille))
        {
            Break();
            return;
        }
        if (network.Tap is { } tap)
        {
            foreach (var bytes in tap(from, frame))
                Carry(side, path, bytes, outOfOrder: false);
            return;
        }
        Carry(side, path, frame, outOfOrder: dice.Chance(path.ReorderPerMille));
        if (dice.Chance(path.DuplicatePerMille))
            Carry(side, path, frame, outOfOrder: dice.Chance(500));
    }

    /// <summary>One end closes; the other hears of it after everything that was sent before.</summary>
    public void Close(LinkEnd from)
    {
        var side = Side(from);
        if (ends[side].Closed)
            return;
        ends[side].Closed = true;
        var path = network.Path(ends[side].Region.Name, ends[1 - side].Region.Name);
        network.Time.At(Arrival(side, path), () => path.Pass(() => Hear(1 - side)));
    }

    private void Break()
    {
        for (var side = 0; side < 2; side++)
        {
            var heard = side;
            network.Time.After(network.Dice.Between(0, 30), () => Hear(heard));
        }
    }

    private void Carry(int side, NetworkPath path, ReadOnlyMemory<byte> bytes, bool outOfOrder)
    {
        var time = outOfOrder
            ? network.Time.Now + network.Dice.Between(0, (path.DelayMilliseconds + path.JitterMilliseconds) * 2)
            : Arrival(side, path);
        network.Time.At(time, () => path.Pass(() => Arrive(1 - side, bytes)));
    }

    // Frames of one direction do not overtake each other.
    private long Arrival(int side, NetworkPath path)
    {
        var time = network.Time.Now + path.DelayMilliseconds + network.Dice.Between(0, path.JitterMilliseconds);
        directions[side].LastArrival = Math.Max(directions[side].LastArrival, time);
        return directions[side].LastArrival;
    }

    private void Arrive(int at, ReadOnlyMemory<byte> bytes)
    {
        if (!ends[at].Closed)
            ends[at].Region.Arrived(this, ends[at], bytes);
    }

    /// <summary>Reads what has arrived at an end, for a region whose kernel is of this build.</summary>
    public void Read(LinkEnd end, ReadOnlyMemory<byte> bytes, InstanceKernel kernel, Moment now)
    {
        var at = Side(end);
        try
        {
            foreach (var frame in Read(directions[1 - at], bytes))
            {
                network.Arrived?.Invoke(ends[1 - at].Region.Name, frame);
                if (frame is HelloFrame hello)
                    directions[at].Writer.MayRenumber = hello.KnowsPast;
                if (!end.Closed)
                    kernel.Received(end.Number, frame, now);
            }
        }
        catch (PelagoException broken) when (broken.Failure.Error == ErrorCodes.ProtocolViolation)
        {
            network.ProtocolBreaks++;
            network.Refused?.Invoke(broken.Failure);
            Close(end);
            kernel.LinkClosed(end.Number, now);
        }
    }

    // As from a stream of bytes: after a length that promises more than there is, a reader waits for the rest.
    private static IEnumerable<Frame> Read(Direction direction, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty && !direction.IsShort)
        {
            if (!FrameReader.TryReadLength(bytes.Span, out var length, out var used) || used + length > bytes.Length)
            {
                direction.IsShort = true;
                yield break;
            }
            var frame = direction.Reader.Read(bytes.Slice(used, length));
            direction.Order.Check(frame);
            yield return frame;
            bytes = bytes[(used + length)..];
        }
    }

    private void Hear(int at)
    {
        var end = ends[at];
        if (end.Closed)
            return;
        end.Closed = true;
        end.Region.Closed(end);
    }

    private int Side(LinkEnd end) => ReferenceEquals(end, ends[0]) ? 0 : 1;

    private sealed class Direction(string sender)
    {
        public FrameWriter Writer { get; } = new();

        public FrameReader Reader { get; } = new();

        public FrameOrder Order { get; } = new(sender);

        public long LastArrival { get; set; }

        /// <summary>A frame was cut short; what comes is taken for its rest.</summary>
        public bool IsShort { get; set; }
    }
}

/// <summary>One side of a link.</summary>
internal sealed class LinkEnd(SimulatedRegion region, int life, long number)
{
    public SimulatedRegion Region { get; } = region;

    public int Life { get; } = life;

    public long Number { get; } = number;

    /// <summary>Whom it has dialled; null when it was dialled.</summary>
    public string? Dialled { get; init; }

    public bool Closed { get; set; }
}
