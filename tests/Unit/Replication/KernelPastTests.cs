using System.Buffers;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>Which lives of journals a kernel tells its peers of, and what it makes of a report that leaves some
/// out.</summary>
public sealed class KernelPastTests
{
    private const long ToB = 7;
    private const long ToC = 8;
    private const int Many = 10_000;

    private static readonly Origin Present = Life(Many + 1);

    [Fact]
    public void Report_OfTenThousandLivesThatAllHold_IsAsShortAsThatOfAFew()
    {
        var few = Settled(12);
        var many = Settled(Many);

        Size(Last(many)).ShouldBeLessThan(Size(Last(few)) + 64);
        Last(many).Holdings.ShouldNotContain(h => h.Origin.Region == "b" && h.Position <= Many);
    }

    [Fact]
    public void Restarted_WithItsNote_LeavesThemOutInItsFirstReport()
    {
        var note = Settled(Many).Batches.SelectMany(b => b.Notes).Last(n => n.Name == "past");

        var again = Linked(TestKernel.Over(s => Lane(s, Many) with { Notes = s.Lane == Entity.Lane ? [note] : [] }));

        Size(Last(again)).ShouldBeLessThan(512);
        again.Kernel.Describe(again.Now).Lanes[Entity.Lane].PastLives.ShouldBe(Many);
    }

    [Fact]
    public void Restarted_OnAJournalThatItsNoteDoesNotFit_TellsEachLife()
    {
        var note = Settled(12).Batches.SelectMany(b => b.Notes).Last(n => n.Name == "past");

        var again = Linked(TestKernel.Over(s => Lane(s, 11) with { Notes = s.Lane == Entity.Lane ? [note] : [] }));

        Last(again).Holdings.Count(h => h.Origin.Region == "b").ShouldBe(11);
        again.Kernel.Describe(again.Now).Lanes[Entity.Lane].PastLives.ShouldBe(0);
    }

    [Fact]
    public void Report_ToAPeerWithOtherEnds_TellsEachLife()
    {
        var kernel = Settled(12);
        var mark = Last(kernel).Past.ShouldHaveSingleItem();

        Tell(kernel, 12, [mark with { Digest = mark.Digest + 1 }]);

        Last(kernel).Holdings.Count(h => h.Origin.Region == "b").ShouldBe(12);
        Last(kernel).LeftOut.ShouldBeEmpty();
    }

    [Fact]
    public void Received_ReportThatLeavesOutWhatIsNotPastHere_ChangesNothing()
    {
        var kernel = Linked(TestKernel.Over(s => s.Lane != Entity.Lane ? s
            : s with { Frontiers = [new Frontier(Present, 2, 2)] }));
        var ofC = new ReportFrame(Entity.Lane, C, 0, [new LaneHolding(Entity.Lane, Present, 2)])
        {
            Linked = [Present],
        };
        kernel.Give(k => k.Received(ToB, new ReportFrame(Entity.Lane, Present, 2, []), kernel.Now));
        kernel.Give(k => k.Received(ToC, ofC, kernel.Now)).Idle(200, ToB, ToC);
        Final(kernel, Present).ShouldBe(2ul);

        kernel.Give(k => k.Received(
            ToC, ofC with { Holdings = [], LeftOut = [new PastMark(Present, 77)] }, kernel.Now)).Idle(200, ToB, ToC);

        Final(kernel, Present).ShouldBe(2ul, "that c does not name it does not say that c does not hold it");
    }

    [Fact]
    public void Received_ReportThatLeavesOutWhatIsPastOnlyNow_CountsThen()
    {
        var mark = Last(Settled(3)).Past.ShouldHaveSingleItem();
        var kernel = Linked(TestKernel.Over(s => s.Lane != Entity.Lane ? s
            : s with { Frontiers = [.. Lane(s, 3).Frontiers, new Frontier(Present, 2, 2)] }));
        var ofC = Report(3, C) with { Linked = [Present] };
        kernel.Give(k => k.Received(ToB, Report(3) with { OwnHead = 2 }, kernel.Now));
        kernel.Give(k => k.Received(ToC, ofC, kernel.Now));
        kernel.Give(k => k.Received(ToC, ofC with
        {
            Holdings = [new LaneHolding(Entity.Lane, Present, 2)], Past = [mark], LeftOut = [mark],
        }, kernel.Now)); // before the next look, by which they are past here, too

        kernel.Idle(700, ToB, ToC);

        kernel.Kernel.Probes[Probe.PastUnknown].ShouldBe(1, "else this shows nothing");
        Final(kernel, Present).ShouldBe(2ul);
    }

    [Fact]
    public void Received_ReportThatLeavesOutWhatIsNotPastHere_IsAnsweredWithEachLife()
    {
        var kernel = Linked(TestKernel.Over(s => Lane(s, 3)));

        kernel.Give(k => k.Received(ToB, Report(0) with { LeftOut = [new PastMark(Life(3), 77)] }, kernel.Now))
            .Idle(200, ToB, ToC);

        Last(kernel).Holdings.Count(h => h.Origin.Region == "b").ShouldBe(3);
    }

    [Fact]
    public void Life_OfWhichMoreComes_IsToldAgainAndStaysFinalAsFarAsItWas()
    {
        var kernel = Settled(3);
        kernel.Give(k => k.Received(ToB, Report(0, Life(2)), kernel.Now)); // b goes on in it
        kernel.Idle(200, ToB, ToC);

        Last(kernel).Holdings.Select(h => h.Origin).ShouldContain(Life(2));
        Final(kernel, Life(2)).ShouldBe(2ul);
        kernel.Kernel.Describe(kernel.Now).Lanes[Entity.Lane].PastLives.ShouldBe(1);
    }

    [Fact]
    public void Life_OfWhichSomebodyHasMorePositions_IsToldAgain()
    {
        var kernel = Settled(3);

        kernel.Give(k => k.Received(ToB, new EventsFrame(Entity.Lane, Life(3), [], 5), kernel.Now));
        kernel.Idle(700, ToB, ToC);

        Last(kernel).Holdings.ShouldContain(h => h.Origin.Equals(Life(3)) && h.Position == 5);
    }

    [Fact]
    public void Lives_MoreThanALinkTells_EndThatLinkWithAnAlarmAndNoOther()
    {
        var kernel = Linked(TestKernel.Over(s => Lane(s, 30), o => o with { LivesAlarm = 20, MaxLivesTold = 25 }));
        kernel.Idle(200, ToB, ToC);

        kernel.Alarms.Count(a => a.Kind == AlarmKind.LivesPileUp).ShouldBeGreaterThan(1);
        kernel.Sent<GoodbyeFrame>(ToB).ShouldHaveSingleItem().Detail.ShouldContain("lives");
        kernel.Write().Asked.OfType<CommandDone>().ShouldHaveSingleItem().Result.Failure.ShouldBeNull();
    }

    private static Origin Life(int number) => new("b", new Incarnation((UInt128)number));

    private static LaneState Lane(LaneState lane, int lives) => lane.Lane != Entity.Lane ? lane : lane with
    {
        Frontiers = [.. Enumerable.Range(1, lives).Select(i => new Frontier(Life(i), (ulong)i, (ulong)i))],
    };

    // All three hold all of these lives, and b knows by our report that they are past here.
    private static TestKernel Settled(int lives)
    {
        var kernel = Linked(TestKernel.Over(s => Lane(s, lives)));
        Tell(kernel, lives, []);
        kernel.Kernel.Describe(kernel.Now).Lanes[Entity.Lane].PastLives.ShouldBe(lives);
        Last(kernel).Past.ShouldHaveSingleItem().Last.ShouldBe(Life(lives));
        Tell(kernel, lives, Last(kernel).Past);
        return kernel.Write().Idle(700, ToB, ToC); // there is something to report
    }

    private static TestKernel Linked(TestKernel kernel)
    {
        foreach (var (link, peer, newest) in new[] { (ToB, "b", Present), (ToC, "c", C) })
        {
            kernel.Give(k =>
            {
                k.LinkOpened(link, peer, dialled: true, kernel.Now);
                k.Received(link, new HelloFrame(peer, Guid.Empty, new Incarnation(60), newest, newest, 1,
                    new ulong[EntityKey.Lanes], []) { KnowsPast = true }, kernel.Now);
            });
        }
        return kernel.Idle(200, ToB, ToC);
    }

    private static void Tell(TestKernel kernel, int lives, IReadOnlyList<PastMark> past)
    {
        kernel.Give(k => k.Received(ToB, Report(lives) with { Past = past }, kernel.Now));
        kernel.Give(k => k.Received(ToC, Report(lives, C) with { Past = past, Linked = [Present] }, kernel.Now));
        kernel.Idle(200, ToB, ToC);
    }

    private static ReportFrame Report(int lives, Origin? current = null) => new(Entity.Lane, current ?? Present, 0,
        [.. Enumerable.Range(1, lives).Select(i => new LaneHolding(Entity.Lane, Life(i), (ulong)i))]);

    private static ReportFrame Last(TestKernel kernel)
        => kernel.Sent<ReportFrame>(ToB).Last(r => r.Lane == Entity.Lane);

    private static ulong Final(TestKernel kernel, Origin life) => kernel.Kernel.Describe(kernel.Now, withPast: true)
        .Lanes[Entity.Lane].FinalThrough.Single(f => f.Origin.Equals(life)).Final;

    private static int Size(Frame frame)
    {
        var buffer = new ArrayBufferWriter<byte>();
        new FrameWriter { MayRenumber = true }.Write(frame, buffer);
        return buffer.WrittenCount;
    }
}
