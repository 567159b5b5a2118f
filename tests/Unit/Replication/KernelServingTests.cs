using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>What a kernel answers its peers when its own journal cannot be read, and where its vectors end.</summary>
public sealed class KernelServingTests
{
    private const long Link = 7;

    private static readonly Failure Unreadable
        = new(ErrorCodes.JournalUnavailable, "The journal could not be read.", "Try again.");

    [Fact]
    public void Fetch_OfAnEntityThatCannotBeRead_IsNotAnsweredAsEverything()
    {
        var kernel = Serving().Give(k => k.Received(Link, new FetchFrame(3, Entity, A, 1, ulong.MaxValue), Now));
        var read = kernel.Asked.OfType<ReadHistory>().Single();

        kernel.Give(k => k.HistoryRead(
            read.Request, new EntityImage(Entity, null, [], []) { Damage = Unreadable }, Now));

        var answer = kernel.Asked.OfType<SendFrame>().Select(s => s.Frame).OfType<FetchedFrame>().Single();
        (answer.Events.Count, answer.More).ShouldBe((0, true), "the peer must not take it for lost");
    }

    [Fact]
    public void Fetches_MoreThanARegionAsksFor_EndTheLinkWithAnAlarm()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, [], [], o => o with { MaxFetchesServed = 3 })
            .Accepted(Link, "b");
        for (var request = 1; request <= 3; request++)
            Fetch(request);
        kernel.Sent<GoodbyeFrame>(Link).ShouldBeEmpty();
        var answered = kernel.Asked.OfType<ReadHistory>().First();
        kernel.Give(k => k.HistoryRead(answered.Request, new EntityImage(Entity, null, [], []), kernel.Now));
        Fetch(4); // there is room again
        kernel.Sent<GoodbyeFrame>(Link).ShouldBeEmpty();

        Fetch(5);

        kernel.Sent<GoodbyeFrame>(Link).ShouldHaveSingleItem().Detail.ShouldContain("more was asked for");
        kernel.Alarms.ShouldContain(a => a.Kind == AlarmKind.Protocol);
        kernel.Asked.OfType<ReadHistory>().Count().ShouldBe(4);

        void Fetch(long request) => kernel.Give(k => k.Received(
            Link, new FetchFrame(request, Entity, A, 1, ulong.MaxValue), kernel.Now));
    }

    [Fact]
    public void Commit_WhileItsLaneCatchesUp_OnlyWhatIsOfTheProtocolsOwnTypesGoesAhead()
    {
        var control = Enumerable.Range(0, 9_999).Select(i => new EntityKey("pelago.text", $"p{i}"))
            .First(k => k.Lane == Entity.Lane);
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, Write(A, 1, 5, "one", position: 1))
        {
            HasControlType = true,
        }.Accepted(Link, "b");
        kernel.Give(k => k.Received(Link, new CreditFrame(Entity.Lane, 1 << 20), kernel.Now));
        kernel.Give(k => k.Received(Link, new SubscribeFrame(Entity.Lane, A, 0, Stop: false), kernel.Now));
        var page = kernel.Asked.OfType<ReadPage>().ShouldHaveSingleItem(); // the backlog

        kernel.Write();
        kernel.Sent<EventsFrame>(Link).ShouldBeEmpty();
        kernel.Give(k => k.Submit(TestKernel.Command("deny", control), kernel.Now));

        var ahead = kernel.Asked.OfType<SendFrame>().Single(s => s.Frame is EventsFrame);
        ahead.Order.ShouldBe(SendOrder.Ahead);
        var frame = (EventsFrame)ahead.Frame;
        (frame.Events.ShouldHaveSingleItem().Entity, frame.Through, frame.Beyond).ShouldBe((control, 0ul, 0ul));
        kernel.Give(k => k.PageRead(page.Request, new LanePage(Entity.Lane, [new LaneRow(1, new EventRow(
            Write(A, 1, 5, "one", position: 1), 1, true))], 1, []), kernel.Now));
        kernel.Asked.OfType<SendFrame>().Last(s => s.Frame is EventsFrame).Order.ShouldBe(SendOrder.CatchUp);
    }

    // Its lane has been read to the end, and the pages may wait to be sent still.
    [Fact]
    public void Commit_InALaneThatIsRead_WhatIsOfTheProtocolsOwnTypesGoesAheadOfWhatWaitsToBeSent()
    {
        var control = Enumerable.Range(0, 9_999).Select(i => new EntityKey("pelago.text", $"p{i}"))
            .First(k => k.Lane == Entity.Lane);
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, Write(A, 1, 5, "one", position: 1))
        {
            HasControlType = true,
        }.Accepted(Link, "b");
        kernel.Give(k => k.Received(Link, new CreditFrame(Entity.Lane, 1 << 20), kernel.Now));
        kernel.Give(k => k.Received(Link, new SubscribeFrame(Entity.Lane, A, 0, Stop: false), kernel.Now));
        kernel.Give(k => k.PageRead(kernel.Asked.OfType<ReadPage>().Single().Request, new LanePage(Entity.Lane,
            [new LaneRow(1, new EventRow(Write(A, 1, 5, "one", position: 1), 1, true))], 1, []), kernel.Now));
        kernel.Asked.Clear();

        kernel.Write();
        kernel.Asked.OfType<SendFrame>().Where(s => s.Frame is EventsFrame).Select(s => s.Order)
            .ShouldBe([SendOrder.Usual]);
        kernel.Asked.Clear();
        kernel.Give(k => k.Submit(TestKernel.Command("deny", control), kernel.Now));

        var sent = kernel.Asked.OfType<SendFrame>().Where(s => s.Frame is EventsFrame).ToArray();
        sent.Select(s => s.Order).ShouldBe([SendOrder.Ahead, SendOrder.Usual]);
        sent.Select(s => ((EventsFrame)s.Frame).Through).ShouldBe([0ul, 3ul], "what goes ahead claims nothing");
    }

    [Fact]
    public void Subscriptions_MoreThanThereMayBe_EndTheLinkWithAnAlarm()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, [], [],
            o => o with { MaxSubscriptionsPerLane = 2 }).Accepted(Link, "b");

        foreach (var origin in new[] { A, B, A, C })
        {
            kernel.Sent<GoodbyeFrame>(Link).ShouldBeEmpty();
            kernel.Give(k => k.Received(Link, new SubscribeFrame(Entity.Lane, origin, 0, Stop: false), kernel.Now));
        }

        kernel.Sent<GoodbyeFrame>(Link).ShouldHaveSingleItem();
    }

    [Fact]
    public void Removal_WithWhichOneThatIsNotSealedWouldBeForgotten_IsRefusedAndAlarmed()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean).Linked(1, "b", 0).Linked(2, "c", 0);
        kernel.Give(k => k.Received(1, new ConfigurationFrame(new Configuration(20,
            [.. TestKernel.Three.Select(m => new GroupMember(m, 1, IsVoter: true, IsJoining: false))])
        {
            VotersBefore = TestKernel.Three,
            Removed = [.. Enumerable.Range(0, 16).Select(i => new RemovedRegion($"r{i}", (ulong)i + 2))],
        }), kernel.Now));
        kernel.Kernel.Configuration.Removed.Count.ShouldBe(Configuration.MaxRemoved);

        kernel.Give(k => k.Submit(new MembershipRequest
        {
            Change = MembershipChange.Remove, Region = "c", DeadlineMilliseconds = 60_000, Force = true,
        }, kernel.Now)).Idle(6_000, 1, 2); // nobody answers; what is known here counts by force

        kernel.Asked.OfType<MembershipDone>().ShouldHaveSingleItem().Result.Failure!.Error
            .ShouldBe(ErrorCodes.MembershipRefused);
        kernel.Alarms.ShouldContain(a => a.Kind == AlarmKind.RemovedPileUp && a.Text.Contains("r0"));
    }

    [Fact]
    public void Hello_OfAPeerWhoseEventWasPassedOver_IsAnsweredWithItsPosition()
    {
        var b = new Origin("b", new Incarnation(1));
        var passed = Write(b, 1, 9, "late", position: 9);
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean) { Damage = Unreadable }.Linked(1, "b", 0)
            .Give(k => k.Received(1, new EventsFrame(Entity.Lane, b, [passed], 0), Now));
        kernel.Owed.ShouldHaveSingleItem();

        Accept(kernel);

        var answer = kernel.Asked.OfType<SendFrame>().Where(s => s.Link == Link).Select(s => s.Frame)
            .OfType<HelloFrame>().Single();
        answer.Holdings.ShouldHaveSingleItem().ShouldBe(new LaneHolding(Entity.Lane, b, 9));
    }

    [Fact]
    public void Hello_OfAPeerWhoseEventIsOwedSinceAnEarlierStart_IsAnsweredWithItsPosition()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, [], [new Owed(Entity, B, 1, 9)], null);

        Accept(kernel).Sent<HelloFrame>(Link).Single().Holdings
            .ShouldHaveSingleItem().ShouldBe(new LaneHolding(Entity.Lane, B, 9));
    }

    [Fact]
    public void Hello_OfAPeersNextProcess_EndsTheStreamsOfItsFormerOne()
    {
        var next = new Origin("b", new Incarnation(2)); // begun while its process was linked
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean).Linked(1, "b", 0);
        kernel.Give(k => k.Received(1, new ReportFrame(Entity.Lane, next, 0, []), kernel.Now));

        kernel.Give(k =>
        {
            k.LinkOpened(Link, "b", dialled: false, Now);
            k.Received(Link, new HelloFrame("b", Guid.Empty, new Incarnation(70), next, next, 1,
                new ulong[EntityKey.Lanes], []), Now);
        });
        kernel.Receive(1, 1, Write(next, 1, 9, "on its way", position: 1));

        kernel.Sent<HelloFrame>(Link).Single().Holdings.ShouldBeEmpty();
        kernel.Appended.ShouldBeEmpty("b was told that nothing of it is here, and gives its number again");
    }

    [Fact]
    public void Write_AfterAnEventOfTheLastTimestamp_IsRefusedAndChangesNothing()
    {
        var origin = new Origin("b", new Incarnation(1));
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean).Linked(1, "b", 0);
        kernel.Receive(1, 1, new EventRecord
        {
            Entity = Entity, Origin = origin, Sequence = 1, OriginPosition = 1,
            Vector = VersionVector.From([new VersionVector.Slot(origin, 1)]), Timestamp = HybridTimestamp.MaxAccepted,
            PayloadName = "word", Payload = "last"u8.ToArray(),
        });

        kernel.Write("mine");

        kernel.Asked.OfType<CommandDone>().Last().Result.Failure!.Error.ShouldBe(ErrorCodes.NoLaterTimestamp);
        kernel.Appended.Single().Origin.ShouldBe(origin, "no other region would take what comes after it");
    }

    [Fact]
    public void Lag_NobodyLookedMeanwhile_CountsFromTheLastWord()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean).Linked(1, "b", 0).Idle(60_000, 1)
            .Give(k => k.LinkClosed(1, Now)).Wait(3_000);

        var peer = kernel.Kernel.Describe(kernel.Now).Peers.Single(p => p.Name == "b");
        (peer.State, peer.LagMilliseconds).ShouldBe(("Down", 3_100)); // it was heard of a tenth of a second before
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Hello_OfAPeerWhoseEventWaitsForItsEntity_IsAnsweredWithItsPosition(bool groupFailed)
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean) { HoldLoads = true }.Linked(1, "b", 0)
            .Receive(1, 0, Write(B, 1, 9, "late", position: 9));
        if (groupFailed)
        {
            kernel.FailGroups = true;
            kernel.Load().FailGroups = false;
        }

        Accept(kernel).Sent<HelloFrame>(Link).Single().Holdings
            .ShouldHaveSingleItem().ShouldBe(new LaneHolding(Entity.Lane, B, 9));
    }

    [Theory]
    [InlineData("c", 1, true)] // the cause's region is away: it may bring it
    [InlineData("b", 1, true)] // the life in which b writes
    [InlineData("b", 2, false)] // a life that is over: b writes another one
    public void Fetch_OfWhatIsHeldBack_IsNothingOnlyWhenItsCauseIsOver(string cause, int life, bool mayCome)
    {
        var origin = new Origin("b", new Incarnation(0));
        var seen = Saw((new Origin(cause, new Incarnation((UInt128)life)), 3));
        var held = Write(origin, 1, 9, "late", seen);
        var kernel = Serving().Linked(1, "b", 0)
            .Give(k => k.Received(1, new EventsFrame(Entity.Lane, origin, [held], 0), Now))
            .Give(k => k.Received(Link, new FetchFrame(3, Entity, origin, 1, ulong.MaxValue), Now));
        var read = kernel.Asked.OfType<ReadHistory>().Single();

        kernel.Give(k => k.HistoryRead(read.Request, new EntityImage(Entity, null, [], []), Now));

        var answer = kernel.Asked.OfType<SendFrame>().Select(s => s.Frame).OfType<FetchedFrame>().Single();
        (answer.Events.Count, answer.More).ShouldBe((0, mayCome));
    }

    [Theory]
    [InlineData("under way")]
    [InlineData("filling")]
    [InlineData("unplaced")]
    public void Fetch_OfWhatIsOnItsWayToTheJournal_IsNotAnsweredAsNothing(string where)
    {
        var over = new Origin("b", new Incarnation(0));
        var kernel = Serving().Linked(1, "b", 0);
        (kernel.HoldGroups, kernel.HoldLoads) = (where != "unplaced", where == "unplaced");
        if (where == "filling")
            kernel.Write("is under way");
        kernel.Receive(1, 0, Write(over, 1, 9, "alone here", position: 9));

        Ask(3).ShouldBe((0, true), "it is nowhere else, and may be durable in a moment");

        if (where == "unplaced")
            kernel.Load();
        kernel.HoldGroups = false;
        while (kernel.Asked.OfType<AppendGroup>().Any())
            kernel.Commit();
        Ask(4).ShouldBe((0, false), "the journal was asked after that");

        (int, bool) Ask(long request)
        {
            kernel.Give(k => k.Received(Link, new FetchFrame(request, Entity, over, 1, ulong.MaxValue), kernel.Now));
            var read = kernel.Asked.OfType<ReadHistory>().Last();
            kernel.Give(k => k.HistoryRead(read.Request, new EntityImage(Entity, null, [], []), kernel.Now));
            var answer = kernel.Sent<FetchedFrame>(Link).Last();
            return (answer.Events.Count, answer.More);
        }
    }

    [Fact]
    public void Page_ThatCannotBeRead_IsAskedForAgainAfterAPauseOnly()
    {
        var kernel = Serving()
            .Give(k => k.Received(Link, new CreditFrame(Entity.Lane, 1_000_000), Now))
            .Give(k => k.Received(Link, new SubscribeFrame(Entity.Lane, A, 0, Stop: false), Now));
        var read = kernel.Asked.OfType<ReadPage>().Single();

        kernel.Give(k => k.PageFailed(read.Request, Now)).Wait(100);
        kernel.Asked.OfType<ReadPage>().Count().ShouldBe(1);

        kernel.Wait(600).Wait(600);
        kernel.Asked.OfType<ReadPage>().Count().ShouldBe(2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Link_OnWhichNobodySaysHello_IsClosedWhenItsTimeIsOver(bool dialled)
    {
        var options = new KernelOptions { Region = "a", Members = [], Session = default, Seed = 0 };
        var limit = options.LinkSilenceMilliseconds;
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean);
        kernel.Give(k => k.LinkOpened(Link, "b", dialled, kernel.Now));

        kernel.Wait(limit);
        kernel.Asked.OfType<CloseLink>().ShouldBeEmpty();

        kernel.Wait(1);
        kernel.Asked.OfType<CloseLink>().ShouldHaveSingleItem().Link.ShouldBe(Link);
        kernel.Kernel.Describe(kernel.Now); // and nothing of it is left to trip over
    }

    [Fact]
    public void Page_WithADamagedRow_ClaimsNothingBeyondIt()
    {
        var kernel = Serving()
            .Give(k => k.Received(Link, new CreditFrame(Entity.Lane, 1_000_000), Now))
            .Give(k => k.Received(Link, new SubscribeFrame(Entity.Lane, A, 0, Stop: false), Now));
        var read = kernel.Asked.OfType<ReadPage>().Single();
        kernel.Write("new"); // position 2
        EventRecord first = Write(A, 1, 5, "one"), third = Write(A, 3, 9, "three");

        kernel.Give(k => k.PageRead(read.Request, new LanePage(Entity.Lane,
            [new LaneRow(1, new EventRow(first, 1, true)), new LaneRow(3, new EventRow(third, 3, true))], 3, [2]),
            Now));
        kernel.Write("newer");

        var sent = kernel.Asked.OfType<SendFrame>().Select(s => s.Frame).OfType<EventsFrame>().ToArray();
        sent.SelectMany(f => f.Events).ShouldContain(third);
        sent.Max(f => f.Through).ShouldBe(1ul, "the peer's frontier must not pass what it did not get");
        kernel.Alarms.ShouldContain(a => a.Kind == AlarmKind.RowsDamaged);
        kernel.Kernel.Probes[Probe.DamagedRowSkipped].ShouldBe(1);
    }

    // What lies beyond the frontier has been sent, as far as it can be: nobody waits for the rest from here.
    [Fact]
    public void Page_WithADamagedRow_StillSaysThatAllBeyondTheFrontierWasSent()
    {
        var over = new Origin("b", new Incarnation(0));
        var kernel = Accept(TestKernel.Over(s => s.Lane != Entity.Lane ? s
            : s with { Head = 4, Frontiers = [new Frontier(over, 1, 4)] }));
        kernel.Give(k => k.Received(Link, new CreditFrame(Entity.Lane, 1_000_000), kernel.Now));
        kernel.Give(k => k.Received(Link, new SubscribeFrame(Entity.Lane, over, 0, Stop: false), kernel.Now));
        kernel.Give(k => k.PageRead(kernel.Asked.OfType<ReadPage>().Single().Request, new LanePage(Entity.Lane,
            [new LaneRow(4, new EventRow(Write(over, 3, 9, "three", position: 4), 3, false))], 4, [1]), kernel.Now));
        kernel.Idle(700, Link);

        var told = kernel.Sent<ReportFrame>(Link).Last(r => r.Lane == Entity.Lane).Holdings
            .Single(h => h.Origin.Equals(over));
        told.Beyond.ShouldBeGreaterThan(0ul, "else this shows nothing");
        var sent = kernel.Sent<EventsFrame>(Link).Last();
        (sent.Through, sent.Beyond).ShouldBe((0ul, told.Beyond));
    }

    [Fact]
    public void Write_InMoreLivesThanAVectorNames_IsRefusedAndChangesNothing()
    {
        var lives = Enumerable.Range(1, EventLimits.MaxVectorSlots)
            .Select(i => Write(new Origin("b", new Incarnation((UInt128)i)), 1, i, "word")).ToArray();

        var kernel = new TestKernel(["a"], Continuity.Clean, lives).Write();

        kernel.Asked.OfType<CommandDone>().Single().Result.Failure!.Error.ShouldBe(ErrorCodes.TooManyLives);
        kernel.Appended.ShouldBeEmpty();
    }

    private static Moment Now => new(1_000_000, 1_000);

    private static TestKernel Serving()
        => Accept(new TestKernel(TestKernel.Three, Continuity.Clean, Write(A, 1, 5, "one")));

    private static TestKernel Accept(TestKernel kernel) => kernel.Accepted(Link, "b");
}
