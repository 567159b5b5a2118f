using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

public sealed class LaneFinalityTests
{
    [Fact]
    public void Through_NoOtherMember_IsEverything()
        => new LaneFinality([]).Through(A).ShouldBe(ulong.MaxValue);

    [Fact]
    public void Through_NoReport_IsNothingAndNamesWhoIsMissing()
    {
        var finality = new LaneFinality(["b", "c"]);
        finality.Report("b", Holds((A, 5)));
        finality.Update(_ => 9);

        finality.Through(A).ShouldBe(0ul);
        finality.WaitingFor.ShouldBe(["c"]);
    }

    [Fact]
    public void Through_AllReportsCovered_IsTheLeastHolding()
    {
        var finality = new LaneFinality(["b", "c"]);
        finality.Report("b", Holds((A, 5), (B, 3)));
        finality.Report("c", Holds((A, 4), (B, 3)));

        finality.Update(o => o.Equals(A) ? 5ul : 3).ShouldBeTrue();

        (finality.Through(A), finality.Through(B), finality.Through(C)).ShouldBe((4ul, 3ul, 0ul));
    }

    [Fact]
    public void CountFrom_MemberThatIsBackUnderItsName_CountsByItsNewReportsOnly()
    {
        var finality = new LaneFinality(["b", "c"]);
        finality.Report("b", Holds((A, 9)));
        finality.Report("c", Holds((A, 5)));
        finality.Update(_ => 9);
        finality.CountFrom(3);
        finality.Report("c", Holds((A, 8)), epoch: 3);
        finality.Report("b", Holds((A, 9)), epoch: 2); // of its former process
        finality.Update(_ => 9);

        finality.Through(A).ShouldBe(5ul, "what its former journal held, the new one may lack");
        finality.WaitingFor.ShouldBe(["b"]);

        finality.Report("b", Holds((A, 6)), epoch: 3);
        finality.Update(_ => 9);
        finality.Through(A).ShouldBe(6ul);
    }

    [Fact]
    public void CountFrom_MemberThatHasMoreOfTheFormerJournal_IsWaitedForUntilThatIsHere()
    {
        var finality = new LaneFinality(["b", "c"]);
        finality.Report("b", Holds((A, 9)));
        finality.Update(_ => 9);
        finality.CountFrom(3);
        finality.Report("c", Holds((A, 9)), epoch: 3);
        finality.Update(_ => 9);
        finality.Through(A).ShouldBe(0ul, "what b had reported was before what c left behind came to it");
        finality.HeldBackBy(A, 9).ShouldBe(["b"]);

        finality.Report("b", Holds((A, 9), (C, 1)), epoch: 3);
        finality.Update(o => o.Equals(C) ? 0ul : 9);
        finality.Through(A).ShouldBe(0ul);
        finality.Update(_ => 9);
        finality.Through(A).ShouldBe(9ul);
    }

    [Fact]
    public void CountFrom_WhatAMemberLacked_IsNotFinalBeforeItSaysOtherwise()
    {
        var finality = new LaneFinality(["b"]);
        var filtered = Write(A, 1, 5, "kept from b", position: 4);
        finality.Report("b", Holds((A, 5)), [new LackedEvents(Entity.Type, A, 3, 4)]);
        finality.Update(_ => 9);
        finality.IsLacked(filtered).ShouldBeTrue();

        finality.CountFrom(3);
        finality.Through(A).ShouldBe(5ul);
        finality.IsLacked(filtered).ShouldBeTrue("its positions stay final, and it does not become so by this");
    }

    [Fact]
    public void Wait_OneMoreMember_KeepsWhatWasFinalAndNothingMoreUntilItReports()
    {
        var finality = new LaneFinality(["b"]);
        finality.Report("b", Holds((A, 5)));
        finality.Update(_ => 9);
        finality.Wait("c");
        finality.Report("b", Holds((A, 8)));
        finality.Update(_ => 9);

        finality.Through(A).ShouldBe(5ul);
        finality.WaitingFor.ShouldBe(["c"]);

        finality.Report("c", Holds((A, 7)));
        finality.Update(_ => 9);
        finality.Through(A).ShouldBe(7ul);

        finality.Release("c");
        finality.Through(A).ShouldBe(8ul);
    }

    [Fact]
    public void Update_AuthorsHeadNotConsumed_WaitsAlthoughAcknowledged()
    {
        var finality = new LaneFinality(["b"]);
        finality.Report("b", Holds((A, 5), (B, 2)));

        finality.Update(o => o.Equals(A) ? 5ul : 1).ShouldBeFalse();
        finality.Through(A).ShouldBe(0ul);

        finality.Update(o => o.Equals(A) ? 5ul : 2).ShouldBeTrue();
        finality.Through(A).ShouldBe(5ul);
    }

    [Fact]
    public void Report_SteadyWrites_TheFirstUncoveredOneIsNotForgotten()
    {
        var finality = new LaneFinality(["b"]);
        for (var head = 1ul; head <= 10; head++)
            finality.Report("b", Holds((A, head), (B, head)));

        finality.Update(o => o.Equals(A) ? 99ul : 1).ShouldBeTrue();
        finality.Through(A).ShouldBe(1ul);

        finality.Update(o => 99ul).ShouldBeTrue();
        finality.Through(A).ShouldBe(10ul);
    }

    [Fact]
    public void Report_OfANonMember_DoesNotCount()
    {
        var finality = new LaneFinality(["b"]);
        finality.Report("federation", Holds((A, 5)));

        finality.Update(_ => 9).ShouldBeFalse();
        finality.Through(A).ShouldBe(0ul);
    }

    private static Dictionary<Origin, ulong> Holds(params (Origin Origin, ulong Position)[] holdings)
        => holdings.ToDictionary(h => h.Origin, h => h.Position);
}
