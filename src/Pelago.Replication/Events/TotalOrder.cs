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
        var byTime = x.Timestamp.CompareTo(y.Timestamp);
        if (byTime != 0)
            return byTime;
        var byRegion = string.CompareOrdinal(y.Origin.Region, x.Origin.Region);
        if (byRegion != 0)
            return byRegion;
        var byLife = x.Origin.Incarnation.CompareTo(y.Origin.Incarnation);
        return byLife != 0 ? byLife : x.Sequence.CompareTo(y.Sequence);
    }
}
