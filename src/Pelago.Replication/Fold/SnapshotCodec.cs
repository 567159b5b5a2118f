using Google.Protobuf;
using Pelago.Model;
using Pelago.Replication.Stored;

namespace Pelago.Replication;

/// <summary>Writes and reads an entity's snapshot (<c>stored.proto</c>): final checkpoint, vector, and the events after
/// it.</summary>
internal static class SnapshotCodec
{
    private const uint Format = 1;

    public static byte[] Write(IEntityType type, EntityFold fold, VersionVector seen, HybridTimestamp highest)
    {
        var message = new Snapshot { Format = Format, HighestTimestamp = highest.Value,
            BaseVersion = (uint)type.StateVersion };
        var origins = new Dictionary<Origin, uint>();
        var checkpoint = fold.ToBase();
        message.Seen.AddRange(Slots(seen));
        message.BaseCount = checkpoint.Count;
        message.BaseState = ByteString.CopyFrom(checkpoint.State.Span);
        message.BaseVector.AddRange(Slots(checkpoint.Vector));
        message.BaseSettled.AddRange(Slots(checkpoint.Settled));
        if (checkpoint.Last is { } last)
        {
            message.BaseLast = new StoredPlace
            {
                Origin = Number(last.Origin), Sequence = last.Sequence, Timestamp = last.Timestamp.Value,
            };
        }
        foreach (var entry in fold.Tail)
            message.Tail.Add(ToStored(entry.Event));
        foreach (var (key, owner) in checkpoint.Keys)
        {
            message.BaseKeys.Add(new StoredKey
            {
                Key = key, Origin = Number(owner.Batch.Origin), FirstSequence = owner.Batch.FirstSequence,
                Timestamp = owner.At.Value,
            });
        }
        return message.ToByteArray();

        uint Number(Origin origin)
        {
            if (origins.TryGetValue(origin, out var number))
                return number;
            message.Origins.Add(new StoredOrigin
            {
                Region = origin.Region, Incarnation = ByteString.CopyFrom(origin.Incarnation.ToBytes()),
            });
            return origins[origin] = (uint)origins.Count;
        }

        IEnumerable<StoredSlot> Slots(VersionVector vector)
            => vector.Select(s => new StoredSlot { Origin = Number(s.Origin), Count = s.Count });

        StoredEvent ToStored(EventRecord e)
        {
            var stored = new StoredEvent
            {
                Origin = Number(e.Origin), Sequence = e.Sequence, Timestamp = e.Timestamp.Value, Epoch = e.Epoch,
                BatchIndex = (uint)e.BatchIndex, BatchLength = (uint)e.BatchLength, TraceParent = e.TraceParent,
                IdempotencyKey = e.IdempotencyKey, PayloadName = e.PayloadName, PayloadVersion = (uint)e.PayloadVersion,
                OriginPosition = e.OriginPosition, Payload = ByteString.CopyFrom(e.Payload.Span),
            };
            stored.Vector.AddRange(Slots(e.Vector));
            stored.Tags.AddRange(e.Tags);
            return stored;
        }
    }

    /// <summary>Null when the snapshot is of another format or state version: the entity is folded from its
    /// events.</summary>
    public static SnapshotContent? Read(IEntityType type, EntityKey entity, ReadOnlySpan<byte> bytes)
    {
        var message = Snapshot.Parser.ParseFrom(bytes);
        if (message.Format != Format || message.BaseVersion != type.StateVersion)
            return null;
        var origins = message.Origins
            .Select(o => new Origin(o.Region, Incarnation.Read(o.Incarnation.Span))).ToArray();
        var checkpoint = new FoldedPrefix(
            message.BaseCount, message.BaseState.Memory,
            message.BaseLast is null ? null : ToPlace(message.BaseLast), Vector(message.BaseVector),
            Vector(message.BaseSettled),
            [.. message.BaseKeys.Select(k => KeyValuePair.Create(k.Key, new KeyOwner(
                new BatchId(origins[k.Origin], k.FirstSequence), new HybridTimestamp(k.Timestamp))))]);
        return new SnapshotContent(
            checkpoint, [.. message.Tail.Select(ToEvent)], Vector(message.Seen),
            new HybridTimestamp(message.HighestTimestamp));

        VersionVector Vector(IEnumerable<StoredSlot> slots)
            => VersionVector.From(slots.Select(s => new VersionVector.Slot(origins[s.Origin], s.Count)));

        EventPlace ToPlace(StoredPlace p) => new(new HybridTimestamp(p.Timestamp), origins[p.Origin], p.Sequence);

        EventRecord ToEvent(StoredEvent e) => new()
        {
            Entity = entity, Origin = origins[e.Origin], Sequence = e.Sequence, Vector = Vector(e.Vector),
            Timestamp = new HybridTimestamp(e.Timestamp), Epoch = e.Epoch, BatchIndex = (int)e.BatchIndex,
            BatchLength = (int)e.BatchLength, Tags = [.. e.Tags], TraceParent = e.TraceParent,
            IdempotencyKey = e.IdempotencyKey, PayloadName = e.PayloadName, PayloadVersion = (int)e.PayloadVersion,
            Payload = e.Payload.Memory, OriginPosition = e.OriginPosition,
        };
    }
}

/// <summary>A snapshot, parsed.</summary>
internal sealed record SnapshotContent(
    FoldedPrefix Base, IReadOnlyList<EventRecord> Tail, VersionVector Seen, HybridTimestamp Highest);
