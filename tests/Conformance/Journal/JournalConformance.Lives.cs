using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Conformance.Sample;

namespace Pelago.Tests.Conformance;

/// <summary>Starts, stops, crashes, restores; and what commits beside the rows.</summary>
public abstract partial class JournalConformance
{
    [Fact]
    public async Task Open_NewJournal_HasNoIncarnationAndMayNotGoOn()
    {
        await using var journal = await fixture.OpenAsync();
        journal.Identity.Incarnation.ShouldBeNull();
        journal.Identity.Continuity.ShouldBe(Continuity.Broken);
        journal.Identity.JournalId.ShouldNotBe(Guid.Empty);
        await journal.OpenIncarnationAsync(Here, Cancelled);
        (journal.Identity.Incarnation, journal.Identity.Continuity).ShouldBe((Here.Incarnation, Continuity.Clean));
    }

    [Fact]
    public async Task Open_AfterCleanStop_IsCleanAndHoldsEverything()
    {
        var id = await WriteAsync(5);
        await using var journal = await fixture.OpenAsync();
        journal.Identity.ShouldBe(new JournalIdentity(id, Here.Incarnation, Continuity.Clean, ""));
        await ShouldHoldAsync(journal, 5);
    }

    [Fact]
    public async Task Open_AfterCrash_IsUncleanAndHoldsWhatWasAcknowledged()
    {
        var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        for (ulong i = 1; i <= 5; i++)
            await journal.AppendAsync(Batch(lane, Own(Key(3), i, i)));
        await fixture.CrashAsync(journal);

        await using var again = await fixture.OpenAsync();
        again.Identity.Continuity.ShouldBe(Continuity.Unclean);
        again.Identity.Incarnation.ShouldBe(Here.Incarnation);
        again.Identity.Reason.ShouldNotBeEmpty();
        await ShouldHoldAsync(again, 5);
    }

    [Fact]
    public async Task Open_OlderCopy_IsBroken()
    {
        await using var restored = await PutBackAsync(await CopyBeforeTheSecondOfTwoAsync());
        await ShouldHoldAsync(restored, 1);
    }

    [Fact]
    public async Task Open_CopyOfBeforeTheLastStartPutBackAfterACrash_IsBroken()
    {
        var copy = await CopyBeforeTheSecondOfTwoAsync();
        await fixture.CrashAsync(await fixture.OpenAsync());
        await using (var sound = await fixture.OpenAsync())
            sound.Identity.Continuity.ShouldBe(Continuity.Unclean);
        await using var restored = await PutBackAsync(copy);
        await ShouldHoldAsync(restored, 1);
    }

    [Fact]
    public async Task Open_WithoutGuard_IsBroken()
    {
        await WriteAsync(2);
        await fixture.LoseGuardAsync();
        await using var journal = await fixture.OpenAsync();
        journal.Identity.Continuity.ShouldBe(Continuity.Broken);
    }

    [Fact]
    public async Task Stop_OfAnUncleanLifeThatNobodyWroteTo_ProvesNothing()
    {
        await fixture.CrashAsync(await BeginAsync());
        await using (var journal = await fixture.OpenAsync())
            journal.Identity.Continuity.ShouldBe(Continuity.Unclean);
        await using (var again = await fixture.OpenAsync())
        {
            again.Identity.Continuity.ShouldBe(Continuity.Unclean);
            await again.AppendAsync(Batch(await again.AcquireAsync(3), Own(Key(3), 1, 1)));
        }
        await using var proven = await fixture.OpenAsync(); // whoever wrote had asked the members
        proven.Identity.Continuity.ShouldBe(Continuity.Clean);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stop_OfABrokenLife_LeavesItBroken(bool cleanly)
    {
        await WriteAsync(2);
        await fixture.LoseGuardAsync();
        var journal = await fixture.OpenAsync();
        if (cleanly)
            await journal.DisposeAsync();
        else
            await fixture.CrashAsync(journal);
        await using var again = await fixture.OpenAsync();
        again.Identity.Continuity.ShouldBe(Continuity.Broken);
    }

    [Fact]
    public async Task OpenIncarnation_AfterCrash_ClosesTheFormerAtItsHead()
    {
        var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        await journal.AppendAsync(Batch(lane, Own(Key(3), 1, 1), Own(Key(3), 2, 2), Received(Key(3), 3, 1, 50)));
        await fixture.CrashAsync(journal);

        await using var again = await fixture.OpenAsync();
        (await again.AcquireAsync(3)).OwnHead.ShouldBe(2ul);
        var next = Origin("us-east-1", 2);
        await again.OpenIncarnationAsync(next, Cancelled);
        var taken = await again.AcquireAsync(3);
        (taken.Head, taken.OwnHead).ShouldBe((3ul, 0ul));
        taken.Frontiers.ShouldBe([new Frontier(Here, 2, 2)]);
        (await again.ImageAsync(Key(3))).Rows.ShouldAllBe(r => !r.Own);
        await again.AppendAsync(Batch(taken, Own(Key(3), 4, 1, origin: next)));
        (await again.ImageAsync(Key(3))).Rows[3].Own.ShouldBeTrue();
        (await again.AcquireAsync(3)).OwnHead.ShouldBe(4ul);
        // An event of the former life that only a peer still had.
        await again.AppendAsync(Batch(await again.AcquireAsync(3), Received(Key(3), 5, 3, 77, Here)));
        (await again.ReadAllAsync(3, 4)).Single().Row.Event.OriginPosition.ShouldBe(77ul);
    }

    [Fact]
    public async Task OpenIncarnation_AfterCleanStop_SurvivesTheNextStart()
    {
        await WriteAsync(1);
        var next = Origin("us-east-1", 2);
        await using (var journal = await fixture.OpenAsync())
            await journal.OpenIncarnationAsync(next, Cancelled);
        await using var again = await fixture.OpenAsync();
        (again.Identity.Incarnation, again.Identity.Continuity).ShouldBe((next.Incarnation, Continuity.Clean));
    }

    [Fact]
    public async Task Lane_Notes_AreRecoveredAndTheNewestOfANameCounts()
    {
        var journal = await BeginAsync();
        var deposed = await journal.AcquireAsync(3);
        var (lane, other) = (await journal.AcquireAsync(3), await journal.AcquireAsync(4));
        await journal.AppendAsync(
            [Noted(lane, Note("a", 1), Note("b", 2)), Noted(other, Note("a", 3))], Cancelled);
        await journal.AppendAsync(Noted(lane, Note("a", 4)));
        var late = await journal.AppendAsync([Noted(deposed, Note("a", 5)), Noted(lane, Note("c\0é", 6))], Cancelled);
        late.Select(r => r.Outcome).ShouldBe([CommitOutcome.Fenced, CommitOutcome.Committed]);
        await fixture.CrashAsync(journal);

        await using var again = await fixture.OpenAsync();
        var taken = await again.AcquireAsync(3);
        taken.Notes.Select(n => (n.Name, n.Content.Span[0])).OrderBy(n => n.Name, StringComparer.Ordinal)
            .ShouldBe([("a", (byte)4), ("b", (byte)2), ("c\0é", (byte)6)]);
        (taken.NotesDamaged, taken.Head).ShouldBe((false, 0ul));
        (await again.AcquireAsync(4)).Notes.Single().Content.ToArray().ShouldBe([3]);
        (await again.AcquireAsync(5)).Notes.ShouldBeEmpty();
        (await again.CheckAsync(null, Cancelled)).Damage.ShouldBeEmpty();
    }

    [Fact]
    public async Task Open_OlderCopyThatLacksANoteAlone_IsBroken()
    {
        var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        await journal.AppendAsync(Noted(lane, Note("a", 1)));
        var copy = await fixture.CopyAsync();
        await journal.AppendAsync(Noted(lane, Note("a", 2)));
        await journal.DisposeAsync();
        await using (var sound = await fixture.OpenAsync())
            sound.Identity.Continuity.ShouldBe(Continuity.Clean);
        await using var restored = await PutBackAsync(copy);
    }

    private static LaneNote Note(string name, byte content) => new(name, new[] { content });

    private static LaneBatch Noted(LaneState lane, params LaneNote[] notes)
        => new() { Lane = lane.Lane, Epoch = lane.Epoch, Notes = notes };

    [Fact]
    public async Task Lane_FrontiersAndOwed_AreRecovered()
    {
        var gap = new Owed(Key(3), There, 5, 300);
        await using (var journal = await BeginAsync())
        {
            var lane = await journal.AcquireAsync(3);
            await journal.AppendAsync(new LaneBatch
            {
                Lane = 3, Epoch = lane.Epoch, Rows = [Received(Key(3), 1, 1, 10)],
                Frontiers = [new Frontier(There, 10, 20), new Frontier(Origin("mars", 1), 1, 1)],
                Owed = [gap, new Owed(Key(3, 1), There, 1, 1)],
            });
            await journal.AppendAsync(new LaneBatch
            {
                Lane = 3, Epoch = lane.Epoch, Frontiers = [new Frontier(There, 30, 31)],
                Settled = [new Owed(Key(3, 1), There, 1, 1), new Owed(Key(3, 2), There, 1, 1)],
            });
        }
        await using var again = await fixture.OpenAsync();
        var taken = await again.AcquireAsync(3);
        taken.Frontiers.ShouldBe([new Frontier(There, 30, 31), new Frontier(Origin("mars", 1), 1, 1)],
            ignoreOrder: true);
        taken.Owed.ShouldBe([gap]);
        (taken.Head, taken.OwnHead).ShouldBe((1ul, 0ul));
        (await again.AcquireAsync(4)).Frontiers.ShouldBeEmpty();
    }

    [Fact]
    public async Task Lane_EffectMarks_AreRecovered()
    {
        await using (var journal = await BeginAsync())
        {
            var lane = await journal.AcquireAsync(3);
            (lane.EffectMarks.Count, lane.AreEffectMarksDamaged).ShouldBe((0, false));
            await journal.AppendAsync(new LaneBatch
            {
                Lane = 3, Epoch = lane.Epoch, Rows = [Own(Key(3), 1, 1)],
                Marks = [new EffectMark(Here, 0), new EffectMark(Origin("us-east-1", 7), 12)],
            });
            await journal.AppendAsync(
                new LaneBatch { Lane = 3, Epoch = lane.Epoch, Marks = [new EffectMark(Here, 1)] });
            (await journal.AppendAsync(
                [new LaneBatch { Lane = 3, Epoch = lane.Epoch - 1, Marks = [new EffectMark(Here, 99)] }], Cancelled))
                [0].Outcome.ShouldBe(CommitOutcome.Fenced);
        }
        await using var again = await fixture.OpenAsync();
        var taken = await again.AcquireAsync(3);
        taken.EffectMarks.ShouldBe([new EffectMark(Here, 1), new EffectMark(Origin("us-east-1", 7), 12)],
            ignoreOrder: true);
        taken.AreEffectMarksDamaged.ShouldBeFalse();
        (await again.AcquireAsync(4)).EffectMarks.ShouldBeEmpty();
    }

    [Fact]
    public async Task Replies_Remembered_AreRecovered()
    {
        await using (var journal = await BeginAsync())
        {
            var lane = await journal.AcquireAsync(3);
            RememberedReply Reply(string key, string reply)
                => new(Key(3), key, System.Text.Encoding.UTF8.GetBytes(reply));
            await journal.AppendAsync(new LaneBatch
            {
                Lane = 3, Epoch = lane.Epoch, Rows = [Own(Key(3), 1, 1)],
                    Replies = [Reply("a", "first"), Reply("b", "")],
            });
            var second = Reply("a", "second") with { Batch = new BatchId(There, 17) };
            await journal.AppendAsync(new LaneBatch { Lane = 3, Epoch = lane.Epoch, Replies = [second] });
            var alone = new RememberedReply(Key(3, 1), "c", new byte[] { 1 }) { AtMilliseconds = 1_700_000_000_123 };
            await journal.AppendAsync(new LaneBatch { Lane = 3, Epoch = lane.Epoch, Replies = [alone] });
        }
        await using var again = await fixture.OpenAsync();
        var replies = (await again.ImageAsync(Key(3))).Replies;
        replies.Select(r => (r.IdempotencyKey, System.Text.Encoding.UTF8.GetString(r.Reply.Span), r.AtMilliseconds))
            .ShouldBe([("a", "second", 0), ("b", "", 0)], ignoreOrder: true);
        replies.OrderBy(r => r.IdempotencyKey, StringComparer.Ordinal).Select(r => r.Batch)
            .ShouldBe([new BatchId(There, 17), null]);
        var image = await again.ImageAsync(Key(3, 1)); // an entity without rows
        image.Rows.ShouldBeEmpty();
        var only = image.Replies.ShouldHaveSingleItem();
        (only.IdempotencyKey, only.AtMilliseconds).ShouldBe(("c", 1_700_000_000_123));
    }

    [Fact]
    public async Task Replies_Forgotten_AreGoneAndMayBeRememberedAnew()
    {
        await using (var journal = await BeginAsync())
        {
            var lane = await journal.AcquireAsync(3);
            await journal.AppendAsync(new LaneBatch
            {
                Lane = 3, Epoch = lane.Epoch, Rows = [Own(Key(3), 1, 1)],
                Replies = [new(Key(3), "a", new byte[] { 1 }), new(Key(3), "b", new byte[] { 2 })],
            });
            await journal.AppendAsync(new LaneBatch
            {
                Lane = 3, Epoch = lane.Epoch,
                Forgotten = [new(Key(3), "a"), new(Key(3), "b"), new(Key(3), "never")],
                Replies = [new(Key(3), "b", new byte[] { 3 })],
            });
        }
        await using var again = await fixture.OpenAsync();
        var only = (await again.ImageAsync(Key(3))).Replies.ShouldHaveSingleItem();
        (only.IdempotencyKey, only.Reply.ToArray().Single()).ShouldBe(("b", (byte)3));
    }

    [Fact]
    public async Task Conflicts_Recorded_AreListedOldestFirstAndReplaced()
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        ConflictRecord Refused(ulong sequence, string reason)
            => new(Key(3), ConflictKind.RefusedByFold, Here, sequence, (long)sequence * 1000, reason);
        await journal.AppendAsync(new LaneBatch
        {
            Lane = 3, Epoch = lane.Epoch, Conflicts = [Refused(1, "empty"), Refused(2, "sold"), Refused(3, "closed")],
        });
        var other = Refused(2, "other kind") with { Kind = ConflictKind.Fork, RecordedAtMilliseconds = 9000 };
        await journal.AppendAsync(new LaneBatch { Lane = 3, Epoch = lane.Epoch,
            Conflicts = [Refused(2, "sold out"), other] });
        var all = await journal.ReadConflictsAsync(0, 10, Cancelled);
        all.Conflicts.ShouldBe([Refused(1, "empty"), Refused(2, "sold out"), Refused(3, "closed"), other]);
        all.Next.ShouldBe(0);
        var first = await journal.ReadConflictsAsync(0, 3, Cancelled);
        first.Conflicts.ShouldBe(all.Conflicts.Take(3));
        var second = await journal.ReadConflictsAsync(first.Next, 3, Cancelled);
        second.Conflicts.ShouldBe([other]);
        second.Next.ShouldBe(0);
    }

    [Fact]
    public async Task Forks_InTheLedger_ComeWithTheirLane()
    {
        var fork = new ConflictRecord(Key(3), ConflictKind.Fork, There, 7, 9_000, "two claim it");
        await using (var journal = await BeginAsync())
        {
            var lane = await journal.AcquireAsync(3);
            lane.Forks.ShouldBeEmpty();
            await journal.AppendAsync(new LaneBatch
            {
                Lane = 3, Epoch = lane.Epoch, Conflicts = [fork, fork with { Kind = ConflictKind.Deduplicated }],
            });
        }
        await using var again = await fixture.OpenAsync();
        (await again.AcquireAsync(3)).Forks.ShouldBe([fork]);
        (await again.AcquireAsync(4)).Forks.ShouldBeEmpty();
    }

    private async Task<object> CopyBeforeTheSecondOfTwoAsync()
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        await journal.AppendAsync(Batch(lane, Own(Key(3), 1, 1)));
        var copy = await fixture.CopyAsync();
        await journal.AppendAsync(Batch(lane, Own(Key(3), 2, 2)));
        return copy;
    }

    // It shows that it is older than what the guard file knows.
    private async Task<IJournal> PutBackAsync(object copy)
    {
        await fixture.RestoreAsync(copy);
        var restored = await fixture.OpenAsync();
        restored.Identity.Continuity.ShouldBe(Continuity.Broken);
        restored.Identity.Reason.ShouldNotBeEmpty();
        return restored;
    }

    private async Task<Guid> WriteAsync(ulong rows)
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        for (ulong i = 1; i <= rows; i++)
            await journal.AppendAsync(Batch(lane, Own(Key(3), i, i)));
        return journal.Identity.JournalId;
    }

    private static async Task ShouldHoldAsync(IJournal journal, ulong rows)
    {
        var expected = Enumerable.Range(1, (int)rows).Select(i => (ulong)i).ToArray();
        (await journal.ImageAsync(Key(3))).Rows.Select(r => r.LocalSequence).ShouldBe(expected);
        (await journal.ReadAllAsync(3)).Select(r => r.Position).ShouldBe(expected);
        var lane = await journal.AcquireAsync(3);
        (lane.Head, lane.OwnHead).ShouldBe((rows, rows));
    }
}
