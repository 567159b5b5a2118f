using System.Buffers;
using Pelago.Model;
using Pelago.Replication;

// What the earlier build's own simulator has under these names is left out of its compilation: its regions meet the
// world of today here, of which they see a clock, bytes and a peer's name.
namespace Pelago.Sdk.Testing;

/// <summary>The clock and the queue of the world outside.</summary>
internal sealed class VirtualTime(Func<long> now, Action<long, Action> at)
{
    public const long FirstWallMilliseconds = 1_893_456_000_000;

    public long Now => now();

    public void After(long milliseconds, Action happening) => at(Now + milliseconds, happening);

    public void At(long time, Action happening) => at(time, happening);
}

/// <summary>The ways to the other regions, which lie outside.</summary>
internal sealed class SimulatedNetwork(Action<string> dial)
{
    public void Dial(SimulatedRegion from, string peer) => dial(peer);
}

/// <summary>This side of a connection: frames of this build on one side, their bytes on the other.</summary>
internal sealed class SimulatedLink(
    SimulatedRegion region, long number, string peer, IReadOnlyDictionary<string, Delegate> outward)
{
    private readonly int life = region.Life;
    private readonly FrameWriter writer = new();
    private readonly FrameReader reader = new();
    private readonly FrameOrder order = new(peer);

    public void Send(LinkEnd from, Frame frame)
    {
        var buffer = new ArrayBufferWriter<byte>();
        writer.Write(frame, buffer);
        ((Action<long, byte[]>)outward["send"])(number, buffer.WrittenSpan.ToArray());
    }

    public void Close(LinkEnd from) => ((Action<long>)outward["close"])(number);

    public void Arrived(byte[] bytes) => region.Enter(life, (kernel, now) =>
    {
        if (!region.Links.ContainsKey(number)) // closed while the process stood still
            return;
        try
        {
            if (!FrameReader.TryReadLength(bytes, out var length, out var used) || used + length != bytes.Length)
                throw new InvalidOperationException("What arrived is not one whole frame.");
            var frame = reader.Read(bytes.AsMemory(used));
            order.Check(frame);
            kernel.Received(number, frame, now);
        }
        catch (PelagoException broken) when (broken.Failure.Error == ErrorCodes.ProtocolViolation)
        {
            ((Action<string>)outward["refused"])(broken.Failure.Message);
            region.Links.Remove(number, out var link);
            Close(link.End);
            kernel.LinkClosed(number, now);
        }
    });

    public void Closed() => region.Enter(life, (kernel, now) => kernel.LinkClosed(number, now));
}

/// <summary>Stands for this side in the region's table of links.</summary>
internal sealed class LinkEnd;
