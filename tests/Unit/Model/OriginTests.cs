using Pelago.Model;

namespace Pelago.Tests.Unit;

public sealed class OriginTests
{
    private static readonly byte[] Random = [0xAB, 0xCD, 1, 2, 3, 4, 5, 6, 7, 8];

    [Fact]
    public void Create_AnyMoment_IsAUuidOfVersionSeven()
    {
        var text = Incarnation.Create(0x0192_0000_1234, Random).ToString();

        text.ShouldBe("01920000-1234-7bcd-8102-030405060708");
        Incarnation.Parse(text).ToString().ShouldBe(text);
    }

    [Fact]
    public void CompareTo_LaterMillisecond_IsLaterBytewise()
    {
        var (early, late) = (Incarnation.Create(1_000, Random), Incarnation.Create(1_001, new byte[10]));

        early.CompareTo(late).ShouldBeNegative();
        early.ToBytes().AsSpan().SequenceCompareTo(late.ToBytes()).ShouldBeNegative();
    }

    [Fact]
    public void Read_WrittenBytes_GivesTheSame()
    {
        var incarnation = Incarnation.Create(1_893_456_000_000, Random);

        Incarnation.Read(incarnation.ToBytes()).ShouldBe(incarnation);
    }

    [Fact]
    public void CompareTo_Origins_OrdersByRegionThenIncarnation()
    {
        var b1 = new Origin("b", new Incarnation(1));
        Origin[] sorted = [new("a", new Incarnation(9)), b1, new("b", new Incarnation(2))];

        Enumerable.Reverse(sorted).Order().ShouldBe(sorted);
        b1.ShouldBe(new Origin("b", new Incarnation(1)));
        b1.CompareTo(null).ShouldBePositive();
    }
}
