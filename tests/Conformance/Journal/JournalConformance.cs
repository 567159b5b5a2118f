using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Conformance.Sample;

namespace Pelago.Tests.Conformance;

/// <summary>What every journal does, whatever it is made of: appending, reading, and the two fences.</summary>
public abstract partial class JournalConformance : IAsyncLifetime
{
    private IJournalFixture fixture = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>A fresh place for this kind of journal.</summary>
    protected abstract IJournalFixture CreateFixture();

    public ValueTask InitializeAsync()
    {
        fixture = CreateFixture();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await fixture.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Append_OwnAndReceivedRows_ReadBackAsWritten()
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(4);
        var key = Key(4);
        var own = Own(key, 1, 1);
        var received = Received(key, 2, 9, 1234);
        var commit = await journal.AppendAsync(Batch(lane, own, received));
        commit.FirstPosition.ShouldBe(1ul);
        commit.Head.ShouldBe(2ul);

        var image = await journal.ImageAsync(key);
        image.Damage.ShouldBeNull();
        image.Rows.Select(r => (r.LocalSequence, r.Own)).ShouldBe([(1ul, true), (2ul, false)]);
        image.Rows[0].Event.ShouldBeSame(own.Event, originPosition: 1);
        image.Rows[1].Event.ShouldBeSame(received.Event, originPosition: 1234);
        var rows = await journal.ReadAllAsync(4);
        rows.Select(r => r.Position).ShouldBe([1ul, 2ul]);
        rows[0].Row.Event.ShouldBeSame(own.Event, originPosition: 1);
        rows[1].Row.Event.ShouldBeSame(received.Event, originPosition: 1234);
        rows.Select(r => r.Row.Own).ShouldBe([true, false]);
    }

    [Fact]
    public async Task Append_EmptyFields_ReadBackAsWritten()
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(0);
        var e = new EventRecord
        {
            Entity = Key(0), Origin = Here, Sequence = 1, Vector = VersionVector.Empty.With(Here, 1),
            Timestamp = new HybridTimestamp(ulong.MaxValue), PayloadName = "p", Payload = ReadOnlyMemory<byte>.Empty,
            Tags = [""],
        };
        await journal.AppendAsync(Batch(lane, new EventRow(e, 1, true)));
        (await journal.ImageAsync(e.Entity)).Rows.Single().Event.ShouldBeSame(e, originPosition: 1);
    }

    [Fact]
    public async Task Append_SeveralBatchesOfOneLane_GoInOrder()
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        var other = await journal.AcquireAsync(5);
        var (a, b, c) = (Key(3, 1), Key(3, 2), Key(5, 3));
        var results = await journal.AppendAsync(
            [Batch(lane, Own(a, 1, 1), Own(a, 2, 2)), Batch(other, Own(c, 1, 1)), Batch(lane),
            Batch(lane, Own(a, 3, 3), Own(b, 1, 1))],
            Cancelled);
        results.Select(r => (r.Outcome, r.FirstPosition, r.Head)).ShouldBe([
            (CommitOutcome.Committed, 1ul, 2ul), (CommitOutcome.Committed, 1ul, 1ul),
            (CommitOutcome.Committed, 0ul, 2ul), (CommitOutcome.Committed, 3ul, 4ul)]);
        var rows = await journal.ReadAllAsync(3);
        rows.Select(r => (r.Position, r.Row.Event.Entity)).ShouldBe([(1ul, a), (2ul, a), (3ul, a), (4ul, b)]);
    }

    [Fact]
    public async Task Append_DeposedOwner_IsFencedAndOthersCommit()
    {
        await using var journal = await BeginAsync();
        var deposed = await journal.AcquireAsync(3);
        var owner = await journal.AcquireAsync(3);
        var other = await journal.AcquireAsync(4);
        owner.Epoch.ShouldBeGreaterThan(deposed.Epoch);
        var results = await journal.AppendAsync(
            [Batch(deposed, Own(Key(3), 1, 1)), Batch(other, Own(Key(4), 1, 1)),
            Batch(owner, Own(Key(3), 1, 1, "the owner's"))],
            Cancelled);
        results.Select(r => r.Outcome)
            .ShouldBe([CommitOutcome.Fenced, CommitOutcome.Committed, CommitOutcome.Committed]);
        results[2].FirstPosition.ShouldBe(1ul);
        (await journal.ImageAsync(Key(3))).Rows.Single().Event.Payload.ToArray().ShouldBe("the owner's"u8.ToArray());
    }

    [Fact]
    public async Task Append_RowThatDoesNotFollow_FencesItsBatchWhole()
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        var (a, b) = (Key(3, 1), Key(3, 2));
        await journal.AppendAsync(Batch(lane, Own(a, 1, 1)));
        foreach (var wrong in (ulong[])[0, 1, 3])
        {
            var results = await journal.AppendAsync(
                [Batch(lane, Own(b, 1, 1), Own(a, wrong, 2)), Batch(lane)], Cancelled);
            results.Select(r => r.Outcome).ShouldBe([CommitOutcome.Fenced, CommitOutcome.Committed]);
        }
        (await journal.ImageAsync(b)).Rows.ShouldBeEmpty();
        (await journal.AppendAsync(Batch(lane, Own(b, 1, 1), Own(a, 2, 2)))).FirstPosition.ShouldBe(2ul);
    }

    [Fact]
    public async Task Load_UnknownEntity_IsEmpty()
    {
        await using var journal = await BeginAsync();
        var image = await journal.ImageAsync(Key(9));
        (image.Snapshot, image.Rows.Count, image.Replies.Count, image.Damage).ShouldBe((null, 0, 0, null));
    }

    [Fact]
    public async Task Load_WithSnapshot_GivesRowsAfterItAndHistoryGivesAll()
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        var key = Key(3);
        for (ulong i = 1; i <= 9; i++)
            await journal.AppendAsync(Batch(lane, Own(key, i, i)));
        foreach (var through in (ulong[])[3, 6])
        {
            await journal.AppendAsync(new LaneBatch
            {
                Lane = 3, Epoch = lane.Epoch,
                    Snapshots = [new EntitySnapshot(key, through, new byte[] { (byte)through, 42 })],
            });
        }
        var image = await journal.ImageAsync(key);
        image.Snapshot!.LocalSequence.ShouldBe(6ul);
        image.Snapshot.Content.ToArray().ShouldBe(new byte[] { 6, 42 });
        image.Rows.Select(r => r.LocalSequence).ShouldBe([7ul, 8ul, 9ul]);
        var history = await journal.LoadHistoryAsync(key, Cancelled);
        history.Snapshot.ShouldBeNull();
        history.Rows.Select(r => r.LocalSequence).ShouldBe([1ul, 2ul, 3ul, 4ul, 5ul, 6ul, 7ul, 8ul, 9ul]);
    }

    [Fact]
    public async Task ReadLane_PagesAndBounds_AreKept()
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        var key = Key(3);
        var payload = new string('x', 1000);
        for (ulong i = 1; i <= 40; i += 2)
            await journal.AppendAsync(Batch(lane, Own(key, i, i, payload), Own(key, i + 1, i + 1, payload)));
        var page = await journal.ReadLaneAsync(3, 10, null, 100, 3_500, Cancelled);
        page.Rows.Select(r => r.Position).ShouldBe(Enumerable.Range(11, page.Rows.Count).Select(i => (ulong)i));
        page.Rows.Count.ShouldBeInRange(3, 4);
        page.Through.ShouldBe(page.Rows[^1].Position);
        (await journal.ReadLaneAsync(3, 39, null, 100, 1, Cancelled)).Rows.Single().Position.ShouldBe(40ul);
        (await journal.ReadLaneAsync(3, 40, null, 100, 1_000, Cancelled)).Rows.ShouldBeEmpty();
        (await journal.ReadAllAsync(3)).Count.ShouldBe(40);
    }

    [Fact]
    public async Task ReadLane_Filtered_GivesOneOriginBeyondAPosition()
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        var key = Key(3);
        for (ulong i = 1; i <= 30; i++)
            await journal.AppendAsync(Batch(lane, i % 3 == 0 ? Received(key, i, i / 3, 100 + i)
                : Own(key, i, i - (i / 3))));
        var theirs = await journal.ReadAllAsync(3, filter: new LaneFilter(There, 109), pageRows: 2);
        theirs.Select(r => r.Row.Event.OriginPosition).ShouldBe([112ul, 115ul, 118ul, 121ul, 124ul, 127ul, 130ul]);
        var ours = await journal.ReadAllAsync(3, filter: new LaneFilter(Here, 26));
        ours.Select(r => r.Row.Event.OriginPosition).ShouldBe([28ul, 29ul]);
        var nobodys = await journal.ReadLaneAsync(3, 5, new LaneFilter(Origin("mars", 1), 0), 10, 1000, Cancelled);
        (nobodys.Rows.Count, nobodys.Through).ShouldBe((0, 30ul));
    }

    [Fact]
    public async Task ReadEntities_InPages_GivesEachOnce()
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        var other = await journal.AcquireAsync(4);
        var keys = Enumerable.Range(0, 10).Select(i => Key(3, i)).ToArray();
        foreach (var key in keys)
            await journal.AppendAsync([Batch(lane, Own(key, 1, 1)),
                Batch(other, Own(Key(4, key.GetHashCode()), 1, 1))], Cancelled);
        var found = new List<EntityKey>();
        var after = 0L;
        do
        {
            var page = await journal.ReadEntitiesAsync(3, after, 3, Cancelled);
            page.Entities.Count.ShouldBeLessThanOrEqualTo(3);
            found.AddRange(page.Entities);
            after = page.Next;
        }
        while (after != 0);
        found.ShouldBe(keys, ignoreOrder: true);
    }

    [Fact]
    public async Task Check_SoundJournal_FindsNothing()
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        for (ulong i = 1; i <= 20; i++)
            await journal.AppendAsync(Batch(lane, Own(Key(3), i, i)));
        var report = await journal.CheckAsync(null, Cancelled);
        report.Damage.ShouldBeEmpty();
        report.Rows.ShouldBe(20);
    }

    [Fact]
    public async Task Count_OfAFullJournal_IsWhatWasWritten()
    {
        await using var journal = await BeginAsync();
        var empty = await journal.CountAsync(null, Cancelled);
        (empty.Rows, empty.Entities, empty.Oldest, empty.Newest).ShouldBe((0, 0, null, null));
        var lane = await journal.AcquireAsync(3);
        for (ulong i = 1; i <= 20; i++)
            await journal.AppendAsync(Batch(lane, Own(Key(3), i, i), Received(Key(3, 1), i, i, i)));
        await journal.AppendAsync(new LaneBatch
        {
            Lane = 3, Epoch = lane.Epoch, Frontiers = [new Frontier(There, 20, 20)],
            Owed = [new Owed(Key(3), There, 1, 1), new Owed(Key(3, 1), There, 21, 21)],
            Replies = [new RememberedReply(Key(3), "a", new byte[] { 1 })],
            Snapshots = [new EntitySnapshot(Key(3), 1, new byte[] { 1 })],
            Conflicts = [new ConflictRecord(Key(3), ConflictKind.Fork, There, 1, 1, "two claim it")],
        });
        await journal.AppendAsync(Batch(await journal.AcquireAsync(31), Own(Key(31), 1, 1)));

        var progress = new Progress();
        var stats = await journal.CountAsync(progress, Cancelled);

        (stats.Rows, stats.Entities, progress.Last).ShouldBe((41, 3, 41));
        (stats.Snapshots, stats.Owed, stats.Conflicts, stats.Replies).ShouldBe((1, 2, 1, 1));
        stats.Heads.Select((head, at) => (at, head)).Where(h => h.head > 0).ShouldBe([(3, 40ul), (31, 1ul)]);
        stats.Oldest.ShouldBe(DateTimeOffset.FromUnixTimeMilliseconds(Own(Key(3), 1, 1).Event.Timestamp.Milliseconds));
        stats.Newest.ShouldBe(
            DateTimeOffset.FromUnixTimeMilliseconds(Own(Key(3), 20, 20).Event.Timestamp.Milliseconds));
    }

    private sealed class Progress : IProgress<long>
    {
        public long Last { get; private set; }

        public void Report(long value) => Last = value;
    }

    /// <summary>Opens a fresh journal and begins its first life.</summary>
    private async Task<IJournal> BeginAsync()
    {
        var journal = await fixture.OpenAsync();
        await journal.OpenIncarnationAsync(Here, Cancelled);
        return journal;
    }
}
