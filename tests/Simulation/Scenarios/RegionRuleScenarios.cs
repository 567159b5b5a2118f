using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>What the rule of an entity says and does not say: to those whom it leaves out, about whom a write is in,
/// and when nobody is left whom it lets in.</summary>
public sealed class RegionRuleScenarios
{
    private const string First = "us-east-1";
    private const string Second = "eu-west-1";
    private const string Third = "ap-southeast-1";
    private static readonly EntityKey Parcel = new("parcel", "p");

    [Fact]
    public void Regions_RuleWithABatch_SaysNothingOfItsCommandToRegionsLeftOut()
    {
        var scene = Begin(3);
        var sent = new List<EventRecord>();
        scene.Group.Network.Sent = (_, frame) => sent.AddRange(frame is EventsFrame f ? f.Events
            : frame is FetchedFrame fetched ? fetched.Events : []);
        var secret = Handled(
            "patient-4711", Effect.Persist("901:secret").Tagged("diagnosis:hiv").KeptIn(First, Second));
        scene.Done(scene.A, secret with { Trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" });
        scene.Converge();

        EventRecord[] told = [.. sent.Concat(scene.Events(scene.C, Parcel))
            .Where(e => e.IsWithheld || e.PayloadName == RegionsChange.PayloadName)];
        told.Count(e => e.PayloadName == RegionsChange.PayloadName).ShouldBeGreaterThan(1, "or this shows nothing");
        told.ShouldAllBe(e => e.Tags.Count == 0 && e.IdempotencyKey == "" && e.TraceParent == "");
        scene.Events(scene.B, Parcel)[^1].Tags.ShouldBe(["diagnosis:hiv"]);
        scene.Done(scene.B, secret);
        scene.Converge();
        scene.Events(scene.B, Parcel).Count.ShouldBe(2, "the key is that of the batch");
    }

    [Fact]
    public void Regions_RuleWithABatchWrittenTwice_IsOneCommandAndARuleAloneKeepsItsKey()
    {
        var scene = Begin(3);
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        scene.Group.Network.Cut(scene.C.Name, scene.B.Name);
        scene.Done(scene.A, scene.Operation(Parcel, "twice", "k1") with { Regions = Only(First, Second) });
        scene.Done(scene.B, scene.Operation(Parcel, "twice", "k1") with { Regions = Only(First, Second) });
        scene.Converge();
        ((ulong)scene.Read(scene.A, Parcel).State).ShouldBe((ulong)scene.Read(scene.B, Parcel).State);
        foreach (var region in new[] { scene.A, scene.B })
            region.Disk.Conflicts.ShouldHaveSingleItem().Reason.ShouldContain("same idempotency key");

        var alone = Handled("k2", Effect.Persist().KeptIn(First, Second));
        scene.Done(scene.A, alone);
        scene.Converge();
        var rows = scene.Events(scene.B, Parcel).Count;
        scene.Done(scene.B, alone);
        scene.Done(scene.A, alone);
        scene.Events(scene.B, Parcel).Count.ShouldBe(rows);
    }

    [Fact]
    public void Regions_LevelOfARepeatedCommand_IsOfTheRuleUnderWhichItWasWritten()
    {
        var scene = Begin(3);
        scene.Group.Network.Isolate(scene.A.Name);
        var write = scene.Operation(Parcel, "wide", "k") with { Level = Acknowledgement.Majority };
        Answer(scene, scene.A, write).Failure!.Error.ShouldBe(ErrorCodes.NotAcknowledged);
        scene.Done(scene.A, scene.Operation(Parcel) with { Regions = Only(First) });

        Answer(scene, scene.A, write).Failure.ShouldNotBeNull("nobody else has it").Error
            .ShouldBe(ErrorCodes.NotAcknowledged);
        scene.Converge();
        scene.Done(scene.A, write);
        scene.Lines(scene.C, Parcel).ShouldContain(l => l.EndsWith(":wide", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Regions_LevelOfARepeatedCommand_CountsNobodyWhoseRegionHadAPlaceholder(bool isFinal)
    {
        var scene = Begin(3, o => o with { SnapshotRows = 1 });
        var write = scene.Operation(Parcel, "narrow", "k") with
        {
            Regions = Only(First, Second), Level = Acknowledgement.Regions(2),
        };
        if (!isFinal)
            scene.Group.Network.Isolate(scene.C.Name);
        scene.Done(scene.A, write);
        if (isFinal)
        {
            scene.Converge();
            scene.Done(scene.A, scene.Operation(Parcel)); // with it goes a snapshot
            scene.Converge();
            Restart(scene, scene.A);
        }
        scene.Done(scene.A, scene.Operation(Parcel) with { Regions = EntityFilter.None });
        scene.Read(scene.A, Parcel).Tail.Any(e => EventBook.Text(e).Contains("narrow")).ShouldBe(!isFinal);

        var more = Answer(scene, scene.A, write with { Level = Acknowledgement.Regions(3) }).Failure!;
        more.Error.ShouldBe(ErrorCodes.LevelImpossible);
        more.Message.ShouldContain("for 2 regions");
        Answer(scene, scene.A, write).Failure.ShouldBeNull();
        scene.Converge();
    }

    [Fact]
    public void Regions_GroupOfOne_RefusesRulesThatNobodyCouldRead()
    {
        var scene = Begin(1);
        Refused(Only("EU-West")).ShouldContain("EU-West");
        Refused(Only(First).Except(First)).ShouldContain("excludes every region that it includes");
        Refused(EntityFilter.None.Except(First)).ShouldContain("leaves out 'us-east-1'");
        Refused(Only()).ShouldContain("includes no region");
        Refused(Only([.. Enumerable.Range(1, 33).Select(i => $"r-{i}")])).ShouldContain("32 are the most");
        scene.Events(scene.A, Parcel).ShouldBeEmpty();

        scene.Done(scene.A, scene.Operation(Parcel) with { Regions = Only("eu-north-1") });
        Restart(scene, scene.A);
        scene.Done(scene.A, scene.Operation(Parcel));
        scene.Events(scene.A, Parcel).ShouldAllBe(e => e.Regions!.Admits("eu-north-1") && !e.Regions.Admits(Second),
            "who runs alone has all that there is, and later regions what the rule says");

        string Refused(EntityFilter rule)
        {
            var failure = Answer(scene, scene.A, scene.Operation(Parcel) with { Regions = rule }).Failure;
            failure.ShouldNotBeNull(rule.ToString());
            failure.Error.ShouldBe(ErrorCodes.InvalidFilter);
            return failure.Message;
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Regions_AskedRegionDoesNotHaveTheEntity_TheNextOneIsAsked(int answersAt)
    {
        var scene = Begin(4);
        scene.Done(scene.A, scene.Operation(Parcel) with { Regions = EntityFilter.None.Except(Third) });
        scene.Converge();
        var asked = new List<string>();
        scene.Group.Serve = (region, life, ask) =>
        {
            asked.Add(region.Name);
            var answer = new AnswerFrame(ask.Ask.Request, asked.Count >= answersAt
                ? TestTypes.Parcel.EncodeState(7ul) : default, asked.Count >= answersAt ? null
                : new Failure(ErrorCodes.Filtered, "It is being filled.", "Ask another region."))
            { StateVersion = TestTypes.Parcel.StateVersion };
            region.Enter(life, (kernel, now) => kernel.Answer(ask.Link, answer, now));
        };

        ((EntityView)Read().Value!).State.ShouldBe(7ul);
        asked.Distinct().Count().ShouldBe(answersAt);
        asked.Count.ShouldBe(answersAt);
        asked.Clear();
        answersAt = 9;
        Read().Failure!.Error.ShouldBe(ErrorCodes.Filtered);
        asked.Order(StringComparer.Ordinal).ShouldBe(["eu-west-1", "sa-east-1", "us-east-1"], ignoreOrder: false,
            "each is asked once");

        // What it shows is judged by no oracle: it is this test's own.
        RequestResult Read()
        {
            RequestResult? answer = null;
            scene.Group.Give(scene.C, new ReadRequest
            {
                Entity = Parcel, Project = view => view,
                DeadlineMilliseconds = scene.C.MonotonicMilliseconds + 5_000,
            }, (_, result) => answer = result);
            scene.RunUntil(() => answer is not null, "an answer");
            return answer!.Value;
        }
    }

    [Fact]
    public void Regions_LastRegionLetInIsRemoved_WholeOnesServeAndItsReturnTakesUpTheRule()
    {
        var scene = Voting(3);
        var (a, b, c) = (scene.A, scene.B, scene.C);
        scene.Done(a, scene.Operation(Parcel, "before"));
        scene.Converge();
        scene.Done(a, scene.Operation(Parcel) with { Regions = Only(First), Lines = [] });
        scene.Converge();
        scene.Write(b, Parcel).Failure!.Error.ShouldBe(ErrorCodes.Filtered);
        Lose(scene, a);

        scene.Done(c, scene.Operation(Parcel, "of C"));
        scene.Done(b, scene.Operation(Parcel, "of B") with { Level = Acknowledgement.Majority });
        scene.Converge();
        scene.Lines(c, Parcel).ShouldBe(scene.Lines(b, Parcel), ignoreOrder: true);
        scene.Events(c, Parcel).ShouldAllBe(e => !e.IsWithheld);
        var state = (ulong)scene.Read(b, Parcel).State;
        state.ShouldBe((ulong)scene.Read(c, Parcel).State);

        MembershipScenarios.Change(scene, b, MembershipChange.Add, a.Name).Failure.ShouldBeNull();
        var fresh = scene.Group.AddNew(a.Name);
        fresh.Start();
        scene.RunUntil(() => scene.TryRead(fresh, Parcel).Failure is null, "the region is back and has it", 60_000);
        ((ulong)scene.Read(fresh, Parcel).State).ShouldBe(state, "what was written meanwhile is for it, too");
        scene.Write(b, Parcel).Failure!.Error.ShouldBe(ErrorCodes.Filtered, "the rule lets in a member again");
        scene.Converge();
    }

    [Fact]
    public void Regions_LastRegionLetInIsRemoved_WhoWasLeftOutBeforeStaysSoUntilItIsOpened()
    {
        var scene = Voting(3);
        var (a, b, c) = (scene.A, scene.B, scene.C);
        scene.Done(a, scene.Operation(Parcel, "hidden") with { Regions = Only(First, Second) });
        scene.Converge();
        scene.Done(a, scene.Operation(Parcel) with { Regions = Only(First), Lines = [] });
        scene.Converge();
        Lose(scene, a);

        scene.Done(b, scene.Operation(Parcel, "of B"));
        scene.Converge();
        scene.Group.Run(20_000);
        scene.Group.Oracles.Of(c).IsPartial(Parcel).ShouldBeTrue("nobody has said that it may have that");
        scene.Lines(c, Parcel).ShouldContain(l => l.EndsWith(":of B", StringComparison.Ordinal));
        scene.Write(c, Parcel).Failure!.Error.ShouldBe(ErrorCodes.Filtered);
        var asked = scene.Group.Count(Probe.EntityForwarded);
        scene.TryRead(c, Parcel);
        scene.Group.Count(Probe.EntityForwarded).ShouldBe(asked + 1, "B answers");

        scene.Done(b, scene.Operation(Parcel, "opened") with { Regions = EntityFilter.None });
        scene.RunUntil(() => Answer(scene, c, scene.Operation(Parcel)).Failure is null, "C has all of it", 60_000);
        scene.Converge();
        scene.Lines(c, Parcel).ShouldBe(scene.Lines(b, Parcel), ignoreOrder: true);
    }

    [Fact]
    public void Regions_KeptOutOfAfterKeptIn_OpensTheEntityToNobody()
    {
        var scene = Begin(4);
        const string Fourth = "sa-east-1";
        scene.Done(scene.A, Handled("", Effect.Persist("901:hidden").KeptIn(First, Second, Fourth)));
        scene.Done(scene.A, Handled("", Effect.Persist("902:hidden").KeptOutOf(Second)));
        scene.Done(scene.A, Handled("", Effect.Persist("903:hidden").KeptOutOf(Fourth)));
        scene.Converge();
        Rule(scene).ShouldBe("only eu-west-1, sa-east-1, us-east-1, except eu-west-1, sa-east-1");
        scene.Lines(scene.C, Parcel).ShouldNotContain(l => l.Contains("hidden"));
        scene.Events(scene.B, Parcel).Count(e => e.IsWithheld).ShouldBe(2);

        scene.Done(scene.A, Handled("", Effect.Persist("904:more").KeptIn(First, Second)));
        Rule(scene).ShouldBe("only eu-west-1, us-east-1", "a new KeptIn says all of it anew");
        scene.Done(scene.A, Handled("", Effect.Persist("905:more").KeptEverywhere().KeptOutOf(Fourth)));
        Rule(scene).ShouldBe("every region, except sa-east-1");
        scene.Done(scene.A, Handled("", Effect.Persist("906:more").KeptOutOf(Second).KeptOutOf(Third)));
        Rule(scene).ShouldBe("every region, except ap-southeast-1, eu-west-1, sa-east-1");
        scene.Converge();
    }

    [Fact]
    public void Regions_KeptOutOfAnotherAfterOneIsRemoved_NamesOfTheRuleBeforeMayBeGone()
    {
        var scene = Voting(4);
        scene.Done(scene.A, Handled("", Effect.Persist("901:x").KeptOutOf(scene.D.Name)));
        scene.Converge();
        Lose(scene, scene.D);
        scene.Done(scene.A, Handled("", Effect.Persist("902:x").KeptOutOf(Third)));
        Answer(scene, scene.A, Handled("", Effect.Persist("903:x").KeptOutOf("sa-east-1"))).Failure!.Message
            .ShouldContain("the group has no region 'sa-east-1'");
        scene.Converge();
    }

    // The exception that the guide states: regions that are left out do not know keys, and have to know the rule.
    [Fact]
    public void Regions_RuleOfABatchThatDoesNotCount_MayHoldAndThenDoesSoEverywhere()
    {
        var scene = Begin(3);
        scene.Group.Network.Isolate(scene.B.Name);
        scene.Done(scene.A, scene.Operation(Parcel, "counts", "k") with { Regions = Only(First, Second) });
        scene.Group.Run(1_000);
        scene.Done(scene.B, scene.Operation(Parcel, "late", "k") with { Regions = EntityFilter.None.Except(Third) });
        scene.Converge();

        scene.Done(scene.A, scene.Operation(Parcel, "after"));
        scene.Done(scene.B, scene.Operation(Parcel, "after"));
        scene.Converge();
        foreach (var region in new[] { scene.A, scene.B })
            region.Disk.Conflicts.ShouldHaveSingleItem().Reason.ShouldContain("same idempotency key");
        foreach (var region in scene.Group.Regions)
        {
            scene.Events(region, Parcel).TakeLast(2).Select(e => e.Regions!.ToString()).Distinct()
                .ShouldHaveSingleItem().ShouldBe("every region, except ap-southeast-1");
        }
    }

    private static Scene Begin(int regions, Func<KernelOptions, KernelOptions>? adjust = null)
        => Declared(new Scene(regions, adjust));

    private static Scene Voting(int regions) => Declared(MembershipScenarios.Voting(regions));

    private static Scene Declared(Scene scene)
    {
        scene.Entities.Add(Parcel);
        scene.Group.Oracles.Book.RegionTypes.Add("parcel");
        return scene;
    }

    private static EntityFilter Only(params string[] regions) => EntityFilter.None.Only(regions);

    private static Operation Handled(string key, Persisting effect) => new(Parcel, [], key)
    {
        Handle = (_, _) => effect.ThenReply<object, string>(_ => "done").Decision,
    };

    private static RequestResult Answer(Scene scene, SimulatedRegion at, Operation operation)
    {
        var answer = scene.Begin(at, operation);
        scene.RunUntil(() => answer.Value is not null, "an answer");
        return answer.Value!.Value;
    }

    private static string Rule(Scene scene) => scene.Events(scene.A, Parcel)[^1].Regions!.ToString();

    private static void Lose(Scene scene, SimulatedRegion region)
    {
        region.Kill();
        scene.Group.Network.Isolate(region.Name);
        var by = scene.Group.Regions.First(r => r != region);
        MembershipScenarios.Change(scene, by, MembershipChange.Remove, region.Name).Failure.ShouldBeNull();
        scene.Group.Dismiss(region);
        scene.RunUntil(() => scene.Group.Regions.TrueForAll(r
            => r.Describe()?.Membership?.Regions.All(m => m.Region != region.Name || m.State == "Removed") == true),
            "all know it");
    }

    private static void Restart(Scene scene, SimulatedRegion region)
    {
        region.Stop();
        region.Start();
        scene.Group.Run(3_000);
    }
}
