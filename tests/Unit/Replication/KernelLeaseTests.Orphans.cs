using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

// What epochs ended without.
public sealed partial class KernelLeaseTests
{
    [Fact]
    public void Effect_OfAnEventThatItsEpochEndedWithout_IsToldSoOnceThatIsDecided()
    {
        var kernel = Lease(Linked(TestKernel.WithEffects(EntityMode.RequestRegion("a"), Voting)));
        kernel.Write("lost");
        var own = kernel.Appended.Single().Origin;
        Tell(kernel, new PrimaryRecord(1, "b") { Former = "a" });
        foreach (var (link, peer) in new[] { (B, "b"), (C, "c") })
        {
            kernel.Give(k => k.Received(link, new ReportFrame(Entity.Lane, new Origin(peer, new Incarnation(1)), 0,
                [new LaneHolding(Entity.Lane, own, 1)]), kernel.Now));
        }
        Look(kernel, 3_000);
        kernel.Asked.OfType<RunEffects>().ShouldBeEmpty("nobody knows yet whether it counts");

        Tell(kernel, new PrimaryRecord(1, "b")
        {
            Former = "a", IsStarted = true,
            Ends = [new EpochEnd("a", 1, [new LifeEnd(own.Incarnation, new ulong[EntityKey.Lanes])], false)],
        });
        Look(kernel, 3_000);

        kernel.Asked.OfType<RunEffects>().First().Final.Verdict.ShouldBe(FinalVerdict.Orphaned);
        kernel.Conflicts.ShouldHaveSingleItem().Kind.ShouldBe(ConflictKind.Orphaned);
    }

    [Fact]
    public void Orphan_ArrivesAfterItsEpochEnded_IsEnteredInTheLedgerWithItsRow()
    {
        var kernel = Linked(new TestKernel(TestKernel.Three, Continuity.Clean, [], [], Voting)
        {
            Mode = EntityMode.RequestRegion("c"),
        }).Idle(100, B, C);
        Tell(kernel, new PrimaryRecord(1, "b")
        {
            Former = "c", IsStarted = true,
            Ends = [new EpochEnd("c", 1, [new LifeEnd(Events.C.Incarnation, new ulong[EntityKey.Lanes])], false)],
        });

        kernel.Receive(C, 1, Events.Write(Events.C, 1, 5, "lost"));

        kernel.Batches.Single(b => b.Rows.Count > 0).Conflicts.ShouldHaveSingleItem().Kind
            .ShouldBe(ConflictKind.Orphaned);
    }

    [Fact]
    public void Orphans_OfAnEndThatWasSearched_AreNotLookedForAtTheNextMove()
    {
        var kernel = Leased().Write("lost");
        var own = kernel.Appended.Single().Origin;
        EpochEnd[] ends = [new EpochEnd("a", 1, [new LifeEnd(own.Incarnation, new ulong[EntityKey.Lanes])], false)];
        Tell(kernel, new PrimaryRecord(1, "b") { Former = "a", IsStarted = true, Ends = ends });
        kernel.Idle(200, B, C);
        kernel.Asked.OfType<ReadPage>().ShouldHaveSingleItem("one lane has an event").Lane.ShouldBe(Entity.Lane);
        Look(kernel, 1_000);
        kernel.Conflicts.ShouldHaveSingleItem().Kind.ShouldBe(ConflictKind.Orphaned);

        Tell(kernel, new PrimaryRecord(2, "c") { Former = "b", IsStarted = true, Ends = ends });
        kernel.Idle(1_000, B, C);

        kernel.Asked.OfType<ReadPage>().ShouldBeEmpty();
    }

    // The old primary comes back: the record that ends its epoch, and what others have, arrive while its disk is slow.
    [Fact]
    public void Record_LearnedAndNotYetDurable_WhatItLeavesOutIsNotFinalMeanwhile()
    {
        var kernel = Leased().Write("lost");
        var own = kernel.Appended.Single().Origin;
        kernel.HoldGroups = true;
        ReplacedMeanwhile(kernel.Write("more"), own);
        kernel.Commit(); // the group under way
        kernel.Commit(); // the note
        while (kernel.Asked.OfType<AppendGroup>().Any())
            kernel.Commit(); // what was found, and that lanes were searched
        kernel.HoldGroups = false;
        kernel.Idle(2_000, B, C).Read();

        kernel.Asked.OfType<ReadDone>().Last().Result.Value.ShouldBe("", "neither event counts in any other region");
        kernel.Conflicts.Count(c => c.Kind == ConflictKind.Orphaned).ShouldBe(2);
    }

    [Fact]
    public void Effect_WhileTheRecordThatLeavesItsEventOutIsNotDurable_IsNotRun()
    {
        var kernel = Lease(Linked(TestKernel.WithEffects(EntityMode.RequestRegion("a"), Voting))).Write("lost");
        var own = kernel.Appended.Single().Origin;
        kernel.HoldGroups = true;
        ReplacedMeanwhile(kernel.Write("more"), own);
        Look(kernel, 500);

        kernel.Asked.OfType<RunEffects>().ShouldBeEmpty("what it told of never counted");
    }

    // Time passes, and pages are read.
    private static void Look(TestKernel kernel, int milliseconds)
    {
        for (var i = 0; i < milliseconds / 100; i++)
        {
            kernel.Idle(100, B, C);
            foreach (var read in kernel.Asked.OfType<ReadPage>().ToArray())
            {
                kernel.Asked.Remove(read);
                var rows = kernel.Appended.Where(e => e.Entity.Lane == read.Lane && e.OriginPosition > read.After
                    && e.Origin.Equals(read.Filter.Origin)).Select(e => new LaneRow(
                        e.OriginPosition, new EventRow(e, 1, true))).ToArray();
                kernel.Give(k => k.PageRead(read.Request,
                    new LanePage(read.Lane, rows, (ulong)Math.Max(rows.Length, (int)read.After), []), kernel.Now));
            }
        }
    }

    private static void ReplacedMeanwhile(TestKernel kernel, Origin own)
    {
        kernel.Give(k => k.Received(B, new PrimaryFrame("text", new PrimaryRecord(1, "b")
        {
            Former = "a", IsStarted = true,
            Ends = [new EpochEnd("a", 1, [new LifeEnd(own.Incarnation, new ulong[EntityKey.Lanes])], false)],
        }), kernel.Now));
        foreach (var (link, peer) in new[] { (B, "b"), (C, "c") })
        {
            kernel.Give(k => k.Received(link, new ReportFrame(Entity.Lane, new Origin(peer, new Incarnation(1)), 0,
                [new LaneHolding(Entity.Lane, own, 1)]), kernel.Now));
        }
    }
}
