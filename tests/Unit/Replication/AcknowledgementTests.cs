using Pelago.Replication;

namespace Pelago.Tests.Unit.Replication;

public sealed class AcknowledgementTests
{
    [Theory]
    [InlineData("local", 1, 1)]
    [InlineData("local", 5, 1)]
    [InlineData("1", 3, 1)]
    [InlineData("2", 3, 2)]
    [InlineData("4", 3, 4)]
    [InlineData("majority", 1, 1)]
    [InlineData("majority", 2, 2)]
    [InlineData("majority", 3, 2)]
    [InlineData("majority", 4, 3)]
    [InlineData("majority", 5, 3)]
    public void In_AGroup_IsThatManyRegions(string text, int members, int regions)
    {
        Acknowledgement.TryParse(text, out var level).ShouldBeTrue();
        level.In(members).ShouldBe(regions);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("+2")]
    [InlineData(" 2")]
    [InlineData("2.0")]
    [InlineData("1001")]
    [InlineData("99999999999")]
    [InlineData("Majority")]
    [InlineData("all")]
    public void TryParse_AnythingElse_IsNoLevel(string text)
        => Acknowledgement.TryParse(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("local")]
    [InlineData("majority")]
    [InlineData("3")]
    public void ToString_OfALevel_IsReadAgain(string text)
    {
        Acknowledgement.TryParse(text, out var level).ShouldBeTrue();
        level.ToString().ShouldBe(text);
        Acknowledgement.Regions(1).ShouldBe(Acknowledgement.Local);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1_001)]
    public void Regions_OutOfBounds_Throws(int count)
        => Should.Throw<ArgumentOutOfRangeException>(() => Acknowledgement.Regions(count));

    [Fact]
    public void Stronger_OfTwo_DependsOnTheGroup()
    {
        var two = Acknowledgement.Regions(2);
        Acknowledgement.Stronger(two, Acknowledgement.Majority, 5).ShouldBe(Acknowledgement.Majority);
        Acknowledgement.Stronger(Acknowledgement.Majority, Acknowledgement.Regions(3), 3).ShouldBe(
            Acknowledgement.Regions(3));
        Acknowledgement.Stronger(Acknowledgement.Local, two, 3).ShouldBe(two);
    }
}
