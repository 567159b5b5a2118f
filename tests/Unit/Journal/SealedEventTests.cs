using Google.Protobuf;
using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Replication.Stored;

namespace Pelago.Tests.Unit;

/// <summary>The hand-written form of a sealed event is the generated one's, byte for byte.</summary>
public sealed class SealedEventTests
{
    [Fact]
    public void Write_RandomEvents_GivesTheGeneratedBytes()
    {
        var random = new Random(11);
        var writer = new SealedEventWriter();
        for (var round = 0; round < 2_000; round++)
        {
            var e = Any(random);
            var origins = Enumerable.Range(0, e.Vector.Count + e.Vector.Retired.Length)
                .Select(_ => (uint)random.NextInt64(uint.MaxValue + 1L)).ToArray();
            var expected = new SealedEvent
            {
                TraceParent = e.TraceParent, IdempotencyKey = e.IdempotencyKey, PayloadName = e.PayloadName,
                PayloadVersion = (uint)e.PayloadVersion, Payload = ByteString.CopyFrom(e.Payload.Span),
            };
            expected.VectorOrigins.AddRange(origins[..e.Vector.Count]);
            expected.RetiredOrigins.AddRange(origins[e.Vector.Count..]);
            expected.RetiredCounts.AddRange(e.Vector.Retired.ToArray().Select(lives => lives.Count));
            expected.VectorCounts.AddRange(e.Vector.Select(slot => slot.Count));
            expected.Tags.AddRange(e.Tags);
            writer.Write(e, origins).ToArray().ShouldBe(expected.ToByteArray());
        }
    }

    private static EventRecord Any(Random random)
    {
        var slots = Enumerable.Range(0, random.Next(5)).Select(i => new VersionVector.Slot(
            new Origin($"region-{i}", new Incarnation((UInt128)i)),
            (ulong)random.NextInt64(1, 1L << random.Next(1, 62))));
        var payload = new byte[random.Next(3) == 0 ? random.Next(20_000) : random.Next(200)];
        random.NextBytes(payload);
        return new EventRecord
        {
            Entity = new EntityKey("t", "i"), Origin = new Origin("region-0", default), Sequence = 1,
            Vector = VersionVector.From(slots, random.Next(4) > 0 ? [] : [
                new VersionVector.RetiredLives(new Origin("over", new Incarnation(7)), (ulong)random.Next(1, 9_000))]),
            Timestamp = default,
            Tags = [.. Enumerable.Range(0, random.Next(4)).Select(_ => Text(random))], TraceParent = Text(random),
            IdempotencyKey = Text(random), PayloadName = Text(random), PayloadVersion = random.Next(3) * 100,
            Payload = payload,
        };
    }

    private static string Text(Random random) => random.Next(3) switch
    {
        0 => "",
        1 => new string('a', random.Next(300)),
        _ => string.Concat(Enumerable.Range(0, random.Next(60))
            .Select(_ => char.ConvertFromUtf32(random.Next(0x20, 0xD000)))),
    };
}
