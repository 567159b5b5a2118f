using Pelago.Cli;

namespace Pelago.Tests.Unit;

/// <summary>What <c>verify</c> says when it could not compare everything.</summary>
public sealed class WorldComparisonTests
{
    [Fact]
    public void Uncompared_EverythingAnswered_IsNothing()
    {
        var comparison = new WorldComparison([Compared("demo/a", "us", "eu")], []);
        comparison.Uncompared().ShouldBeNull();
        comparison.IsGood.ShouldBeTrue();
    }

    [Theory]
    [InlineData("Nothing was compared: us: down; eu: down; demo/a by nobody.", "us: down", "eu: down")]
    [InlineData("Nothing was compared: us: down; demo/a by eu alone.", "us: down", "", "eu")]
    [InlineData("Not compared: us: down. What was compared agrees.", "us: down", "", "eu", "ap")]
    public void Uncompared_RegionsDown_ClaimsNoMoreThanWasCompared(
        string expected, string first, string second, params string[] answered)
    {
        string[] missing = [.. new[] { first, second }.Where(m => m.Length > 0)];
        var comparison = new WorldComparison([Compared("demo/a", answered)], missing);
        comparison.Uncompared().ShouldBe(expected);
        comparison.IsGood.ShouldBeFalse();
    }

    [Fact]
    public void Uncompared_OneServiceOnlyByOneRegion_IsNamed()
        => new WorldComparison([Compared("demo/a", "us"), Compared("pelago/region", "us", "eu")], ["eu: none"])
            .Uncompared().ShouldBe("Not compared: eu: none; demo/a by us alone. What was compared agrees.");

    private static ServiceComparison Compared(string service, params string[] regions)
        => ServiceComparison.Of(service,
            [.. regions.Select(r => new ReplicaDigests(r, new Dictionary<int, SliceDigestView>()))]);
}
