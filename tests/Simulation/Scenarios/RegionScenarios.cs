using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Entities that are not for every region, and what happens when that changes. The oracles fail when a region
/// stores what an entity's rule withholds, or keeps a placeholder of what is for it.</summary>
public sealed class RegionScenarios
{
    private const string First = "us-east-1";
    private const string Second = "eu-west-1";
    private const string Third = "ap-southeast-1";

    [Fact]
    public void Regions_OneLeftOut_PlaceholdersThereAndPayloadsElsewhere()
    {
        var scene = Begin(3);
        scene.Done(scene.A, Only(scene, Parcel(), "first", First, Second));
        scene.Converge();
        for (var i = 0; i < 10; i++)
        {
            scene.Done(scene.B, Parcel());
            scene.Done(scene.A, Parcel("other"));
        }

        scene.Converge(); // everybody has seen everything, and all is final
        scene.Lines(scene.B, Parcel()).ShouldBe(scene.Lines(scene.A, Parcel()), ignoreOrder: true);
        scene.Events(scene.C, Parcel()).Count(e => e.IsWithheld).ShouldBe(11, "one row for each event");
        scene.Events(scene.C, Parcel()).Single(e => !e.IsWithheld).PayloadName.ShouldBe(RegionsChange.PayloadName);
        scene.Lines(scene.C, Parcel("other")).Length.ShouldBe(10);
        scene.Done(scene.A, Parcel(), "last");
        scene.Read(scene.A, Parcel()).Tail.ShouldHaveSingleItem("the others are final: C has seen them");
    }

    [Fact]
    public void Regions_LeftOut_IsReadOnlyAndShowsNothing()
    {
        var scene = Begin(3);
        scene.Done(scene.A, Parcel(), "before");
        scene.Converge();
        scene.Done(scene.A, Except(scene, Parcel(), Third));
        scene.Converge();

        scene.Write(scene.C, Parcel()).Failure!.Error.ShouldBe(ErrorCodes.Filtered);
        scene.TryRead(scene.C, Parcel()).Failure!.Error.ShouldBe(ErrorCodes.Filtered);
        scene.Group.Count(Probe.EntityForwarded).ShouldBe(1, "a read can be sent on, a command without a form not");
        scene.Lines(scene.C, Parcel()).ShouldContain(l => l.EndsWith(":before", StringComparison.Ordinal),
            "what was there stays");
        scene.Done(scene.C, Parcel("other"));
    }

    [Fact]
    public void Regions_OpenedLater_EarlierEventsAreFoldedFirstAndInOrder()
    {
        var scene = Begin(3, o => o with { PageBytes = 400, SnapshotRows = 3 });
        scene.Done(scene.A, Only(scene, Crate(), "first", First, Second));
        scene.Converge();
        for (var i = 0; i < 20; i++)
        {
            scene.Done(scene.A, Crate(), "before", lines: 1 + (i % 3));
            scene.Done(scene.B, Crate(), "before");
        }
        scene.Converge();

        scene.Done(scene.B, Everywhere(scene, Crate()));
        scene.Done(scene.A, Crate(), "after");
        scene.RunUntil(() => scene.Write(scene.C, Crate(), "third").Failure is null, "C takes commands again");

        scene.Converge();
        scene.Group.Oracles.Of(scene.C).IsPartial(Crate()).ShouldBeFalse();
        scene.Events(scene.C, Crate()).Count.ShouldBe(scene.Events(scene.A, Crate()).Count);
        var state = (string)scene.Read(scene.C, Crate()).State;
        state.ShouldBe((string)scene.Read(scene.A, Crate()).State, "it counts what is applied before its cause");
        Restart(scene, scene.C);
        ((string)scene.Read(scene.C, Crate()).State).ShouldBe(state);
        scene.Group.Oracles.Alarms.GetValueOrDefault(AlarmKind.EventsMended).ShouldBe(0);
    }

    [Fact]
    public void Regions_IncludedAndExcluded_ExcludedWins()
    {
        var scene = Begin(3);
        scene.Done(scene.A, scene.Operation(Parcel(), "both") with
        {
            Regions = EntityFilter.None.Only(First, Second, Third).Except(Third),
        });
        scene.Converge();
        scene.Events(scene.C, Parcel()).Count(e => e.IsWithheld).ShouldBe(1);
    }

    [Fact]
    public void Regions_RuleThatCannotBe_IsRefusedAndNothingChanges()
    {
        var scene = Begin(2);
        scene.Done(scene.A, Parcel());
        Refused(Only(scene, Parcel(), "note", First, "mars")).ShouldContain("the group has no region 'mars'");
        Refused(Only(scene, Parcel(), "note", Second)).ShouldContain("leaves out 'us-east-1'");
        Refused(Except(scene, Parcel(), First)).ShouldContain("leaves out 'us-east-1'");
        Refused(scene.Operation(Parcel()) with { Regions = EntityFilter.None.Only(First).Except(First) })
            .ShouldContain("excludes every region that it includes");
        scene.Events(scene.A, Parcel()).ShouldHaveSingleItem().Regions.ShouldBeNull();

        var diary = scene.Begin(scene.A, Except(scene, Scene.Diary(), Second));
        scene.RunUntil(() => diary.Value is not null, "an answer");

        string Refused(Operation operation)
        {
            var answer = scene.Begin(scene.A, operation);
            scene.RunUntil(() => answer.Value is not null, "an answer");
            answer.Value!.Value.Failure!.Error.ShouldBe(ErrorCodes.InvalidFilter);
            return answer.Value!.Value.Failure!.Message;
        }
    }

    [Fact]
    public void Regions_OriginReachedThroughARegionThatIsLeftOut_IsOwedAndPassedOnByNobodyWithoutIt()
    {
        var scene = Begin(3);
        scene.Done(scene.A, Except(scene, Parcel(), Third));
        scene.Converge();
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        var hidden = scene.Done(scene.A, Parcel(), "hidden");
        scene.Done(scene.A, Parcel("other"));

        scene.RunUntil(() => scene.Events(scene.B, Parcel("other")).Count == 1, "the rest comes through C");
        scene.Done(scene.B, Parcel(), "meanwhile");
        scene.Group.Run(5_000);
        scene.Knows(scene.B, hidden).ShouldBeFalse("C does not have it");
        scene.Group.Count(Probe.WithheldOwed).ShouldBeGreaterThan(0);

        scene.Converge();
        scene.Lines(scene.B, Parcel()).Length.ShouldBe(4);
    }

    [Fact]
    public void Regions_LevelOfAcknowledgement_CountsRegionsThatHaveIt()
    {
        var scene = Begin(3);
        scene.Done(scene.A, Except(scene, Parcel(), Third));
        scene.Converge();
        var all = scene.Begin(scene.A, scene.Operation(Parcel()) with { Level = Acknowledgement.Regions(3) });
        scene.RunUntil(() => all.Value is not null, "an answer");
        all.Value!.Value.Failure!.Error.ShouldBe(ErrorCodes.LevelImpossible);

        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        var both = scene.Begin(scene.A, scene.Operation(Parcel()) with { Level = Acknowledgement.Regions(2) });
        scene.RunUntil(() => both.Value is not null, "an answer");
        both.Value!.Value.Failure!.Error.ShouldBe(ErrorCodes.NotAcknowledged, "C has seen it and does not have it");
        scene.Converge();
    }

    [Fact]
    public void Regions_ChangedOnBothSidesOfACut_OneRuleHoldsAndWhatItLetsInIsFilled()
    {
        var scene = Begin(3);
        scene.Done(scene.A, Parcel());
        scene.Converge();
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        scene.Group.Network.Cut(scene.A.Name, scene.C.Name);
        scene.Done(scene.A, Except(scene, Parcel(), Third));
        scene.Done(scene.A, Parcel(), "hidden");
        scene.Done(scene.B, Except(scene, Parcel(), First));
        scene.Done(scene.B, Everywhere(scene, Parcel())); // the higher epoch
        scene.Converge();
        scene.Read(scene.C, Parcel()).Count.ShouldBe(scene.Read(scene.A, Parcel()).Count);
        scene.Done(scene.C, Parcel());
    }

    [Fact]
    public void Regions_OpenedAndTheOnlyHolderIsAway_RegionWaitsAndThenHasAll()
    {
        var scene = Begin(3);
        for (var i = 0; i < 5; i++)
            scene.Done(scene.A, Only(scene, Parcel(), "note", First));
        scene.Done(scene.A, Everywhere(scene, Parcel()));
        scene.RunUntil(() => scene.Events(scene.B, Parcel()).Any(e => e.Regions is { IsSelective: false }), "B knows");
        scene.A.Kill();
        scene.Group.Run(20_000);
        scene.Write(scene.B, Parcel()).Failure!.Error.ShouldBe(ErrorCodes.Filtered);

        scene.Converge();
        scene.Lines(scene.B, Parcel()).Length.ShouldBe(scene.Lines(scene.A, Parcel()).Length);
        scene.Done(scene.B, Parcel());
    }

    [Fact]
    public void Regions_OpenedAndTheOnlyHolderLostItsDisk_IsGivenUpWithAnAlarm()
    {
        var scene = Begin(3);
        for (var i = 0; i < 3; i++)
            scene.Done(scene.A, Only(scene, Parcel(), "hidden", First));
        scene.Converge();
        scene.A.Kill();
        scene.Group.Oracles.RolledBack(scene.A, scene.A.Disk.RollBack(0));
        scene.A.Start();
        scene.RunUntil(() => scene.Write(scene.A, Parcel()).Failure is null, "A begins anew", 60_000);
        for (var i = 0; i < 4; i++)
            scene.Done(scene.A, Everywhere(scene, Parcel())); // a higher epoch than was lost

        scene.Converge();
        scene.Group.Count(Probe.FillMissing).ShouldBeGreaterThan(0);
        scene.Group.Oracles.Alarms[AlarmKind.EventsLost].ShouldBeGreaterThan(0);
        foreach (var region in scene.Group.Regions)
            scene.Group.Oracles.Of(region).GivenUp(Parcel()).ShouldBe(3, region.Name);
        scene.Done(scene.B, Parcel());
        scene.Converge();
    }

    [Fact]
    public void Regions_RestartedWhilePartial_IsFilledByTheComparisonAlone()
    {
        var scene = Begin(2, o => o with { CompareMilliseconds = 500 });
        scene.Done(scene.A, Only(scene, Parcel(), "hidden", First));
        scene.Converge();
        scene.Done(scene.A, Everywhere(scene, Parcel()));
        scene.RunUntil(() => scene.Group.Oracles.Of(scene.B) is var b && !b.IsApart(Parcel()), "B knows");
        scene.B.Kill();
        scene.Group.Oracles.Of(scene.B).IsPartial(Parcel()).ShouldBeTrue("or this shows nothing");
        scene.B.Start();
        scene.RunUntil(() => !scene.Group.Oracles.Of(scene.B).IsPartial(Parcel()), "nobody asked for it", 60_000);
        scene.Converge();
    }

    [Fact]
    public void Regions_AskedForByAPeerThatIsLeftOut_PlaceholdersAreSent()
    {
        var scene = Begin(2);
        scene.Done(scene.A, Only(scene, Parcel(), "hidden", First));
        scene.Done(scene.A, Parcel(), "hidden");
        scene.Converge();
        var origin = scene.Events(scene.A, Parcel())[0].Origin;
        var sent = new List<Frame>();
        scene.Group.Network.Sent = (from, frame) =>
        {
            if (from == scene.A.Name)
                sent.Add(frame);
        };
        var link = scene.A.Links.Values.Select(l => l.End).Where(e => e.Dialled is null).MaxBy(e => e.Number)!;
        foreach (var frame in new Frame[]
        {
            new FetchFrame(90_001, Parcel(), origin, 1, ulong.MaxValue),
            new SubscribeFrame(Parcel().Lane, origin, 0, Stop: false),
            new FetchTypeFrame(90_002, Parcel().Lane, new OpenedHistory("parcel", origin, 0, 1_000)),
        })
            scene.A.Enter(scene.A.Life, (kernel, now) => kernel.Received(link.Number, frame, now));
        scene.Group.Run(10_000);

        sent.OfType<FetchedFrame>().Count().ShouldBe(2, "both questions are answered");
        EventRecord[] events = [.. sent.OfType<FetchedFrame>().SelectMany(f => f.Events),
            .. sent.OfType<EventsFrame>().SelectMany(f => f.Events)];
        events.Count(e => e.IsWithheld).ShouldBeGreaterThan(0);
        events.ShouldAllBe(e => e.Payload.IsEmpty);
    }

    private static Scene Begin(int regions, Func<KernelOptions, KernelOptions>? adjust = null)
    {
        var scene = new Scene(regions, adjust);
        scene.Group.Oracles.Book.RegionTypes.UnionWith(["parcel", "crate"]);
        return scene;
    }

    private static Operation Only(Scene scene, EntityKey entity, string body, params string[] regions)
        => scene.Operation(entity, body) with { Regions = EntityFilter.None.Only(regions) };

    private static Operation Except(Scene scene, EntityKey entity, params string[] regions)
        => scene.Operation(entity) with { Regions = EntityFilter.None.Except(regions) };

    private static Operation Everywhere(Scene scene, EntityKey entity)
        => scene.Operation(entity) with { Regions = EntityFilter.None };

    private static void Restart(Scene scene, SimulatedRegion region)
    {
        region.Stop();
        region.Start();
        scene.Group.Run(3_000);
    }

    private static EntityKey Parcel(string id = "p") => id == "p" ? new("parcel", id) : Enumerable.Range(0, 10_000)
        .Select(i => new EntityKey("parcel", $"{id}{i}")).First(e => e.Lane == new EntityKey("parcel", "p").Lane);

    private static EntityKey Crate() => new("crate", "c");
}
