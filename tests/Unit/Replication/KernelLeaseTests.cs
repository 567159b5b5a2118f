using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>What a primary that can move says, at which moment, and what it asks for before.</summary>
public sealed partial class KernelLeaseTests
{
    private const long B = 7;
    private const long C = 8;

    [Fact]
    public void Read_UnderTheLease_IsAnsweredOnceAGroupIsDurable()
    {
        var kernel = Leased();
        kernel.HoldGroups = true;
        Ask(kernel);
        Answers(kernel).ShouldBeEmpty();

        kernel.CommitAndStandStill(10);

        Answers(kernel).ShouldHaveSingleItem().Failure.ShouldBeNull();
    }

    [Fact]
    public void Read_ProcessStandsStillBeforeItsAnswer_IsNotAnsweredUnderTheLeaseOfBefore()
    {
        var kernel = Leased();
        kernel.HoldGroups = true;
        Ask(kernel);

        kernel.CommitAndStandStill(3_000);

        Answers(kernel).ShouldHaveSingleItem().Failure!.Error.ShouldBe(ErrorCodes.LeaseLost);
    }

    [Fact]
    public void Lease_GrantedLate_CountsFromItsQuestion()
    {
        var kernel = New().Idle(100, B, C);
        var (first, second) = (Asked(kernel, B), Asked(kernel, C));
        kernel.Idle(2_000, B, C);
        Grant(kernel, B, first);
        Grant(kernel, C, second);
        Ask(kernel);
        Answers(kernel).ShouldHaveSingleItem().Failure.ShouldBeNull();

        kernel.Idle(1_000, B, C);
        Ask(kernel);

        Answers(kernel).Last().Failure!.Error.ShouldBe(ErrorCodes.LeaseLost);
    }

    [Fact]
    public void Command_BeforeTheFirstLease_WaitsForIt()
    {
        var kernel = New().Idle(100, B, C).Write();
        kernel.Appended.ShouldBeEmpty("another region may have become the primary while this one was down");
        Grant(kernel, B, Asked(kernel, B));
        kernel.Appended.ShouldBeEmpty("one of two voters is no majority");

        Grant(kernel, C, Asked(kernel, C));

        kernel.Appended.ShouldHaveSingleItem();
    }

    [Fact]
    public void Notice_OfALaterEpoch_EndsThePrimaryOnceItIsNotedAndStoppedIsTold()
    {
        var kernel = Leased().Accepted(9, "b");
        kernel.HoldGroups = true;
        Tell(kernel, new PrimaryRecord(1, "b") { Former = "a" });
        kernel.Write("under way");
        AskLease(kernel, epoch: 1).Stopped.ShouldBeEmpty("it is not durable that it is replaced");
        kernel.Commit();
        AskLease(kernel, epoch: 1).Stopped.ShouldBeEmpty("what it wrote before it knew is not durable");

        kernel.HoldGroups = false;
        kernel.Commit();

        AskLease(kernel, epoch: 1).Stopped.ShouldBe([new TypeEpoch("text", 1)]);
        kernel.Asked.OfType<SendFrame>().Where(s => s.Link == 9).Select(s => s.Frame)
            .TakeLast(EntityKey.Lanes + 1).SkipLast(1).ShouldAllBe(f => f is ReportFrame);
        kernel.Write("too late");
        kernel.Appended.Count().ShouldBe(1, "only what was under way");
        kernel.Asked.OfType<CommandDone>().Last().Result.Failure!.Error.ShouldBe(ErrorCodes.PrimaryMoved);
    }

    [Fact]
    public void Lease_AskedOfAVoterThatHasVotedForALaterEpoch_IsNotGranted()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, [], [], o => o with { Voters = ["a"] })
        {
            Mode = EntityMode.RequestRegion("c"),
        }.Accepted(9, "b").Idle(100, 9);
        AskLease(kernel, epoch: 0).Granted.ShouldBe([new TypeEpoch("text", 0)]);

        var ballot = new Ballot(1, 1, "b", new Incarnation(60));
        // StoredPrimary: epoch 1, region "b", former "c"
        byte[] record = [0x08, 1, 0x12, 1, (byte)'b', 0x22, 1, (byte)'c'];
        var value = new RegisterValue(1, new RegisterWriter(new Incarnation(60), 1), record);
        var register = PrimaryRecord.RegisterOf("text");
        kernel.Give(k => k.Received(9, new RegisterAskFrame(1, register, RegisterStep.Prepare, ballot, null),
            kernel.Now));
        kernel.Give(k => k.Received(9, new RegisterAskFrame(2, register, RegisterStep.Accept, ballot, value),
            kernel.Now));

        AskLease(kernel, epoch: 0).Granted.ShouldBeEmpty();
        AskLease(kernel, epoch: 1).Granted.ShouldBe([new TypeEpoch("text", 1)]);
    }

    [Fact]
    public void Takeover_OnReportsAskedForWhileTheFormerPrimaryHadItsLease_DoesNotStart()
    {
        var kernel = Linked(new TestKernel(TestKernel.Three, Continuity.Clean, [], [], Voting)
        {
            Mode = EntityMode.RequestRegion("c"),
        }).Idle(100, B, C);
        ReportAll(kernel);
        Tell(kernel, new PrimaryRecord(1, "a") { Former = "c" });
        kernel.Idle(2_800, B, C);
        var (first, second) = (Asked(kernel, B), Asked(kernel, C));
        kernel.Idle(600, B, C);
        Grant(kernel, B, first);
        Grant(kernel, C, second);
        kernel.Idle(200, B, C);
        kernel.Asked.OfType<SendFrame>().Where(f => f.Frame is RegisterAskFrame)
            .ShouldBeEmpty("c may have confirmed a write after they told what they hold");

        Grant(kernel, B, Asked(kernel, B));
        Grant(kernel, C, Asked(kernel, C));
        kernel.Idle(200, B, C);

        kernel.Asked.OfType<SendFrame>().Where(f => f.Frame is RegisterAskFrame).ShouldNotBeEmpty();
    }

    // The first reports on a link may leave out lives that are past there and, for want of a report, not here yet.
    [Fact]
    public void Takeover_OnReportsThatWerePutAside_DoesNotStart()
    {
        var kernel = Linked(new TestKernel(TestKernel.Three, Continuity.Clean, [], [], Voting)
        {
            Mode = EntityMode.RequestRegion("c"),
        }).Idle(100, B, C);
        ReportAll(kernel); // of before
        Tell(kernel, new PrimaryRecord(1, "a") { Former = "c" });
        kernel.Idle(3_200, B, C);
        ReportAll(kernel, new PastMark(new Origin("c", new Incarnation(1)), 77));
        Grant(kernel, B, Asked(kernel, B));
        Grant(kernel, C, Asked(kernel, C));
        kernel.Idle(200, B, C);
        kernel.Asked.OfType<SendFrame>().Where(f => f.Frame is RegisterAskFrame)
            .ShouldBeEmpty("what they hold was not taken");

        ReportAll(kernel);
        Grant(kernel, B, Asked(kernel, B));
        Grant(kernel, C, Asked(kernel, C));
        kernel.Idle(200, B, C);

        kernel.Asked.OfType<SendFrame>().Where(f => f.Frame is RegisterAskFrame).ShouldNotBeEmpty();
    }

    private static void ReportAll(TestKernel kernel, params PastMark[] leftOut)
    {
        foreach (var (link, peer) in new[] { (B, "b"), (C, "c") })
        {
            for (var lane = 0; lane < EntityKey.Lanes; lane++)
            {
                var report = new ReportFrame(lane, new Origin(peer, new Incarnation(1)), 0, [])
                {
                    LeftOut = lane == Entity.Lane ? leftOut : [],
                };
                kernel.Give(k => k.Received(link, report, kernel.Now));
            }
        }
    }

    [Fact]
    public void Lease_OfAnotherLengthOrConfiguration_IsNotGranted()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, [], [], o => o with { Voters = ["a"] })
        {
            Mode = EntityMode.RequestRegion("c"),
        }.Accepted(9, "b").Idle(100, 9);

        AskLease(kernel, epoch: 0, milliseconds: 9_000).Granted.ShouldBeEmpty();
        AskLease(kernel, epoch: 0, configuration: 2).Granted.ShouldBeEmpty();
    }

    [Fact]
    public void Lease_OfATypeThatThisBuildPinsHere_IsNotGrantedAndNothingHasStopped()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, [], [], o => o with { Voters = ["a"] })
        {
            Mode = EntityMode.Pinned("a"),
        }.Accepted(9, "b").Idle(100, 9);
        kernel.Give(k => k.Received(9, new PrimaryFrame("text", new PrimaryRecord(1, "b") { Former = "a" }),
            kernel.Now));

        var answer = AskLease(kernel, epoch: 1);

        answer.Granted.ShouldBeEmpty();
        answer.Stopped.ShouldBeEmpty("it goes on writing");
        kernel.Write();
        kernel.Appended.ShouldHaveSingleItem().Epoch.ShouldBe(1u, "no end of an earlier epoch leaves it out");
    }

    [Fact]
    public void Write_AMajorityHasItAndTheLeaseIsOver_IsConfirmedOnceThereIsALeaseAgain()
    {
        var kernel = Leased();
        var request = TestKernel.Command("word");
        kernel.Give(k => k.Submit(new CommandRequest
        {
            Entity = Entity, Command = "", Handle = request.Handle, DeadlineMilliseconds = 99_000,
            Acknowledgement = Acknowledgement.Majority,
        }, kernel.Now));
        kernel.Idle(4_000, B, C);

        kernel.Give(k => k.Received(B, new ReportFrame(Entity.Lane, new Origin("b", new Incarnation(1)), 0,
            [new LaneHolding(Entity.Lane, kernel.Appended.Single().Origin, 1)]), kernel.Now));
        kernel.Asked.OfType<CommandDone>().ShouldBeEmpty("another region may have begun without it");

        Grant(kernel, B, Asked(kernel, B));
        Grant(kernel, C, Asked(kernel, C));
        kernel.Asked.OfType<CommandDone>().ShouldHaveSingleItem().Result.Failure.ShouldBeNull();
    }

    [Fact]
    public void Write_AMajorityHasItAndThereIsNoLeaseUntilItsDeadline_SaysThatItWaitsForThat()
    {
        var kernel = Leased();
        WriteSafely(kernel, deadlineMilliseconds: 8_000);
        kernel.Idle(3_000, B, C);
        Hold(kernel, B, "b");
        kernel.Idle(6_000, B, C);

        var failure = kernel.Asked.OfType<CommandDone>().ShouldHaveSingleItem().Result.Failure!;
        failure.Error.ShouldBe(ErrorCodes.NotAcknowledged);
        failure.Message.ShouldContain("durable in a and b");
        failure.Message.ShouldContain("still the primary");
        failure.Next.ShouldNotContain("Not yet heard of");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Write_ForAMajority_MeansThatOfTheMembersWhenItIsConfirmed(bool moves)
    {
        var mode = moves ? EntityMode.RequestRegion("a") : EntityMode.Replicated;
        var kernel = Linked(new TestKernel(["a", "b", "c", "d", "e"], Continuity.Clean, [], [], Voting)
        {
            Mode = mode,
        });
        if (moves)
            Lease(kernel);
        WriteSafely(kernel, deadlineMilliseconds: 99_000);
        Hold(kernel, B, "b");
        kernel.Asked.OfType<CommandDone>().ShouldBeEmpty("two of five");

        var smaller = kernel.Kernel.Configuration.Without("e");
        foreach (var next in new[] { smaller, smaller.Without("d") })
            kernel.Give(k => k.Received(B, new ConfigurationFrame(next), kernel.Now));
        if (moves)
            Lease(kernel.Idle(600, B, C)); // what was asked of the larger group does not count

        kernel.Asked.OfType<CommandDone>().ShouldHaveSingleItem("two of three").Result.Failure.ShouldBeNull();
    }

    [Fact]
    public void Write_ForAMajorityOfFewerRegionsThanThereAreNow_WaitsForThatOfThese()
    {
        var kernel = Linked(new TestKernel(TestKernel.Three, Continuity.Clean, [], [], Voting));
        WriteSafely(kernel, deadlineMilliseconds: 99_000);
        var larger = kernel.Kernel.Configuration.With("d");
        foreach (var next in new[] { larger, larger.WithVoteOf("d") })
            kernel.Give(k => k.Received(B, new ConfigurationFrame(next), kernel.Now));

        Hold(kernel, B, "b");
        kernel.Asked.OfType<CommandDone>().ShouldBeEmpty("two of four");
        Hold(kernel, C, "c");

        kernel.Asked.OfType<CommandDone>().ShouldHaveSingleItem().Result.Failure.ShouldBeNull();
    }

    private static void WriteSafely(TestKernel kernel, long deadlineMilliseconds)
        => kernel.Give(k => k.Submit(new CommandRequest
        {
            Entity = Entity, Command = "", Handle = TestKernel.Command("word").Handle,
            DeadlineMilliseconds = deadlineMilliseconds, Acknowledgement = Acknowledgement.Majority,
        }, kernel.Now));

    private static void Hold(TestKernel kernel, long link, string peer) => kernel.Give(k => k.Received(link,
        new ReportFrame(Entity.Lane, new Origin(peer, new Incarnation(1)), 0,
            [new LaneHolding(Entity.Lane, kernel.Appended.Single().Origin, 1)]), kernel.Now));

    private static void Tell(TestKernel kernel, PrimaryRecord record)
        => kernel.Give(k => k.Received(B, new PrimaryFrame("text", record), kernel.Now));

    private static LeaseGrantFrame AskLease(
        TestKernel kernel, uint epoch, int milliseconds = 3_000, ulong configuration = 1, Incarnation? life = null)
    {
        kernel.Give(k => k.Received(9, new LeaseAskFrame(
            1, milliseconds, configuration, [new TypeEpoch("text", epoch)], WantsReports: true)
        {
            Lives = [life],
        }, kernel.Now));
        return kernel.Sent<LeaseGrantFrame>(9).Last();
    }

    [Fact]
    public void Lease_AskedInAFormerLifeOfTheAsker_IsNotGranted()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, [], [], o => o with { Voters = ["a", "b"] })
        {
            Mode = EntityMode.RequestRegion("b"),
        }.Accepted(9, "b").Linked(B, "b", 0).Idle(100, 9, B);
        var lane = PrimaryRecord.RegisterOf("text").Lane;
        var ours = kernel.Sent<EnrolFrame>(B).Last(e => e.Lane == lane);
        kernel.Give(k => k.Received(B, new EnrolledFrame(
            ours.Request, lane, Remembers: true, null, [], [], More: false), kernel.Now));
        var (original, copy) = (new Incarnation(70), new Incarnation(71));
        Enrol(kernel, lane, original);
        AskLease(kernel, epoch: 0, life: original).Granted.ShouldBe([new TypeEpoch("text", 0)]);

        Enrol(kernel, lane, copy);

        AskLease(kernel, epoch: 0, life: original).Granted.ShouldBeEmpty("a copy of its journal has votes by now");
        AskLease(kernel, epoch: 0, life: copy).Granted.ShouldBe([new TypeEpoch("text", 0)]);
    }

    private static void Enrol(TestKernel kernel, int lane, Incarnation life) => kernel.Give(k => k.Received(
        9, new EnrolFrame(1, lane, life, Stands: false, null), kernel.Now));

    private static KernelOptions Voting(KernelOptions options) => options with { Voters = ["b", "c"] };

    private static TestKernel New() => Linked(new TestKernel(TestKernel.Three, Continuity.Clean, [], [], Voting)
    {
        Mode = EntityMode.RequestRegion("a"),
    });

    private static TestKernel Linked(TestKernel kernel)
        => kernel.Linked(B, "b", 0, leases: true).Linked(C, "c", 0, leases: true);

    private static TestKernel Leased() => Lease(New());

    private static TestKernel Lease(TestKernel kernel)
    {
        kernel.Idle(100, B, C);
        Grant(kernel, B, Asked(kernel, B));
        return Grant(kernel, C, Asked(kernel, C));
    }

    private static LeaseAskFrame Asked(TestKernel kernel, long link) => kernel.Sent<LeaseAskFrame>(link).Last();

    private static TestKernel Grant(TestKernel kernel, long link, LeaseAskFrame ask)
        => kernel.Give(k => k.Received(link, new LeaseGrantFrame(ask.Request, ask.Types, []), kernel.Now));

    private static void Ask(TestKernel kernel) => kernel.Give(k => k.Read(new ReadRequest
    {
        Entity = Entity, Project = view => view.State, DeadlineMilliseconds = 99_000, AtPrimary = true,
    }, kernel.Now));

    private static RequestResult[] Answers(TestKernel kernel)
        => [.. kernel.Asked.OfType<ReadDone>().Select(r => r.Result)];
}
