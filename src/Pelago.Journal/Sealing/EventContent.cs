using Google.Protobuf.Collections;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Replication.Stored;

namespace Pelago.Journal;

/// <summary>Makes event rows of what was stored: the way back of <see cref="EventSealer"/>.</summary>
internal static class EventContent
{
    /// <summary>The row, or null when its vector names an origin that is not known, or its filter is none.</summary>
    /// <param name="columns">The unsealed columns, as <see cref="EventSealer"/> orders them.</param>
    /// <param name="position">The row's position in its lane.</param>
    /// <param name="origin">The origin that the columns name.</param>
    /// <param name="key">The entity that the columns name.</param>
    /// <param name="content">What was sealed.</param>
    /// <param name="origins">Origins by number.</param>
    public static EventRow? Row(
        ReadOnlySpan<long> columns, ulong position, Origin origin, EntityKey key, byte[] content, OriginTable origins)
    {
        var stored = SealedEvent.Parser.ParseFrom(content);
        if (Vector(stored, origins) is not { } vector)
            return null;
        var regions = stored.Regions.IsEmpty ? null : EntityFilter.Read(stored.Regions.Span);
        if (regions is null && !stored.Regions.IsEmpty)
            return null; // nobody knows whom it is for
        var e = new EventRecord
        {
            Entity = key, Origin = origin, Sequence = (ulong)columns[4], Vector = vector,
            Timestamp = new HybridTimestamp((ulong)columns[6]), Epoch = (uint)columns[7], BatchIndex = (int)columns[8],
            BatchLength = (int)columns[9], Tags = stored.Tags.Count == 0 ? [] : [.. stored.Tags],
            TraceParent = stored.TraceParent, IdempotencyKey = stored.IdempotencyKey, PayloadName = stored.PayloadName,
            PayloadVersion = (int)stored.PayloadVersion, Payload = stored.Payload.Memory,
            OriginPosition = columns[5] == 0 ? position : (ulong)columns[5],
            Regions = regions,
        };
        return new EventRow(e, (ulong)columns[2], origin.Equals(origins.Newest.Origin));
    }

    private static VersionVector? Vector(SealedEvent stored, OriginTable origins)
    {
        if (Slots(stored.VectorOrigins, stored.VectorCounts, origins) is not { } slots
            || Slots(stored.RetiredOrigins, stored.RetiredCounts, origins) is not { } retired)
            return null;
        return VersionVector.From(slots, retired.Select(l => new VersionVector.RetiredLives(l.Origin, l.Count)));
    }

    private static VersionVector.Slot[]? Slots(
        RepeatedField<uint> numbers, RepeatedField<ulong> counts, OriginTable origins)
    {
        if (numbers.Count != counts.Count)
            return null;
        var slots = new VersionVector.Slot[numbers.Count];
        for (var i = 0; i < slots.Length; i++)
        {
            if (origins[numbers[i]] is not { } origin)
                return null;
            slots[i] = new VersionVector.Slot(origin, counts[i]);
        }
        return slots;
    }
}
