using Google.Protobuf;
using Pelago.Model;
using Pelago.Replication.Stored;

namespace Pelago.Replication;

/// <summary>Writes and reads an entity's snapshot (<c>stored.proto</c>): final checkpoint, vector, and the events after
/// it.</summary>
internal static class SnapshotCodec
{
    private const uint Format = 1;

    public static byte[] Write(IEntityType type, EntityFold fold, VersionVector seen, HybridTimestamp highest,
        IReadOnlyList<Origin> retired, EntityRegions? regions = null)
    {
        var message = Prefix(fold.ToBase(), type.StateVersion, seen, highest, retired, out var numbers);
        foreach (var entry in fold.Tail)
            message.Tail.Add(ToStored(entry.Event, numbers));
        regions?.Write(message, numbers);
        return message.ToByteArray();
    }

    /// <summary>A snapshot without a tail.</summary>
    public static Snapshot Prefix(
        FoldedPrefix checkpoint, int stateVersion, VersionVector seen, HybridTimestamp highest,
        IReadOnlyList<Origin> retired, out OriginNumbers numbers)
    {
        var message = new Snapshot { Format = Format, HighestTimestamp = highest.Value,
            BaseVersion = (uint)stateVersion, BaseDeleted = checkpoint.IsDeleted };
        var known = numbers = new OriginNumbers(message);
        message.Seen.AddRange(numbers.Slots(seen));
        message.BaseCount = checkpoint.Count;
        message.BaseState = ByteString.CopyFrom(checkpoint.State.Span);
        message.BaseVector.AddRange(numbers.Slots(checkpoint.Vector));
        message.BaseSettled.AddRange(numbers.Slots(checkpoint.Settled));
        if (checkpoint.Last is { } last)
        {
            message.BaseLast = new StoredPlace
            {
                Origin = numbers.Of(last.Origin), Sequence = last.Sequence, Timestamp = last.Timestamp.Value,
            };
        }
        message.Retired.AddRange(retired.Select(known.Of));
        foreach (var (key, owner) in checkpoint.Keys)
        {
            message.BaseKeys.Add(new StoredKey
            {
                Key = key, Origin = numbers.Of(owner.Batch.Origin), FirstSequence = owner.Batch.FirstSequence,
                Timestamp = owner.At.Value, Regions = ToStored(owner.Regions),
            });
        }
        message.BaseOpen.AddRange(checkpoint.Open.Select(w => ToStored(w, known)));
        return message;
    }

    private static StoredOpenWrite ToStored(OpenWrite write, OriginNumbers numbers)
    {
        var stored = new StoredOpenWrite
        {
            Field = write.Field, Origin = numbers.Of(write.Write.Origin), Sequence = write.Write.Sequence,
            IsReplaced = write.IsReplaced,
        };
        if (write.LostTo is { } winner)
            (stored.LostToOrigin, stored.LostToSequence) = (numbers.Of(winner.Origin), winner.Sequence);
        return stored;
    }

    private static StoredEvent ToStored(EventRecord e, OriginNumbers numbers)
    {
        var stored = new StoredEvent
        {
            Origin = numbers.Of(e.Origin), Sequence = e.Sequence, Timestamp = e.Timestamp.Value, Epoch = e.Epoch,
            BatchIndex = (uint)e.BatchIndex, BatchLength = (uint)e.BatchLength, TraceParent = e.TraceParent,
            IdempotencyKey = e.IdempotencyKey, PayloadName = e.PayloadName, PayloadVersion = (uint)e.PayloadVersion,
            OriginPosition = e.OriginPosition, Payload = ByteString.CopyFrom(e.Payload.Span),
        };
        stored.Vector.AddRange(numbers.Slots(e.Vector));
        foreach (ref readonly var lives in e.Vector.Retired)
            stored.Retired.Add(new StoredSlot { Origin = numbers.Of(lives.Last), Count = lives.Count });
        stored.Tags.AddRange(e.Tags);
        stored.Regions = ToStored(e.Regions);
        return stored;
    }

    private static ByteString ToStored(EntityFilter? rule)
        => rule is null ? ByteString.Empty : ByteString.CopyFrom(rule.ToBytes());

    private static EntityFilter? ToRule(ByteString stored) => stored.IsEmpty ? null : EntityFilter.Read(stored.Span);

    /// <summary>False when it has a rule that is none: whoever took that for no rule would show everybody what it
    /// withholds.</summary>
    public static bool AreRulesReadable(Snapshot message) => IsReadable(message.Regions)
        && message.Regions.IsEmpty == (message.RegionsAt is null)
        && message.Tail.All(e => IsReadable(e.Regions)) && message.BaseKeys.All(k => IsReadable(k.Regions));

    private static bool IsReadable(ByteString rule) => rule.IsEmpty || ToRule(rule) is not null;

    /// <summary>Null when the snapshot is of another format or state version, or has a rule that cannot be read: the
    /// entity is folded from its events.</summary>
    public static SnapshotContent? Read(IEntityType type, EntityKey entity, ReadOnlySpan<byte> bytes)
    {
        var message = Snapshot.Parser.ParseFrom(bytes);
        return message.Format != Format || message.BaseVersion != type.StateVersion || !AreRulesReadable(message)
            ? null : Read(entity, message, out _);
    }

    /// <summary>A parsed snapshot of any state version; its rules can be read.</summary>
    public static SnapshotContent Read(EntityKey entity, Snapshot message, out Origin[] named)
    {
        var origins = named = message.Origins
            .Select(o => new Origin(o.Region, Incarnation.Read(o.Incarnation.Span))).ToArray();
        var checkpoint = new FoldedPrefix(
            message.BaseCount, message.BaseState.Memory,
            message.BaseLast is null ? null : ToPlace(message.BaseLast), Vector(message.BaseVector),
            Vector(message.BaseSettled),
            [.. message.BaseKeys.Select(k => KeyValuePair.Create(k.Key, new KeyOwner(
                new BatchId(origins[k.Origin], k.FirstSequence), new HybridTimestamp(k.Timestamp),
                ToRule(k.Regions))))])
            { IsDeleted = message.BaseDeleted, Open = [.. message.BaseOpen.Select(ToOpen)] };
        return new SnapshotContent(
            checkpoint, [.. message.Tail.Select(ToEvent)], Vector(message.Seen),
            new HybridTimestamp(message.HighestTimestamp), [.. message.Retired.Select(r => origins[r])])
        {
            Regions = EntityRegions.Read(message, origins),
        };

        VersionVector Vector(IEnumerable<StoredSlot> slots)
            => VersionVector.From(slots.Select(ToSlot));

        VersionVector.Slot ToSlot(StoredSlot slot) => new(origins[slot.Origin], slot.Count);

        VersionVector.RetiredLives ToRetired(StoredSlot lives) => new(origins[lives.Origin], lives.Count);

        EventPlace ToPlace(StoredPlace p) => new(new HybridTimestamp(p.Timestamp), origins[p.Origin], p.Sequence);

        OpenWrite ToOpen(StoredOpenWrite w) => new(w.Field, new Dot(origins[w.Origin], w.Sequence), w.IsReplaced,
            w.LostToSequence == 0 ? null : new Dot(origins[w.LostToOrigin], w.LostToSequence));

        EventRecord ToEvent(StoredEvent e) => new()
        {
            Entity = entity, Origin = origins[e.Origin], Sequence = e.Sequence,
            Vector = VersionVector.From(e.Vector.Select(ToSlot), e.Retired.Select(ToRetired)),
            Timestamp = new HybridTimestamp(e.Timestamp), Epoch = e.Epoch, BatchIndex = (int)e.BatchIndex,
            BatchLength = (int)e.BatchLength, Tags = [.. e.Tags], TraceParent = e.TraceParent,
            IdempotencyKey = e.IdempotencyKey, PayloadName = e.PayloadName, PayloadVersion = (int)e.PayloadVersion,
            Payload = e.Payload.Memory, OriginPosition = e.OriginPosition,
            Regions = ToRule(e.Regions),
        };
    }
}

/// <summary>Numbers the origins of a snapshot as they come up.</summary>
internal sealed class OriginNumbers(Snapshot message)
{
    private readonly Dictionary<Origin, uint> origins = [];

    public uint Of(Origin origin)
    {
        if (origins.TryGetValue(origin, out var number))
            return number;
        message.Origins.Add(new StoredOrigin
        {
            Region = origin.Region, Incarnation = ByteString.CopyFrom(origin.Incarnation.ToBytes()),
        });
        return origins[origin] = (uint)origins.Count;
    }

    public IEnumerable<StoredSlot> Slots(VersionVector vector)
        => vector.Select(s => new StoredSlot { Origin = Of(s.Origin), Count = s.Count });
}

/// <summary>A snapshot, parsed.</summary>
internal sealed record SnapshotContent(
    FoldedPrefix Base, IReadOnlyList<EventRecord> Tail, VersionVector Seen, HybridTimestamp Highest,
    IReadOnlyList<Origin> Retired)
{
    /// <summary>Filter and placeholders; null when the entity never had a filter.</summary>
    public EntityRegions? Regions { get; init; }
}
