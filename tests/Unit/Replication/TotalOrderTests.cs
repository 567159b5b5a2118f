using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

public sealed class TotalOrderTests
{
    private static Arbitrary<EventRecord> Any
        => (from origin in Gen.Elements(A, B, new Origin("a", new Incarnation(2)))
            from sequence in Gen.Choose(1, 3)
            from time in Gen.Choose(0, 2)
            select Write(origin, (ulong)sequence, time, "x")).ToArbitrary();

    [Fact]
    public void Compare_LaterTimestamp_IsLater()
        => TotalOrder.Instance.Compare(Write(A, 1, 5, "x"), Write(B, 1, 6, "y")).ShouldBeNegative();

    [Fact]
    public void Compare_EqualTimestamps_LowerRegionNameIsLater()
        => TotalOrder.Instance.Compare(Write(A, 1, 5, "x"), Write(B, 1, 5, "y")).ShouldBePositive();

    [Fact]
    public void Compare_EqualTimeAndRegion_LaterIncarnationIsLater()
    {
        var later = new Origin("a", new Incarnation(2));

        TotalOrder.Instance.Compare(Write(A, 9, 5, "x"), Write(later, 1, 5, "y")).ShouldBeNegative();
    }

    [Fact]
    public void Compare_EqualTimeAndOrigin_HigherSequenceIsLater()
        => TotalOrder.Instance.Compare(Write(A, 1, 5, "x"), Write(A, 2, 5, "y")).ShouldBeNegative();

    [Fact]
    public void Compare_AnyThree_IsATotalOrder() => Prop.ForAll(Any, Any, Any, (x, y, z) =>
    {
        var order = TotalOrder.Instance;
        var symmetric = Math.Sign(order.Compare(x, y)) == -Math.Sign(order.Compare(y, x));
        var transitive = order.Compare(x, y) > 0 || order.Compare(y, z) > 0 || order.Compare(x, z) <= 0;
        var distinct = order.Compare(x, y) != 0 || (x.Origin.Equals(y.Origin) && x.Sequence == y.Sequence);
        return symmetric && transitive && distinct;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Stamp_EqualTimes_AgreesWithTheTotalOrder()
    {
        var (low, high) = (new Stamp(HybridTimestamp.At(1), "a"), new Stamp(HybridTimestamp.At(1), "b"));

        low.CompareTo(high).ShouldBePositive();
        Stamp.None.CompareTo(high).ShouldBeNegative();
        new Stamp(HybridTimestamp.At(2), "z").CompareTo(low).ShouldBePositive();
    }

    [Fact]
    public void Register_WrittenByTwoLivesAtOneTime_HasTheLastOneInTheTotalOrder()
    {
        var time = HybridTimestamp.At(1);
        var (first, last) = (new Stamp(time, "a", new Incarnation(1)), new Stamp(time, "a", new Incarnation(2)));
        var register = LwwRegister<string>.Initial("");

        register.Set("first", first).Set("last", last).Value.ShouldBe("last");
        register.Set("last", last).Set("first", first).Value.ShouldBe("last");
        new EventPlace(time, new Origin("a", first.Life), 9)
            .CompareTo(new EventPlace(time, new Origin("a", last.Life), 1)).ShouldBeNegative();
    }

    [Fact]
    public void Stamp_InJson_KeepsTheLifeAndReadsWhatWasStoredWithoutOne()
    {
        var stamp = new Stamp(HybridTimestamp.At(1), "a", new Incarnation(2));
        var text = JsonSerializer.Serialize(stamp);

        JsonSerializer.Deserialize<Stamp>(text).ShouldBe(stamp);
        JsonSerializer.Deserialize<Stamp>(JsonSerializer.Serialize(Stamp.None)).ShouldBe(Stamp.None);
        JsonSerializer.Serialize(stamp with { Life = default }).ShouldNotContain("Life");
        JsonSerializer.Deserialize<Stamp>(JsonSerializer.Serialize(stamp with { Life = default }))
            .ShouldBe(stamp with { Life = default });
    }

    [Fact]
    public void Concurrent_NeitherHadSeenTheOther_IsTrueBothWays()
    {
        var (x, y) = (Write(A, 1, 1, "x"), Write(B, 1, 1, "y"));

        (EventRecord.Concurrent(x, y), EventRecord.Concurrent(y, x)).ShouldBe((true, true));
        EventRecord.Concurrent(x, Write(B, 1, 2, "z", Saw((A, 1)))).ShouldBeFalse();
    }
}
