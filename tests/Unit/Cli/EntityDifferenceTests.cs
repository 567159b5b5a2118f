using Pelago.Cli;
using Pelago.Client;

namespace Pelago.Tests.Unit;

/// <summary>What <c>verify</c> makes of entities that differ.</summary>
public sealed class EntityDifferenceTests
{
    [Fact]
    public void Differing_OtherEventsOrStateOrMissing_AreNamedAndEqualOnesAreNot()
    {
        var differing = EntityDifference.Differing([
            Slice("a", ("same", "11", "22"), ("events", "11", "22"), ("state", "11", "22"), ("missing", "11", "22")),
            Slice("b", ("same", "11", "22"), ("events", "12", "22"), ("state", "11", "23")),
        ]);

        differing.Select(d => d.Id).ShouldBe(["events", "missing", "state"]);
    }

    [Fact]
    public void Of_TwoEventsUnderOneName_IsAForkAtTheFirstOfThem()
    {
        var found = Compare(
            Events("a", "x", "1", "2", "3"), Events("b", "x", "1", "9", "8", "7"), Events("c", "x", "1"));

        found!.Kind.ShouldBe(DifferenceKind.Fork);
        (found.Origin, found.Sequence).ShouldBe(("x", 2ul));
        found.Detail.ShouldBe("of event 2 of x, a has one, b has another");
    }

    [Fact]
    public void Of_TwoThatAgreeAgainstOne_NamesThemTogether()
        => Compare(Events("c", "x", "9"), Events("b", "x", "1"), Events("a", "x", "9"))!.Detail
            .ShouldBe("of event 1 of x, a and c have one, b has another");

    [Fact]
    public void Of_FewerEvents_IsBehindByHowMany()
    {
        var found = Compare(Events("a", "x", "1", "2", "3"), Events("b", "x", "1"), Events("c", "x", "1", "2", "3"));

        (found!.Kind, found.Detail).ShouldBe((DifferenceKind.Behind, "b lacks 2 of its events"));
    }

    [Fact]
    public void Of_ARowThatCannotBeRead_IsUnreadableThereAndNotBehind()
    {
        var found = Compare(
            Events("a", "x", "1", "2", "3"), Events("b", "x", "1") with { Complete = false },
            Events("c", "x", "1", "2"));
        (found!.Kind, found.Detail).ShouldBe(
            (DifferenceKind.Unreadable, "b cannot show it: 'pelago doctor' says why"));

        var nothing = new EventDigestsView("b", new Dictionary<string, IReadOnlyList<string>>(), Complete: false);
        Compare(Events("a", "x", "1"), nothing)!.Kind.ShouldBe(DifferenceKind.Unreadable);
        Compare(Events("a", "x", "1", "2"), Events("b", "x", "9") with { Complete = false })!.Kind
            .ShouldBe(DifferenceKind.Fork, "what can be read is enough for that");
    }

    [Fact]
    public void Of_MoreEventsThanAreShown_IsNoDamage()
    {
        var many = Enumerable.Repeat("1", EventDigestsView.MaxEvents).ToArray();
        Compare(Events("a", "x", many) with { Complete = false }, Events("b", "x", "1"))!.Kind
            .ShouldBe(DifferenceKind.Behind);
    }

    [Fact]
    public void Of_SameEvents_IsTheStateOrThatItCannotBeShown()
    {
        Of([Digest("11", "22"), Digest("11", "23")])!.Kind.ShouldBe(DifferenceKind.State);
        var blind = Of([Digest("11", ""), Digest("11", "23")])!;
        (blind.Kind, blind.Detail.StartsWith("r0 cannot show it", StringComparison.Ordinal))
            .ShouldBe((DifferenceKind.Unreadable, true));
        Of([Digest("11", "22"), Digest("12", "23")])!.Kind.ShouldBe(DifferenceKind.Changing);
        Of([Digest("11", "22"), Digest("11", "22")]).ShouldBeNull();
    }

    private static EntityDifference? Of(EntityDigestView[] digests) => EntityDifference.Of("t", "i",
        digests.Select((d, i) => (d, i)).ToDictionary(d => $"r{d.i}", d => (EntityDigestView?)d.d),
        [.. digests.Select((_, i) => Events($"r{i}", "x", "1"))]);

    private static EntityDifference? Compare(params EventDigestsView[] events) => EntityDifference.Of(
        "t", "i", events.ToDictionary(e => e.Region, _ => (EntityDigestView?)Digest("11", "22")), events);

    private static EventDigestsView Events(string region, string origin, params string[] hashes)
        => new(region, new Dictionary<string, IReadOnlyList<string>> { [origin] = hashes }, true);

    private static EntityDigestView Digest(string events, string state, string id = "i")
        => new("t", id, new Dictionary<string, ulong>(), 1, events, state);

    private static SliceEntitiesView Slice(string region, params (string Id, string Events, string State)[] entities)
        => new(region, 7, [.. entities.Select(e => Digest(e.Events, e.State, e.Id))]);
}
