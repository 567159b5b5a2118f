using Pelago.Model;

namespace Pelago.Tests.Unit;

public sealed class HybridTimestampTests
{
    [Fact]
    public void After_ClockAhead_TakesTheClock()
        => HybridTimestamp.After(HybridTimestamp.At(1_000), 1_001).ShouldBe(HybridTimestamp.At(1_001));

    [Theory]
    [InlineData(1_000)]
    [InlineData(999)]
    [InlineData(0)]
    [InlineData(-5)]
    public void After_ClockStandingOrStepsBack_IsOneAboveWhatWasSeen(long now)
    {
        var seen = HybridTimestamp.At(1_000);
        var next = HybridTimestamp.After(seen, now);

        next.ShouldBeGreaterThan(seen);
        (next.Milliseconds, next.Counter).ShouldBe((1_000, 1));
    }

    [Fact]
    public void After_CounterAtItsEnd_CarriesIntoTheMilliseconds()
    {
        var next = HybridTimestamp.After(new HybridTimestamp((1_000ul << 16) | 0xFFFF), 1_000);

        (next.Milliseconds, next.Counter).ShouldBe((1_001, 0));
    }

    [Fact]
    public void After_HighestAccepted_DoesNotWrap()
        => HybridTimestamp.After(HybridTimestamp.MaxAccepted, 0).ShouldBeGreaterThan(HybridTimestamp.MaxAccepted);

    [Fact]
    public void At_BeforeTheEpoch_IsTheEpoch() => HybridTimestamp.At(-1).Value.ShouldBe(0ul);

    [Fact]
    public void Operators_TwoTimes_AgreeWithTheComparison()
    {
        var (low, high) = (HybridTimestamp.At(1), HybridTimestamp.At(2));

        (low < high && high > low && low <= high && high >= low).ShouldBeTrue();
        high.ToString().ShouldBe("2.0");
    }
}
