using Pelago.Model;

namespace Pelago.Replication;

/// <summary>The one total order of an entity's events: timestamp, then region, then incarnation, then sequence. It
/// extends causality, because a timestamp is above those of all events that its author had seen.</summary>
/// <remarks>At equal timestamps the ordinally <em>lower</em> region name counts as later, so that "later wins" means
/// the same here and in last-writer-wins registers; within a region the later incarnation is later.</remarks>
public sealed class TotalOrder : IComparer<EventRecord>
{
    /// <summary>The comparer.</summary>
    public static readonly TotalOrder Instance = new();

    /// <inheritdoc />
    public int Compare(EventRecord? x, EventRecord? y)
    {
        if (ReferenceEquals(x, y))
            return 0;
        if (x is null)
            return -1;
        if (y is null)
            return 1;
        return EventPlace.Of(x).CompareTo(EventPlace.Of(y));
    }
}

/// <summary>Where an event stands in the total order of its entity.</summary>
public readonly record struct EventPlace(HybridTimestamp Timestamp, Origin Origin, ulong Sequence)
    : IComparable<EventPlace>
{
    /// <summary>The place of an event.</summary>
    public static EventPlace Of(EventRecord e) => new(e.Timestamp, e.Origin, e.Sequence);

    /// <inheritdoc />
    public int CompareTo(EventPlace other)
    {
        var byTime = Timestamp.CompareTo(other.Timestamp);
        if (byTime != 0)
            return byTime;
        var byRegion = string.CompareOrdinal(other.Origin.Region, Origin.Region);
        if (byRegion != 0)
            return byRegion;
        var byLife = Origin.Incarnation.CompareTo(other.Origin.Incarnation);
        return byLife != 0 ? byLife : Sequence.CompareTo(other.Sequence);
    }
}
