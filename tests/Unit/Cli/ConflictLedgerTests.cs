using Pelago.Cli;
using Pelago.Client;

namespace Pelago.Tests.Unit.Cli;

/// <summary>What several regions noticed, as one ledger.</summary>
public sealed class ConflictLedgerTests
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Merge_TheSameInSeveralRegions_IsOneEntryOfWhoNoticedFirst()
    {
        var entries = ConflictLedger.Merge(
            [Of("us", Conflict("a", 1, 9)), Of("eu", Conflict("a", 1, 5), Conflict("b", 2, 7))], All);

        entries.Select(e => (e.Id, e.Sequence, string.Join(',', e.Regions), e.RecordedAt, e.Reason)).ShouldBe(
        [
            ("a", 1ul, "eu,us", Start.AddSeconds(5), "at 5"), ("b", 2ul, "eu", Start.AddSeconds(7), "at 7"),
        ]);
    }

    [Fact]
    public void Merge_OtherKindOrOrigin_IsAnotherEntry()
    {
        var entries = ConflictLedger.Merge([Of("us", Conflict("a", 1, 1), Conflict("a", 1, 2) with { Kind = "Fork" },
            Conflict("a", 1, 3) with { Origin = "eu@2" })], All);

        entries.Count.ShouldBe(3);
    }

    [Fact]
    public void Merge_FilteredAndLimited_GivesTheNewestThatAreWanted()
    {
        ConflictPageView[] ledgers = [Of("us", Conflict("a", 1, 1), Conflict("b", 2, 2), Conflict("a", 3, 3)),
            Of("eu", Conflict("a", 4, 4) with { Kind = "Fork" })];

        Ids(new ConflictLedger.Filter(null, "note/a", 100)).ShouldBe([1ul, 3, 4]);
        Ids(new ConflictLedger.Filter("Fork", null, 100)).ShouldBe([4ul]);
        Ids(new ConflictLedger.Filter(null, null, 2)).ShouldBe([3ul, 4]);

        ulong[] Ids(ConflictLedger.Filter filter)
            => [.. ConflictLedger.Merge(ledgers, filter).Select(e => e.Sequence)];
    }

    private static ConflictLedger.Filter All => new(null, null, 100);

    private static ConflictPageView Of(string region, params ConflictView[] conflicts) => new(region, 0, conflicts);

    private static ConflictView Conflict(string id, ulong sequence, int seconds) => new(
        "note", id, "RefusedByFold", "eu@1", sequence, Start.AddSeconds(seconds), $"at {seconds}");
}
