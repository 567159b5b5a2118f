namespace Pelago.Replication;

/// <summary>How far the own wall clock is from the group's median, from heartbeats (the offset of RFC 5905, section
/// 8).</summary>
internal sealed class ClockSense
{
    private readonly SortedDictionary<string, long> offsets = new(StringComparer.Ordinal);

    /// <summary>Milliseconds by which the group's median is ahead of the own clock.</summary>
    public long MedianOffset { get; private set; }

    /// <summary>A peer's clock was <paramref name="offset"/> milliseconds ahead of ours.</summary>
    public void Observe(string peer, long offset)
    {
        offsets[peer] = offset;
        Span<long> all = stackalloc long[offsets.Count + 1];
        var i = 0;
        foreach (var o in offsets.Values)
            all[i++] = o;
        all[i] = 0; // the own clock has a vote
        all.Sort();
        // The lower median by magnitude: with an even number, prefer the value nearer to the own clock.
        var (low, high) = (all[(all.Length - 1) / 2], all[all.Length / 2]);
        MedianOffset = Math.Abs(low) <= Math.Abs(high) ? low : high;
    }

    /// <summary>A peer that is gone has no vote.</summary>
    public void Forget(string peer) => offsets.Remove(peer);

    /// <summary>What to add to the own clock when authoring; 0 within the tolerance.</summary>
    public long Correction(int toleranceMilliseconds) => Math.Abs(MedianOffset) > toleranceMilliseconds ? MedianOffset
        : 0;
}
