using FsCheck;
using FsCheck.Fluent;
using Pelago.Model;

namespace Pelago.Tests.Unit;

public sealed class VersionVectorTests
{
    private static readonly Origin A = new("a", new Incarnation(1));
    private static readonly Origin A2 = new("a", new Incarnation(2));
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
    public void Merge_AnyTwo_IsTheLeastThatCoversBoth() => Prop.ForAll(Vectors, Vectors, (a, b) =>
    {
        var merged = a.Merge(b);
        return merged.Covers(a) && merged.Covers(b) && merged.Equals(b.Merge(a))
            && Origins.All(o => merged[o] == Math.Max(a[o], b[o]));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Covers_BothWays_MeansEqual() => Prop.ForAll(Vectors, Vectors, (a, b) =>
        a.Equals(b) == (a.Covers(b) && b.Covers(a))).QuickCheckThrowOnFailure();

    [Fact]
    public void Covers_AnyTwo_ComparesSlotBySlot() => Prop.ForAll(Vectors, Vectors, (a, b) =>
        a.Covers(b) == Origins.All(o => a[o] >= b[o])).QuickCheckThrowOnFailure();
}
