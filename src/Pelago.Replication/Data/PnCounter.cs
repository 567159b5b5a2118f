using System.Collections.Immutable;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Counter that regions raise and lower concurrently (PN-counter, Shapiro et al. 2011), operation based: the
/// engine delivers each event once, so an increment is simply added. It cannot be reset; what can is
/// <see cref="ResettableCounter"/>.</summary>
/// <param name="ByRegion">For each region what it added and what it took away.</param>
public sealed record PnCounter(ImmutableSortedDictionary<string, PnCounter.Sums> ByRegion)
{
    /// <summary>Sums of one region, both not negative.</summary>
    public readonly record struct Sums(long Added, long Taken);

    /// <summary>Zero.</summary>
    public static readonly PnCounter Zero
        = new(ImmutableSortedDictionary.Create<string, Sums>(StringComparer.Ordinal));

    /// <summary>The counter's value; wraps never, saturates at the limits of 64 bits.</summary>
    public long Value
    {
        get
        {
            var sum = Int128.Zero;
            foreach (var sums in ByRegion.Values)
                sum += (Int128)sums.Added - sums.Taken;
            return (long)Int128.Clamp(sum, long.MinValue, long.MaxValue);
        }
    }

    /// <summary>The counter after one operation.</summary>
    public PnCounter Add(long delta, string region)
    {
        var old = ByRegion.GetValueOrDefault(region);
        var next = delta >= 0
            ? old with { Added = Saturate((Int128)old.Added + delta) }
            : old with { Taken = Saturate((Int128)old.Taken - delta) };
        return new PnCounter(ByRegion.SetItem(region, next));
    }

    private static long Saturate(Int128 value) => value > long.MaxValue ? long.MaxValue : (long)value;
}
