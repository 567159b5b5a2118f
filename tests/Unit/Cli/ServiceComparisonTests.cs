using Pelago.Cli;
using Pelago.Model;

namespace Pelago.Tests.Unit;

public sealed class ServiceComparisonTests
{
    [Fact]
    public void Of_SameSlices_Agree()
    {
        var result = ServiceComparison.Of("demo/bookstore", [Replica("a", "aa"), Replica("b", "aa")]);
        result.Agree.ShouldBeTrue();
        result.Replicas.ShouldBe([new ReplicaSummary("a", 2, 5), new ReplicaSummary("b", 2, 5)]);
    }

    [Fact]
    public void Of_OtherHash_NamesTheSlice()
    {
        var result = ServiceComparison.Of("demo/bookstore", [
            Replica("a", "aa"), Replica("b", "bb"), Replica("c", "aa"),
        ]);
        result.Agree.ShouldBeFalse();
        result.DifferingSlices.ShouldBe([7]);
    }

    [Fact]
    public void Of_MissingSlice_DiffersUnlessItIsEmpty()
    {
        var empty = ReplicaDigests.Parse("b", """{"region":"b","slices":[]}""");
        ServiceComparison.Of("s", [Replica("a", "aa"), empty]).DifferingSlices.ShouldBe([7]);
        var zero = ReplicaDigests.Parse(
            "a", """{"slices":[{"slice":3,"entities":0,"events":0,"eventsHash":"","statesHash":""}]}""");
        ServiceComparison.Of("s", [zero, empty]).Agree.ShouldBeTrue();
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("""{"slices":[{"slice":1},{"slice":1}]}""")]
    public void Parse_SomethingElse_IsRefused(string json)
        => Should.Throw<PelagoException>(() => ReplicaDigests.Parse("a", json)).Failure.Error
            .ShouldBe(ErrorCodes.ControlUnreachable);

    private static ReplicaDigests Replica(string region, string hash)
        => ReplicaDigests.Parse(region, $$"""
            {
                "region": "{{region}}",
                "slices": [{ "slice": 7, "entities": 2, "events": 5, "eventsHash": "{{hash}}", "statesHash": "00" }]
            }
            """);
}
