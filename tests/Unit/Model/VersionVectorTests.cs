using FsCheck;
using FsCheck.Fluent;
using Pelago.Model;

namespace Pelago.Tests.Unit;

public sealed class VersionVectorTests
{
    private static readonly Origin A = new("a", new Incarnation(1));
    private static readonly Origin A2 = new("a", new Incarnation(2));
    private static readonly Origin A3 = new("a", new Incarnation(3));
    private static readonly Origin B = new("b", new Incarnation(1));
    private static readonly Origin[] Origins = [A, A2, B, new("c", new Incarnation(9))];

    private static Arbitrary<VersionVector> Vectors => Gen.Choose(0, 4).Select(n => (ulong)n).ArrayOf(Origins.Length)
        .Select(counts => VersionVector.From(Origins.Zip(counts, (o, c)
            => new VersionVector.Slot(o, c)))).ToArbitrary();

    [Fact]
    public void Indexer_UnknownOrigin_IsZero() => VersionVector.Empty[A].ShouldBe(0ul);

    [Fact]
    public void From_OriginTwice_Throws()
        => Should.Throw<ArgumentException>(() => VersionVector.From([new(A, 1), new(A, 2)])).Message.ShouldContain(
            "twice");

    [Fact]
    public void From_ZeroCounts_LeavesThemOut() => VersionVector.From([new(A, 0)]).Count.ShouldBe(0);

    [Fact]
    public void With_AnyOrder_GivesEqualVectorsInOrderOfOrigin()
    {
        var one = VersionVector.Empty.With(B, 2).With(A2, 1).With(A, 3);
        var other = VersionVector.Empty.With(A, 3).With(B, 1).With(A2, 1).With(B, 2);

        one.ShouldBe(other);
        one.GetHashCode().ShouldBe(other.GetHashCode());
        one.Select(s => s.Origin).ShouldBe([A, A2, B]);
        one.ToString().ShouldContain("a@");
    }

    [Fact]
    public void With_NewIncarnation_IsAnotherOrigin()
        => VersionVector.Empty.With(A, 7).With(A2, 1)[A].ShouldBe(7ul);

    [Fact]
    public void Retire_LivesThatAreOver_LeaveOneEntryARegionThatStandsForAllOfThem()
    {
        var seen = VersionVector.From([new(A, 3), new(A2, 4), new(A3, 1), new(B, 2)]);

        var vector = seen.Retire(o => !o.Equals(A3));

        vector.ToArray().ShouldBe([new(A3, 1), new(B, 2)]); // one life of b saves nothing
        vector.Retired.ToArray().ShouldBe([new(A2, 7)]);
        vector[A].ShouldBe(ulong.MaxValue, "all of it has been seen, whatever it was");
        vector[new Origin("a", new Incarnation(0))].ShouldBe(ulong.MaxValue);
        vector[A3].ShouldBe(1ul);
        vector.ShouldBe(VersionVector.From([new(B, 2), new(A3, 1)], [new(A2, 7)]));
        vector.ShouldNotBe(seen);
        seen.Covers(vector).ShouldBeTrue();
        vector.Covers(seen).ShouldBeTrue();
        seen.Covers(new VersionVector.RetiredLives(A2, 8)).ShouldBeFalse("one event of them is not there");
    }

    [Fact]
    public void Retire_ALifeBetweenThatIsNotOver_KeepsItAndThoseAfterIt()
    {
        var seen = VersionVector.From([new(A, 3), new(A2, 4), new(A3, 1)]);

        seen.Retire(o => !o.Equals(A2)).ShouldBeSameAs(seen);
        seen.Retire(_ => false).ShouldBeSameAs(seen);
    }

    [Fact]
    public void After_AnAuthorWhoRetiredLives_KeepsTheSlotsOfWhoHasSeenThem()
    {
        var seen = VersionVector.From([new(A, 3), new(A2, 4), new(B, 1)]);
        var author = seen.Retire(_ => true).With(B, 2);

        seen.After(author, B, 2).ShouldBe(seen.With(B, 2));
    }

    [Fact]
    public void From_TwoEntriesOfARegion_Throws() => Should.Throw<ArgumentException>(()
        => VersionVector.From([], [new(A, 1), new(A2, 2)])).Message.ShouldContain("twice");

    [Fact]
    public void Covers_BothWays_MeansEqual() => Prop.ForAll(Vectors, Vectors, (a, b) =>
        a.Equals(b) == (a.Covers(b) && b.Covers(a))).QuickCheckThrowOnFailure();

    [Fact]
    public void Covers_AnyTwo_ComparesSlotBySlot() => Prop.ForAll(Vectors, Vectors, (a, b) =>
        a.Covers(b) == Origins.All(o => a[o] >= b[o])).QuickCheckThrowOnFailure();
}
