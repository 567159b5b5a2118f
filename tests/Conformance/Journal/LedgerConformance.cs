using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Conformance.Sample;

namespace Pelago.Tests.Conformance;

/// <summary>How long the entries of a conflict ledger are kept.</summary>
public abstract class LedgerConformance : IAsyncLifetime
{
    private readonly FakeClock clock = new();
    private IStoreFixture fixture = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>A fresh place for this kind of journal.</summary>
    protected abstract IStoreFixture CreateFixture();

    public ValueTask InitializeAsync()
    {
        fixture = CreateFixture();
        fixture.Clock = clock;
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await fixture.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Entries_OlderThanTheyAreKept_GoAndForksStay()
    {
        await using var journal = await fixture.OpenAsync();
        await journal.OpenIncarnationAsync(Here, Cancelled);
        var lane = await journal.AcquireAsync(3);
        var fork = Entry(1) with { Kind = ConflictKind.Fork };
        await AppendAsync(journal, lane, [fork, .. Enumerable.Range(1, 2_500).Select(i => Entry((ulong)i))]);
        clock.Advance(TimeSpan.FromDays(60));
        var later = Entry(3_000);
        await AppendAsync(journal, lane, [later, Entry(7)]); // the second is known, and counts from now

        clock.Advance(TimeSpan.FromDays(29));
        (await CountAsync(journal)).ShouldBe(2_502);
        clock.Advance(TimeSpan.FromDays(2));

        await Eventually.BeTrue(async () =>
        {
            clock.Advance(TimeSpan.FromHours(1)); // a look that was under way saw the time of before
            return await CountAsync(journal) <= 3;
        }, "what is old is removed");
        var left = (await journal.ReadConflictsAsync(0, 10, Cancelled)).Conflicts;
        left.Select(c => (c.Kind, c.Sequence)).ShouldBe(
            [(ConflictKind.Fork, 1ul), (ConflictKind.RefusedByFold, 7ul), (later.Kind, later.Sequence)],
            ignoreOrder: true);
        (await journal.AcquireAsync(3)).Forks.ShouldHaveSingleItem();
        (await journal.CheckAsync(null, Cancelled)).Damage.ShouldBeEmpty();
    }

    private static async Task<long> CountAsync(IJournal journal)
        => (await journal.CountAsync(null, Cancelled)).Conflicts;

    private static async Task AppendAsync(IJournal journal, LaneState lane, IReadOnlyList<ConflictRecord> entries)
        => await journal.AppendAsync(new LaneBatch { Lane = 3, Epoch = lane.Epoch, Conflicts = entries });

    private ConflictRecord Entry(ulong sequence) => new(Key(3), ConflictKind.RefusedByFold, Here, sequence,
        clock.GetUtcNow().ToUnixTimeMilliseconds(), "refused");
}
