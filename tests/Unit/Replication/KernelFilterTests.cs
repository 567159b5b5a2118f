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

    private static ulong Reported(TestKernel kernel) => kernel.Sent<ReportFrame>(Link)
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
