using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Conformance.Sample;

namespace Pelago.Tests.Conformance;

// Rows that go, and what stands for them.
public abstract partial class JournalConformance
{
    [Fact]
    public async Task Remove_FirstRowsOfAnEntity_LeavesTheRestAndItsNumbers()
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(4);
        var (key, other) = (Key(4, 1), Key(4, 2));
        await journal.AppendAsync(Batch(lane, Own(key, 1, 1), Own(other, 1, 1), Own(key, 2, 2), Own(key, 3, 3)));
        await journal.AppendAsync(Removing(lane, key, [1, 2], [1, 3]));

        var image = await journal.ImageAsync(key);
        image.Damage.ShouldBeNull();
        image.Checkpoint!.Content.ToArray().ShouldBe([9, 8, 7]);
        image.Checkpoint.Through.ShouldBe(2ul);
        image.Rows.Select(r => r.LocalSequence).ShouldBe([3ul]);
        (await journal.LoadHistoryAsync(key, Cancelled)).Rows.Select(r => r.LocalSequence).ShouldBe([3ul]);
        (await journal.ReadAllAsync(4)).Select(r => r.Position).ShouldBe([2ul, 4ul]);
        (await journal.ReadLaneAsync(4, 0, new LaneFilter(Here, 0), 100, 100_000, Cancelled)).Rows
            .Select(r => r.Position).ShouldBe([2ul, 4ul]);
        (await journal.ImageAsync(other)).Rows.Count.ShouldBe(1);
        (await journal.CheckAsync(null, Cancelled)).Damage.ShouldBeEmpty();
        var rows = await journal.ReadRowsAsync(key, 0, 10, Cancelled);
        (rows.Checkpoint!.Through, rows.Damage).ShouldBe((2ul, null));
        rows.Rows.Select(r => (r.Position, r.Row.LocalSequence)).ShouldBe([(4ul, 3ul)]);
        (await journal.AppendAsync(Batch(lane, Own(key, 4, 4)))).FirstPosition.ShouldBe(5ul);
    }

    [Fact]
    public async Task Remove_AllRows_NumbersGoOnAfterARestart()
    {
        var (key, head) = (Key(4), 0ul);
        await using (var journal = await BeginAsync())
        {
            var lane = await journal.AcquireAsync(4);
            await journal.AppendAsync(Batch(lane, Own(key, 1, 1), Own(key, 2, 2)));
            head = (await journal.AppendAsync(Removing(lane, key, [1, 2], [1, 2]))).Head;
        }
        await using var again = await fixture.OpenAsync();
        var state = await again.AcquireAsync(4);
        (state.Head, state.OwnHead).ShouldBe((head, 2ul));
        (await again.CheckAsync(null, Cancelled)).Damage.ShouldBeEmpty();
        (await again.AppendAsync([Batch(state, Own(key, 1, 3))], Cancelled))[0].Outcome
            .ShouldBe(CommitOutcome.Fenced);
        (await again.AppendAsync(Batch(state, Own(key, 3, 3)))).FirstPosition.ShouldBe(3ul);
        var image = await again.ImageAsync(key);
        (image.Rows.Single().LocalSequence, image.Checkpoint!.Through).ShouldBe((3ul, 2ul));
    }

    // The last rows that the indexes cover are gone when the journal is opened: what is written then must not look as
    // if the indexes covered it.
    [Fact]
    public async Task Remove_EveryRowThatTheIndexesCover_WhatIsWrittenNextIsFoundAfterEveryRestart()
    {
        const int rows = 100;
        var key = Key(4);
        await using (var journal = await BeginAsync())
        {
            var lane = await journal.AcquireAsync(4);
            for (var i = 1ul; i <= rows; i++)
                await journal.AppendAsync(Batch(lane, Own(key, i, i)));
            ulong[] all = [.. Enumerable.Range(1, rows).Select(i => (ulong)i)];
            await journal.AppendAsync(Removing(lane, key, all, all));
        }
        for (var written = 1ul; written <= 3; written++)
        {
            await using var again = await fixture.OpenAsync();
            var state = await again.AcquireAsync(4);
            (await again.AppendAsync(Batch(state, Own(key, rows + written, rows + written)))).FirstPosition
                .ShouldBe(rows + written);
        }
        await using var last = await fixture.OpenAsync();
        (await last.AcquireAsync(4)).Head.ShouldBe(rows + 3ul);
        var image = await last.ImageAsync(key);
        image.Damage.ShouldBeNull();
        image.Rows.Select(r => r.LocalSequence).ShouldBe([rows + 1ul, rows + 2, rows + 3]);
        (await last.CheckAsync(null, Cancelled)).Damage.ShouldBeEmpty();
    }

    [Fact]
    public async Task Checkpoint_TakesTheSnapshotAway_AndALaterOneGoesBeforeIt()
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(4);
        var key = Key(4);
        await journal.AppendAsync(new LaneBatch
        {
            Lane = 4, Epoch = lane.Epoch, Rows = [Own(key, 1, 1), Own(key, 2, 2), Own(key, 3, 3)],
            Snapshots = [new EntitySnapshot(key, 1, new byte[] { 1 })],
        });
        await journal.AppendAsync(Removing(lane, key, [1, 2], [1, 2]));
        (await journal.ImageAsync(key)).Snapshot.ShouldBeNull();
        await journal.AppendAsync(new LaneBatch
        {
            Lane = 4, Epoch = lane.Epoch, Snapshots = [new EntitySnapshot(key, 3, new byte[] { 2 })],
        });
        var image = await journal.ImageAsync(key);
        image.Snapshot!.LocalSequence.ShouldBe(3ul);
        image.Checkpoint!.Through.ShouldBe(2ul);
        image.Rows.ShouldBeEmpty();
        (await journal.LoadHistoryAsync(key, Cancelled)).Rows.Select(r => r.LocalSequence).ShouldBe([3ul]);
    }

    [Fact]
    public async Task Checkpoints_OfALane_AreReadInPages()
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(4);
        EntityKey[] keys = [.. Enumerable.Range(0, 5).Select(i => Key(4, i))];
        await journal.AppendAsync(Batch(lane, [.. keys.Select(k => Own(k, 1, 1))]));
        for (var i = 0; i < keys.Length; i++)
            await journal.AppendAsync(Removing(lane, keys[i], [1], [(ulong)i + 1]));

        var (found, after) = (new List<EntityKey>(), 0L);
        do
        {
            var page = await journal.ReadCheckpointsAsync(4, after, 2, Cancelled);
            page.Damaged.ShouldBe(0);
            found.AddRange(page.Checkpoints.Select(c => c.Entity));
            after = page.Next;
        }
        while (after != 0);
        found.Order().ShouldBe(keys.Order());
        (await journal.ReadCheckpointsAsync(5, 0, 2, Cancelled)).Checkpoints.ShouldBeEmpty();
    }

    [Fact]
    public async Task Remove_ManyRowsBetweenOthers_ReadsAndChecksAsBefore()
    {
        var left = new HashSet<ulong>();
        await using (var journal = await BeginAsync())
        {
            var lane = await journal.AcquireAsync(4);
            var (goes, stays) = (Key(4, 1), Key(4, 2));
            for (var i = 0ul; i < 150; i++)
            {
                await journal.AppendAsync(Batch(lane, Own(goes, (i * 3) + 1, (i * 3) + 1),
                    Own(goes, (i * 3) + 2, (i * 3) + 2), Own(stays, i + 1, i + 1),
                    Own(goes, (i * 3) + 3, (i * 3) + 3)));
                left.Add((i * 4) + 3);
            }
            for (var first = 1ul; first <= 450; first += 50)
            {
                ulong[] going = [.. Enumerable.Range(0, 50).Select(i => first + (ulong)i)];
                await journal.AppendAsync(Removing(lane, goes, going,
                    [.. going.Select(s => ((s - 1) / 3 * 4) + ((s - 1) % 3) + ((s - 1) % 3 == 2 ? 2ul : 1ul))]));
            }
            await Verify(journal);
        }
        await using var again = await fixture.OpenAsync();
        await Verify(again);

        async Task Verify(IJournal journal)
        {
            (await journal.ReadAllAsync(4)).Select(r => r.Position).ShouldBe(left.Order());
            var report = await journal.CheckAsync(null, Cancelled);
            report.Damage.ShouldBeEmpty();
            report.Rows.ShouldBe(150);
        }
    }

    private static LaneBatch Removing(LaneState lane, EntityKey key, ulong[] sequences, ulong[] positions) => new()
    {
        Lane = lane.Lane, Epoch = lane.Epoch,
        Checkpoints = [new EntityCheckpoint(key, sequences[^1], new byte[] { 9, 8, 7 })],
        Removed = [.. sequences.Zip(positions, (s, p) => new RemovedRow(key, s, p))],
    };
}
