namespace Pelago.Model;

/// <summary>Hybrid logical timestamp (Kulkarni et al. 2014): 48 bits of milliseconds since 1970, 16 bits of counter.
/// The counter carries over into the milliseconds, so that a busy entity never repeats or runs out.</summary>
public readonly record struct HybridTimestamp(ulong Value) : IComparable<HybridTimestamp>
{
    /// <summary>The largest timestamp that a peer may send, and the largest that anybody gives: well below the top, so
    /// that <see cref="After"/> never wraps.</summary>
    public static readonly HybridTimestamp MaxAccepted = new(ulong.MaxValue - ushort.MaxValue);

    /// <summary>Milliseconds since 1970.</summary>
    public long Milliseconds => (long)(Value >> 16);

    /// <summary>The counter within the millisecond.</summary>
    public int Counter => (int)(Value & 0xFFFF);

    /// <summary>A timestamp at the start of a millisecond.</summary>
    public static HybridTimestamp At(long unixMilliseconds) => new((ulong)Math.Max(0, unixMilliseconds) << 16);

    /// <summary>The next timestamp of an author: the present, or one above what it has seen, whichever is
    /// later.</summary>
    /// <param name="seen">Highest timestamp among the events that the author's entity has seen.</param>
    /// <param name="nowMilliseconds">The author's clock.</param>
    public static HybridTimestamp After(HybridTimestamp seen, long nowMilliseconds)
    {
        var now = At(nowMilliseconds);
        return now.Value > seen.Value ? now : new HybridTimestamp(seen.Value + 1);
    }

    /// <inheritdoc />
    public int CompareTo(HybridTimestamp other) => Value.CompareTo(other.Value);

    public static bool operator <(HybridTimestamp a, HybridTimestamp b) => a.Value < b.Value;
    public static bool operator >(HybridTimestamp a, HybridTimestamp b) => a.Value > b.Value;
    public static bool operator <=(HybridTimestamp a, HybridTimestamp b) => a.Value <= b.Value;
    public static bool operator >=(HybridTimestamp a, HybridTimestamp b) => a.Value >= b.Value;

    /// <summary>Milliseconds and counter, e.g. <c>1700000000000.3</c>.</summary>
    public override string ToString() => $"{Milliseconds}.{Counter}";
}
