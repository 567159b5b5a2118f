using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>What a kernel sends and takes of a type that is not for every region.</summary>
public sealed class KernelFilterTests
{
    private const long Link = 7;

    [Fact]
    public void Page_ForAPeerThatIsLeftOut_ClaimsThePositionsAndSaysWhatWasLeftOut()
    {
        var kernel = Serving(filters: true);

        var sent = kernel.Sent<EventsFrame>(Link).ShouldHaveSingleItem();
        sent.Events.ShouldBeEmpty();
        sent.Through.ShouldBe(2ul);
        sent.LeftOut.ShouldHaveSingleItem().ShouldBe(new LeftOut("text", 1, IsLacking: false));
    }

    [Fact]
    public void Page_ForAPeerOfAnOlderVersion_ClaimsNothingThatItMustNotHave()
    {
        var kernel = Serving(filters: false);

        kernel.Sent<EventsFrame>(Link).ShouldAllBe(f => f.Events.Count == 0 && f.Through == 0);
        kernel.Sent<FilterFrame>(Link).ShouldBeEmpty("it would end the link");
    }

    [Fact]
    public void Receive_EventOfATypeThatIsNotForThisRegion_IsDroppedAndTheFrontierPassesIt()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean).Linked(Link, "b", 0)
            .Give(k => k.Received(Link, Filter(1, "a"), Now));

        var other = Enumerable.Range(0, 10_000).Select(i => new EntityKey("other", $"o{i}"))
            .First(e => e.Lane == Entity.Lane);
        kernel.Receive(Link, 5, Write(B, 1, 5, "one", position: 4),
            Write(B, 1, 6, "else", position: 5, entity: other));

        kernel.Batches.SelectMany(b => b.Rows).ShouldHaveSingleItem().Event.Entity.ShouldBe(other);
        var passed = kernel.Batches.Single(b => b.Frontiers.Any(f => f.Position == 5));
        kernel.Batches.TakeWhile(b => b != passed).Append(passed).SelectMany(b => b.Notes)
            .ShouldContain(n => n.Name == "filter/text", "the journal says so as the frontier passes it, or before");
    }

    [Fact]
    public void Placeholders_BeforeTheFrontierThatPassesThemIsDurable_AreNotReportedAsSeen()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean).Linked(Link, "b", 0)
            .Give(k => k.Received(Link, Filter(1, "a"), Now)).Wait(100);
        kernel.HoldGroups = true;

        kernel.Give(k => k.Received(Link, new EventsFrame(Entity.Lane, B, [], 5)
        {
            LeftOut = [new LeftOut("text", 1, IsLacking: false)],
        }, kernel.Now)).Idle(600, Link);
        Reported(kernel).ShouldBe(0ul, "a restart would not know that it has seen them");

        kernel.HoldGroups = false;
        kernel.Commit().Idle(600, Link);
        Reported(kernel).ShouldBe(5ul);
    }

    private static ulong Reported(TestKernel kernel, long link = Link) => kernel.Sent<ReportFrame>(link)
        .SelectMany(r => r.Holdings).Where(h => h.Lane == Entity.Lane && h.Origin.Equals(B)).Select(h => h.Position)
        .DefaultIfEmpty().Max();

    [Fact]
    public void Event_ThatAMemberHasSeenAndDoesNotHave_IsNotFinalBeforeItHas()
    {
        var kernel = new TestKernel(["a", "b"], Continuity.Clean).Linked(Link, "b", 0).Write();

        Report(kernel, 1, new LackedEvents("text", A, 0, 1)).Write();
        Tail(kernel).ShouldBe(2, "b may write something concurrent to the first one");
        Report(kernel, 2).Write();
        Tail(kernel).ShouldBe(1, "the last one");
        Report(kernel, 3, new LackedEvents("text", null, 0, 0)).Write();
        Tail(kernel).ShouldBe(1, "who is left out writes nothing of the type");
    }

    private static TestKernel Report(TestKernel kernel, ulong holds, params LackedEvents[] lacks)
        => kernel.Give(k => k.Received(Link, new ReportFrame(
            Entity.Lane, new Origin("b", new Incarnation(1)), 0, [new LaneHolding(Entity.Lane, A, holds)])
        {
            Lacks = lacks,
        }, kernel.Now));

    private static int Tail(TestKernel kernel)
    {
        kernel.Asked.RemoveAll(e => e is ReadDone);
        kernel.Give(k => k.Read(new ReadRequest
        {
            Entity = Entity, Project = view => view.Tail.Count, DeadlineMilliseconds = 9_000,
        }, kernel.Now));
        return (int)kernel.Asked.OfType<ReadDone>().Single().Result.Value!;
    }

    [Fact]
    public void Filter_OfALowerEpoch_ChangesNothing()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean).Linked(Link, "b", 0)
            .Give(k => k.Received(Link, Filter(2, "c"), Now))
            .Give(k => k.Received(Link, Filter(1, "a"), Now));

        kernel.Write();
        kernel.Asked.OfType<CommandDone>().Single().Result.Failure.ShouldBeNull();
        kernel.Kernel.Filters["text"].Epoch.ShouldBe(2u);
    }

    [Fact]
    public void Report_OfMoreLacksThanAThousand_IsReadByPeersAndNamesEachRun()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean).Linked(Link, "b", 0);
        LeaveOutAndOpen(kernel, types: 35, lives: 30);

        var report = LastReport(kernel);
        report.Lacks.Count.ShouldBe(35 * 30);
        report.Lacks.ShouldAllBe(l => l.Origin != null);
        ((ReportFrame)FrameCodecTests.Through(report)).Lacks.Count.ShouldBe(35 * 30);
    }

    [Fact]
    public void Report_OfMoreLacksThanItMayHave_SaysThatTypesAreMissingOnceThatIsDurable()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, [], [],
            o => o with { MaxLacksPerReport = 10 }).Linked(Link, "b", 0).Linked(8, "c", 0);
        kernel.Give(k => k.Received(Link, Filter(1, "c"), Now));
        kernel.Idle(500, Link, 8);
        for (var life = 1; life <= 10; life++)
            kernel.Give(k => k.Received(Link, Missing(life, "text", isLacking: true), kernel.Now));
        kernel.Idle(500, Link, 8);
        LastReport(kernel, 8).Lacks.Count.ShouldBe(10);
        kernel.Write().Asked.OfType<CommandDone>().Last().Result.Failure.ShouldBeNull("who only lacks some may write");

        kernel.HoldGroups = true;
        kernel.Asked.RemoveAll(e => e is SendFrame);
        kernel.Give(k => k.Received(Link, Missing(11, "text", isLacking: true), kernel.Now)).Idle(500, Link, 8);
        kernel.Sent<ReportFrame>(8).Where(r => r.Lane == Entity.Lane).ShouldBeEmpty(
            "after a restart it would write beside what others have called final");
        while (kernel.Asked.OfType<AppendGroup>().Any())
            kernel.Commit();
        kernel.HoldGroups = false;
        kernel.Idle(500, Link, 8);
        LastReport(kernel, 8).Lacks.ShouldHaveSingleItem().ShouldBe(new LackedEvents("text", null, 0, 0));
        kernel.Write().Asked.OfType<CommandDone>().Last().Result.Failure!.Error.ShouldBe(ErrorCodes.Filtered);
    }

    [Theory]
    [InlineData("text", 0, true)]  // no epoch
    [InlineData("text", 3, true)]  // of a rule that was not told
    [InlineData("other", 1, true)] // of a type without one
    [InlineData("text", 2, false)] // that is for this region
    public void Placeholder_UnderNoRuleThatLeavesThisRegionOut_EndsTheLinkAndIsNotNoted(
        string type, uint epoch, bool isLacking)
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean).Linked(Link, "b", 0).Linked(8, "c", 0)
            .Give(k => k.Received(Link, Filter(2, "c"), Now)).Idle(500, Link, 8);

        kernel.Give(k => k.Received(Link, new EventsFrame(Entity.Lane, B, [], 5)
        {
            LeftOut = [new LeftOut(type, epoch, isLacking)],
        }, kernel.Now));

        kernel.Sent<GoodbyeFrame>(Link).ShouldHaveSingleItem().Reason.ShouldBe("protocol");
        kernel.Idle(500, 8);
        kernel.Sent<ReportFrame>(8).SelectMany(r => r.Lacks).ShouldBeEmpty();
        kernel.Batches.SelectMany(b => b.Notes).ShouldNotContain(n => n.Name == "filter/other");
        Reported(kernel, 8).ShouldBe(0ul, "nothing says what was left out");
    }

    // What b's lives wrote is left out here, and then it is not.
    private static void LeaveOutAndOpen(TestKernel kernel, int types, int lives)
    {
        var names = Enumerable.Range(0, types).Select(i => $"t{i}").ToArray();
        foreach (var name in names)
            kernel.Give(k => k.Received(Link, new FilterFrame(name, EntityFilter.InEpoch(1).Except("a")), kernel.Now));
        for (var life = 1; life <= lives; life++)
            kernel.Give(k => k.Received(Link, Missing(life, "t0", isLacking: false), kernel.Now));
        kernel.Idle(500, Link);
        kernel.Accepted(10, "c", filters: true); // on links that this side dialled nothing more comes after the first
        foreach (var name in names)
            kernel.Give(k => k.Received(10, new FilterFrame(name, EntityFilter.InEpoch(2)), kernel.Now));
        kernel.Linked(9, "b", 0).Idle(1_000, 9, 10);
    }

    private static EventsFrame Missing(int life, string type, bool isLacking)
        => new(Entity.Lane, new Origin("b", new Incarnation((ulong)life)), [], 5)
        {
            LeftOut = [new LeftOut(type, 1, isLacking)],
        };

    private static ReportFrame LastReport(TestKernel kernel, long link = 9)
        => kernel.Sent<ReportFrame>(link).Last(r => r.Lane == Entity.Lane);

    private static Moment Now => new(1_000_000, 1_000);

    private static FilterFrame Filter(uint epoch, string without)
        => new("text", EntityFilter.InEpoch(epoch).Except(without));

    private static TestKernel Serving(bool filters)
    {
        EventRecord first = Write(A, 1, 5, "one", position: 1), second = Write(A, 2, 6, "two", position: 2);
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, first, second).Linked(8, "c", 0)
            .Give(k => k.Received(8, Filter(1, "b"), Now))
            .Accepted(Link, "b", filters: filters)
            .Give(k => k.Received(Link, new CreditFrame(Entity.Lane, 1_000_000), Now))
            .Give(k => k.Received(Link, new SubscribeFrame(Entity.Lane, A, 0, Stop: false), Now));
        var read = kernel.Asked.OfType<ReadPage>().Single();
        return kernel.Give(k => k.PageRead(read.Request, new LanePage(Entity.Lane,
            [new LaneRow(1, new EventRow(first, 1, true)), new LaneRow(2, new EventRow(second, 2, true))], 2, []),
            Now));
    }
}
