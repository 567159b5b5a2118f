using System.Buffers;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Bench.Load;

/// <summary>P6: bytes that an event takes on the wire beside its payload, before TLS: id of 16 bytes, three regions,
/// clocks and positions of a busy day, each event in a frame of its own as a lone write is sent, and 64 in
/// one.</summary>
public static class WireBytes
{
    private const int Events = 10_000, PayloadBytes = 300, FirstPosition = 5_000_000;
    private const ulong FirstSequence = 1_000;
    private static readonly Origin[] Regions =
    [
        .. new[] { "ap-southeast-1", "eu-west-1", "us-east-1" }
            .Select(r => new Origin(r, Incarnation.Create(1_795_000_000_000, new byte[10]))),
    ];

    /// <summary>Runs and reports.</summary>
    public static void Run(Report report)
    {
        report.Add("P6", "bytes of an event on the wire beside its payload, alone in its frame", Measure(1, false),
            "bytes", Events);
        report.Add("P6", "the same, 64 events in a frame", Measure(64, false), "bytes", Events);
        report.Add("P6", "with trace context, idempotency key (UUID) and two tags of 8 characters, alone",
            Measure(1, true), "bytes", Events);
        report.Add("P6", "the same, 64 events in a frame", Measure(64, true), "bytes", Events);
    }

    private static double Measure(int perFrame, bool everything)
    {
        var (writer, output) = (new FrameWriter(), new ArrayBufferWriter<byte>());
        writer.Write(Frame(0, perFrame, everything), output); // names are announced once
        output.Clear();
        for (var first = perFrame; first < Events + perFrame; first += perFrame)
            writer.Write(Frame(first, perFrame, everything), output);
        var sent = (Events + perFrame - 1) / perFrame * perFrame;
        return output.WrittenCount / (double)sent - PayloadBytes;
    }

    private static EventsFrame Frame(int first, int count, bool everything) => new(
        7, Regions[2], [.. Enumerable.Range(first, count).Select(i => Event(i, everything))],
        (ulong)(FirstPosition + first + count - 1));

    private static EventRecord Event(int number, bool everything)
    {
        var sequence = FirstSequence + (ulong)number;
        return new EventRecord
        {
            Entity = new EntityKey("cart", $"customer-{number:0000000}"), Origin = Regions[2], Sequence = sequence,
            Vector = VersionVector.From(Regions.Select((r, i)
                => new VersionVector.Slot(r, i == 2 ? sequence : 900 + (ulong)i))),
            Timestamp = new HybridTimestamp((1_795_000_000_000ul + (ulong)number) << 16),
            OriginPosition = (ulong)(FirstPosition + number), PayloadName = "item-added",
            Payload = new byte[PayloadBytes],
            TraceParent = everything ? "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" : "",
            IdempotencyKey = everything ? "0198c2e4-7d1e-7aaa-8bbb-0123456789ab" : "",
            Tags = everything ? ["tag-0001", "tag-0002"] : [],
        };
    }
}
