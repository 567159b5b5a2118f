namespace Pelago.Replication;

/// <summary>A bound that the other regions share: each has an equal part of it, at least one frame's worth, so that
/// none that asks for too much keeps the others from being answered.</summary>
/// <remarks>Parts are the regions', and not their links': who dials again has no second one. What a region does not use
/// stays unused: it may ask for it a moment later.</remarks>
internal sealed class RegionShares(KernelContext context, int total)
{
    private readonly Dictionary<string, int> taken = new(StringComparer.Ordinal);

    private int Part => Math.Max(total / Math.Max(1, context.Others.Count()), SubjectKeysFrame.MaxKeys);

    /// <summary>Takes so much of a region's part; false, and nothing is taken, when less is left.</summary>
    public bool TryTake(string region, int count)
    {
        var now = taken.GetValueOrDefault(region) + count;
        if (now > Part)
            return false;
        taken[region] = now;
        return true;
    }

    /// <summary>Gives one back.</summary>
    public void Return(string region)
    {
        if (--taken[region] == 0)
            taken.Remove(region);
    }
}
