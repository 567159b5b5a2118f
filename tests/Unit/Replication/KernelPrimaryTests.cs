using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>What a kernel does with commands and reads of entities that have a primary.</summary>
public sealed class KernelPrimaryTests
{
    private const long Link = 7;

    [Fact]
    public void Command_OfAPeer_WhereAnotherRegionIsThePrimary_IsRefusedAndNotPassedOn()
    {
        var kernel = In(EntityMode.Pinned("b")).Linked(Link, "b", 0);

        kernel.Give(k => k.Submit(Command(cameFromPeer: true), kernel.Now));

        kernel.Asked.OfType<CommandDone>().Single().Result.Failure!.Error.ShouldBe(ErrorCodes.NotPrimary);
        kernel.Sent<AskFrame>(Link).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(1, "")]
    [InlineData(3, "one more move without")]
    [InlineData(5, "is full")]
    public void Record_WithHardlyAnyRoomForAnotherMove_IsAlarmed(int ends, string alarm)
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean).Linked(Link, "b", 0, leases: true);
        LifeEnd[] lives = [.. Enumerable.Range(1, EpochEnd.MaxLives).Select(i => new LifeEnd(
            new Incarnation((UInt128)i), [.. Enumerable.Repeat(1ul << 33, EntityKey.Lanes)]))];
        var record = new PrimaryRecord(7, "c") { Former = "b", IsStarted = true, Ends = [.. Enumerable.Repeat(
            new EpochEnd("b", 7, lives, AreAllLives: true), ends)] };

        kernel.Give(k => k.Received(Link, new PrimaryFrame("text", record), kernel.Now));

        var alarms = kernel.Alarms.Where(a => a.Kind == AlarmKind.PrimaryRecordFull).ToArray();
        alarms.Length.ShouldBe(alarm.Length == 0 ? 0 : 1);
        alarms.ShouldAllBe(a => a.Text.Contains(alarm));
    }

    [Fact]
    public void Command_OfAPeer_ForATypeThatStaysInItsRegion_IsRefused()
    {
        var kernel = In(EntityMode.Local).Linked(Link, "b", 0);

        kernel.Give(k => k.Submit(Command(cameFromPeer: true), kernel.Now));

        kernel.Asked.OfType<CommandDone>().Single().Result.Failure!.Error.ShouldBe(ErrorCodes.NoPrimary);
        kernel.Batches.SelectMany(b => b.Rows).ShouldBeEmpty();
    }

    [Fact]
    public void Command_ForAnotherRegion_IsSentWithWhatItNeedsAndTheAnswerIsIts()
    {
        var kernel = In(EntityMode.Pinned("b")).Linked(Link, "b", 0);
        kernel.Give(k => k.Submit(Command(key: "k"), kernel.Now));
        var ask = kernel.Sent<AskFrame>(Link).ShouldHaveSingleItem();
        (ask.Command, ask.IdempotencyKey, ask.Payload.Length).ShouldBe(("say", "k", 3));
        ask.PatienceMilliseconds.ShouldBe(7_750, "what the primary says at its deadline arrives before ours");

        kernel.Give(k => k.Received(Link, new AnswerFrame(ask.Request, new byte[] { 1, 2 }, null)
        {
            Points = [(B, 4, 9)],
        }, kernel.Now));

        var done = kernel.Asked.OfType<CommandDone>().ShouldHaveSingleItem().Result;
        done.Value.ShouldBe(2, "the length of the answer");
        done.Points.ShouldHaveSingleItem().ShouldBe(new WritePoint(Entity, B, 4, Entity.Lane, 9));
        kernel.Batches.SelectMany(b => b.Rows).ShouldBeEmpty();
    }

    [Fact]
    public void Command_ForARegionOfAnOlderVersion_IsNotSent()
    {
        var kernel = In(EntityMode.Pinned("b")).Linked(Link, "b", 0, takesAsks: false);

        kernel.Give(k => k.Submit(Command(), kernel.Now));

        kernel.Asked.OfType<CommandDone>().Single().Result.Failure!.Message.ShouldContain("runs a version");
        kernel.Sent<AskFrame>(Link).ShouldBeEmpty();
    }

    [Fact]
    public void Commands_MoreThanMayWait_AreRefused()
    {
        var kernel = In(EntityMode.Pinned("b"), o => o with { MaxForwards = 2 }).Linked(Link, "b", 0);
        for (var i = 0; i < 3; i++)
            kernel.Give(k => k.Submit(Command(), kernel.Now));

        kernel.Asked.OfType<CommandDone>().ShouldHaveSingleItem().Result.Failure!.Error
            .ShouldBe(ErrorCodes.Overloaded);
    }

    [Fact]
    public void Command_SentAndNotAnsweredByTheDeadline_IsSaidToBeUnknown()
    {
        var kernel = In(EntityMode.Pinned("b")).Linked(Link, "b", 0);
        kernel.Give(k => k.Submit(Command(key: "k"), kernel.Now));

        kernel.Idle(8_200, Link);

        kernel.Asked.OfType<CommandDone>().ShouldHaveSingleItem().Result.Failure!.Error
            .ShouldBe(ErrorCodes.PrimaryUnanswered);
    }

    [Fact]
    public void Ask_OfAPeer_IsHandedToTheShellAndItsAnswerGoesBackOnItsLink()
    {
        var kernel = In(EntityMode.Pinned("a")).Accepted(Link, "b");
        kernel.Give(k => k.Received(Link, new AskFrame(5, Entity, "say", default, 100), kernel.Now));
        var asked = kernel.Asked.OfType<AskReceived>().ShouldHaveSingleItem();

        kernel.Give(k => k.Answer(asked.Link, new AnswerFrame(5, default, null), kernel.Now));
        kernel.Give(k => k.Answer(99, new AnswerFrame(5, default, null), kernel.Now)); // a link that is gone

        kernel.Sent<AnswerFrame>(Link).ShouldHaveSingleItem().Request.ShouldBe(5);
        kernel.Sent<AnswerFrame>(99).ShouldBeEmpty();
    }

    [Fact]
    public void ReadAtThePrimary_WaitsForAGroup_AndADeposedOwnerDoesNotAnswer()
    {
        var kernel = In(EntityMode.Pinned("a"));
        kernel.HoldGroups = true;
        Read(kernel);
        kernel.Asked.OfType<ReadDone>().ShouldBeEmpty("it may be another instance's lane by now");
        var group = kernel.Asked.OfType<AppendGroup>().ShouldHaveSingleItem();
        kernel.Asked.Clear();

        kernel.Give(k => k.Committed([new LaneCommit(CommitOutcome.Fenced, 0, 0)], kernel.Now));

        group.Batches.ShouldHaveSingleItem().Rows.ShouldBeEmpty();
        kernel.Asked.OfType<ReadDone>().ShouldHaveSingleItem().Result.Failure!.Error
            .ShouldBe(ErrorCodes.LaneFenced);
    }

    [Fact]
    public void ReadAtThePrimary_InAnotherRegion_MakesItsAnswerFromTheStateThatWasSent()
    {
        var kernel = In(EntityMode.Pinned("b")).Linked(Link, "b", 0);
        Read(kernel);
        var ask = kernel.Sent<AskFrame>(Link).ShouldHaveSingleItem();
        ask.Command.ShouldBeEmpty();
        var state = Words().EncodeState(Words().Initial("x"));

        kernel.Give(k => k.Received(Link, new AnswerFrame(ask.Request, state, null)
        {
            StateVersion = Words().StateVersion, Count = 3,
        }, kernel.Now));

        kernel.Asked.OfType<ReadDone>().ShouldHaveSingleItem().Result.Value.ShouldBe(3ul);
    }

    [Fact]
    public void Reply_FromAnotherRegionThatCannotBeRead_MayTellSomethingPersonal()
    {
        var kernel = In(EntityMode.Pinned("b")).Linked(Link, "b", 0);
        var command = Command(decode: _ => throw new FormatException("'Lyon' is no number."));
        kernel.Give(k => k.Submit(command, kernel.Now));

        kernel.Give(k => k.Received(Link, new AnswerFrame(
            kernel.Sent<AskFrame>(Link).Single().Request, default, null), kernel.Now));

        kernel.Asked.OfType<ServiceCodeFailed>().ShouldHaveSingleItem().IsPersonal.ShouldBeTrue();
    }

    [Fact]
    public void ReadAtThePrimary_WhoseProjectionOpensAndThrows_MayTellSomethingPersonal()
    {
        var key = KernelSubjectTests.KeyOf("patient-4711", 1);
        var kernel = In(EntityMode.Pinned("b")).Linked(Link, "b", 0, givesKeys: true);
        kernel.Give(k => k.Received(Link, new SubjectKeysFrame([key]), kernel.Now));
        kernel.Receive(Link, 1, KernelSubjectTests.Made(1, key));
        var member = new Sealed<string>(
            SealedBox.Seal(key, Entity, B, 1, "name", new byte[SealedBox.NonceBytes], "\"Ada\""u8));
        foreach (var opens in new[] { true, false })
        {
            kernel.Give(k => k.Read(new ReadRequest
            {
                Entity = Entity, AtPrimary = true, DeadlineMilliseconds = 9_000,
                Project = view => throw new FormatException(!opens ? "word" : new QueryContext(view.Sealing)
                    .Open(member, Guide.GuestJson.Default.String).Match(name => name, why => why.ToString())),
            }, kernel.Now));
            kernel.Give(k => k.Received(Link, new AnswerFrame(kernel.Sent<AskFrame>(Link).Last().Request, default, null)
            {
                StateVersion = Words().StateVersion,
            }, kernel.Now));
        }

        kernel.Asked.OfType<ServiceCodeFailed>().Select(f => (f.Error.Message, f.IsPersonal))
            .ShouldBe([("Ada", true), ("word", false)]);
    }

    private static TestKernel In(EntityMode mode, Func<KernelOptions, KernelOptions>? adjust = null)
        => new(TestKernel.Three, Continuity.Clean, [], [], adjust) { Mode = mode };

    private static void Read(TestKernel kernel) => kernel.Give(k => k.Read(new ReadRequest
    {
        Entity = Entity, Project = view => view.Count, AtPrimary = true, DeadlineMilliseconds = 9_000,
    }, kernel.Now));

    private static CommandRequest Command(
        string key = "", bool cameFromPeer = false, Func<ReadOnlyMemory<byte>, object?>? decode = null) => new()
    {
        Entity = Entity, Command = "", IdempotencyKey = key, CameFromPeer = cameFromPeer,
        Handle = (_, _, _) => new Decision(["word"], _ => null, null, []), DeadlineMilliseconds = 9_000,
        Forwardable = new ForwardableCommand("say", () => [1, 2, 3], default, decode ?? (bytes => bytes.Length)),
    };
}
