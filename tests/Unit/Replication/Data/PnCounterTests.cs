using FsCheck;
using FsCheck.Fluent;
using Pelago.Replication;

namespace Pelago.Tests.Unit;

public sealed class PnCounterTests
{
    private static readonly string[] Regions = ["a", "b", "c"];

    private static Arbitrary<(int Delta, int Region)[]> Changes
        => (from delta in Gen.Choose(-1000, 1000) from region in Gen.Choose(0, 2) select (delta, region))
            .ArrayOf().ToArbitrary();

    [Fact]
    public void Value_UpAndDownInSeveralRegions_IsTheExactSum() => Prop.ForAll(Changes, changes =>
        Count(changes).Value == changes.Sum(c => (long)c.Delta)).QuickCheckThrowOnFailure();

    [Fact]
    public void Add_AnyOrder_GivesTheSameCounter() => Prop.ForAll(Changes, changes =>
        Count(changes).ByRegion.SequenceEqual(Count([.. Enumerable.Reverse(changes)]).ByRegion))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Add_BeyondTheLimits_Saturates()
    {
        var top = PnCounter.Zero.Add(long.MaxValue, "a").Add(long.MaxValue, "a").Add(1, "b");

        top.Value.ShouldBe(long.MaxValue);
        PnCounter.Zero.Add(long.MinValue, "a").Add(long.MinValue, "b").Value.ShouldBe(long.MinValue);
    }

    private static PnCounter Count((int Delta, int Region)[] changes)
        => changes.Aggregate(PnCounter.Zero, (counter, c) => counter.Add(c.Delta, Regions[c.Region]));
}
