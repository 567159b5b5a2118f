using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>How a command that seals waits for its keys, and what a region says of the keys it holds.</summary>
public sealed class KeyHoldersTests
{
    private const long OfB = 7;
    private const long OfC = 8;
    private const string Subject = "patient-4711";
    private static readonly SubjectKey Key = NewKey();

    [Fact]
    public void Write_InTwoRegions_IsAnsweredOnceOneOtherHoldsEventsAndKey()
    {
        var kernel = New().Give(k => k.Submit(Sealing(2), new Moment(1_000_000, 1_000)));
        var ask = kernel.Sent<SubjectKeysHeldAskFrame>(OfB).ShouldHaveSingleItem("it does not wait for a report");
        ask.Names.ShouldHaveSingleItem().Subject.ShouldBe(Subject);
        Report(kernel, OfB, "b");
        kernel.Asked.OfType<CommandDone>().ShouldBeEmpty("the events are there, and the key may not be");

        Held(kernel, OfB, ask);

        kernel.Asked.OfType<CommandDone>().ShouldHaveSingleItem().Result.Failure.ShouldBeNull();
        kernel.Idle(10_000, OfB, OfC);
        kernel.Sent<SubjectKeysHeldAskFrame>(OfB).ShouldHaveSingleItem("nobody waits any more");
    }

    [Fact]
    public void Write_WhoseKeysAreHeldFirst_StillWaitsForItsEvents()
    {
        var kernel = New().Give(k => k.Submit(Sealing(2), new Moment(1_000_000, 1_000)));
        Held(kernel, OfB, kernel.Sent<SubjectKeysHeldAskFrame>(OfB).Single());
        kernel.Asked.OfType<CommandDone>().ShouldBeEmpty();

        Report(kernel, OfB, "b");

        kernel.Asked.OfType<CommandDone>().ShouldHaveSingleItem().Result.Failure.ShouldBeNull();
    }

    [Fact]
    public void Holder_WhoseNextProcessAnswers_IsAskedAgainAndNotCountedBeforeItSaysSo()
    {
        var kernel = New().Give(k => k.Submit(Sealing(3), new Moment(1_000_000, 1_000)));
        var ask = kernel.Sent<SubjectKeysHeldAskFrame>(OfB).Single();
        Held(kernel, OfB, ask);
        kernel.Give(k => k.LinkClosed(OfB, kernel.Now)).Linked(9, "b", holds: 0, givesKeys: true, session: 61);
        Held(kernel, OfC, ask);
        Report(kernel, OfC, "c");
        Report(kernel, 9, "b");
        kernel.Asked.OfType<CommandDone>().ShouldBeEmpty("it may have been set back to before the key");

        Held(kernel, 9, kernel.Sent<SubjectKeysHeldAskFrame>(9).ShouldHaveSingleItem());

        kernel.Asked.OfType<CommandDone>().ShouldHaveSingleItem().Result.Failure.ShouldBeNull();
    }

    [Fact]
    public void Write_ThatIsNotConfirmedInTime_SaysThatTheKeysAreLacking()
    {
        var kernel = New().Give(k => k.Submit(Sealing(2), new Moment(1_000_000, 1_000)));
        Report(kernel, OfB, "b");
        kernel.Idle(9_000, OfB, OfC);

        var failure = kernel.Asked.OfType<CommandDone>().ShouldHaveSingleItem().Result.Failure!;
        failure.Error.ShouldBe(ErrorCodes.NotAcknowledged);
        failure.Message.ShouldContain("the keys of what is sealed in it are in 2 regions");
        failure.Next.ShouldEndWith("Not yet heard of: b, c.");
        kernel.Sent<SubjectKeysHeldAskFrame>(OfB).Count().ShouldBeInRange(4, 8, "it asks again, with pauses");
    }

    // Of the event nothing but the state is left to look at.
    [Fact]
    public void Write_WhoseEventsAreInTheBase_StillWaitsForItsKeyWhenItIsRepeated()
    {
        var kernel = New().Give(k => k.Submit(Sealing(1, "k"), new Moment(1_000_000, 1_000)));
        Report(kernel, OfB, "b");
        Report(kernel, OfC, "c");
        kernel.Write(); // with its group the base advances over what is final
        Report(kernel, OfB, "b", through: 2);
        kernel.Give(k => k.Submit(Sealing(2, "k"), kernel.Now));

        kernel.Asked.OfType<CommandDone>().Count().ShouldBe(2, "the third waits");
        Held(kernel, OfC, kernel.Sent<SubjectKeysHeldAskFrame>(OfC).ShouldHaveSingleItem());
        kernel.Asked.OfType<CommandDone>().Last().Result.Failure.ShouldBeNull();
        kernel.Asked.OfType<CommandDone>().Count().ShouldBe(3);
        kernel.Kernel.Probes[Probe.BaseAdvanced].ShouldBePositive();
    }

    [Fact]
    public void Write_InTheRegionThatHasTheEventsOnly_AsksNobodyAboutKeys()
    {
        var kernel = New().Give(k => k.Submit(Sealing(1), new Moment(1_000_000, 1_000)));

        kernel.Asked.OfType<CommandDone>().ShouldHaveSingleItem().Result.Failure.ShouldBeNull();
        kernel.Sent<SubjectKeysHeldAskFrame>(OfB).ShouldBeEmpty();
    }

    [Fact]
    public void Key_AskedAboutBeforeItIsHere_IsToldOnceItIsDurableAndNotBefore()
    {
        var kernel = New().Accepted(9, "b", givesKeys: true);
        kernel.Give(k => k.Received(9, new SubjectKeysHeldAskFrame([NameOf(Key)]), kernel.Now));
        kernel.Sent<SubjectKeysHeldFrame>(9).ShouldBeEmpty();
        kernel.HoldGroups = true;
        kernel.Give(k => k.Received(OfB, new SubjectKeysFrame([Key]), kernel.Now));
        kernel.Receive(OfB, 1, Made(Key));
        kernel.Give(k => k.Received(9, new SubjectKeysHeldAskFrame([NameOf(Key)]), kernel.Now));
        kernel.Sent<SubjectKeysHeldFrame>(9).ShouldBeEmpty("its group is under way");

        kernel.HoldGroups = false;
        kernel.Commit();

        kernel.Sent<SubjectKeysHeldFrame>(9).ShouldNotBeEmpty();
        kernel.Sent<SubjectKeysHeldFrame>(9).SelectMany(f => f.Names).ShouldAllBe(n => n == NameOf(Key));
    }

    [Fact]
    public void Key_WhoseGroupFails_IsNotToldToBeHeld()
    {
        var kernel = New().Accepted(9, "b", givesKeys: true);
        kernel.Give(k => k.Received(9, new SubjectKeysHeldAskFrame([NameOf(Key)]), kernel.Now));
        kernel.HoldGroups = true;
        kernel.Give(k => k.Received(OfB, new SubjectKeysFrame([Key]), kernel.Now));
        kernel.Receive(OfB, 1, Made(Key));
        kernel.FailGroups = true;
        kernel.Commit();

        kernel.Sent<SubjectKeysHeldFrame>(9).ShouldBeEmpty();
    }

    [Fact]
    public void Keys_AskedAboutInAFlood_AreReadAndRememberedWithinABound()
    {
        var kernel = New(o => o with { MaxServedSubjectKeys = 64, MaxWantedSubjectKeys = 8 })
            .Accepted(9, "b", givesKeys: true);
        kernel.HoldLoads = true;
        for (var i = 0; i < 50; i++)
        {
            var part = i;
            kernel.Give(k => k.Received(9, new SubjectKeysHeldAskFrame([.. Enumerable.Range(0, 64)
                .Select(n => new SubjectKeyName($"s{part}-{n}", default))]), kernel.Now));
        }

        kernel.Asked.OfType<LoadEntity>().Count().ShouldBe(64, "what is read for a flood is bounded");
        kernel.Load().Sent<SubjectKeysHeldFrame>(9).ShouldBeEmpty();
        kernel.Sent<GoodbyeFrame>(9).ShouldBeEmpty();
    }

    private static TestKernel New(Func<KernelOptions, KernelOptions>? adjust = null)
        => new TestKernel(TestKernel.Three, Continuity.Clean, [], [], o =>
        {
            var secret = o with { Secrets = bytes => bytes.AsSpan().Fill(7) };
            return adjust?.Invoke(secret) ?? secret;
        }).Linked(OfB, "b", holds: 0, givesKeys: true).Linked(OfC, "c", holds: 0, givesKeys: true);

    private static void Report(TestKernel kernel, long link, string region, ulong through = 1)
        => kernel.Give(k => k.Received(link, new ReportFrame(Entity.Lane, new Origin(region, new Incarnation(1)), 0,
            [new LaneHolding(Entity.Lane, A, through)]), kernel.Now));

    private static void Held(TestKernel kernel, long link, SubjectKeysHeldAskFrame ask)
        => kernel.Give(k => k.Received(link, new SubjectKeysHeldFrame(ask.Names), kernel.Now));

    private static CommandRequest Sealing(int regions, string key = "") => new()
    {
        Entity = Entity, Command = "", DeadlineMilliseconds = 9_000, IdempotencyKey = key,
        Acknowledgement = Acknowledgement.Regions(regions),
        Handle = (_, _, context) =>
        {
            var member = context.Seal(Subject, "name", "Ada", Guide.GuestJson.Default.String);
            return new Decision([$"{{\"box\":\"{Convert.ToBase64String(member.Box.Span)}\"}}"], _ => null, null, []);
        },
    };

    private static SubjectKeyName NameOf(SubjectKey key) => new(key.Subject.Id, key.Id);

    private static SubjectKey NewKey()
    {
        var key = new byte[SubjectKey.KeyBytes];
        return new SubjectKey(SubjectType.KeyOf(Subject), SubjectKeyId.Of(Subject, key), key);
    }

    private static EventRecord Made(SubjectKey key) => new()
    {
        Entity = key.Subject, Origin = B, Sequence = 1, Vector = Saw((B, 1)), Timestamp = HybridTimestamp.At(1_001),
        PayloadName = "subject-key-made", OriginPosition = 1,
        Payload = System.Text.Encoding.UTF8.GetBytes("{\"key\":\"" + key.Id + "\"}"),
    };
}
