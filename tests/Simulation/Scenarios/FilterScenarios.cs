using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Types that are not for every region, and what happens when that changes. The oracles fail when a region
/// takes what its filter leaves out, passes what it should have without noting it, or calls final what is
/// not.</summary>
public sealed class FilterScenarios
{
    [Fact]
    public void Filter_RegionLeftOut_PlaceholdersThereAndPayloadsElsewhere()
    {
        var scene = Begin(3, EntityFilter.InEpoch(1).Except(Third));
        for (var i = 0; i < 10; i++)
        {
            scene.Done(scene.A, Letter("l"), lines: 1 + (i % 3));
            scene.Done(scene.B, Letter("l"));
            scene.Done(scene.A, SameLane(Scene.Diary));
        }

        scene.Converge(); // frontiers pass what is left out: everything else becomes equal, and final
        scene.Lines(scene.B, Letter("l")).Length.ShouldBe(scene.Lines(scene.A, Letter("l")).Length);
        scene.Events(scene.C, Letter("l")).ShouldBeEmpty();
        scene.Events(scene.C, SameLane(Scene.Diary)).Count.ShouldBe(10);
        scene.Group.Oracles.Of(scene.C).IsClosed(Letter("l")).ShouldBeTrue();
        scene.Done(scene.A, Letter("l"), "last");
        scene.Read(scene.A, Letter("l")).Tail.ShouldHaveSingleItem("the others are final: C has seen them");
    }

    [Fact]
    public void Filter_RegionLeftOut_IsReadOnlyAndShowsNothing()
    {
        var scene = Begin(3, EntityFilter.InEpoch(1).Except(Third));
        scene.Done(scene.A, Letter("l"));
        scene.Converge();

        scene.Write(scene.C, Letter("l")).Failure!.Error.ShouldBe(ErrorCodes.Filtered);
        scene.TryRead(scene.C, Letter("l")).Failure!.Error.ShouldBe(ErrorCodes.Filtered);
        scene.Group.Count(Probe.FilteredForwarded).ShouldBe(1, "a read can be sent on, a command without a form not");
        scene.Events(scene.C, Letter("l")).ShouldBeEmpty();
    }

    [Fact]
    public void Filter_OpenedLater_EarlierEventsComeFirstAndInOrder()
    {
        var scene = Begin(3, EntityFilter.InEpoch(1).Except(Third), o => o with { PageRows = 4, SnapshotRows = 3 });
        for (var i = 0; i < 20; i++)
        {
            scene.Done(scene.A, Letter("l"), "before", lines: 1 + (i % 3));
            scene.Done(scene.B, Letter($"l{i}"), "before");
            scene.Done(scene.A, SameLane(Scene.Diary));
        }
        scene.Converge();

        Declare(scene, EntityFilter.InEpoch(2));
        Restart(scene, scene.B); // one region's deployment is enough: the others hear of it
        scene.Done(scene.A, Letter("l"), "after");
        scene.RunUntil(() => scene.Write(scene.C, Letter("l"), "third").Failure is null, "C takes commands again");

        var lines = scene.Lines(scene.C, Letter("l"));
        lines.Count(l => l.EndsWith(":before", StringComparison.Ordinal)).ShouldBe(39);
        lines[..39].ShouldAllBe(l => l.EndsWith(":before", StringComparison.Ordinal));
        lines[..39].ShouldBe(scene.Lines(scene.A, Letter("l"))[..39], "in the order of their author");
        scene.Converge();
        scene.Lines(scene.C, Letter("l7")).ShouldHaveSingleItem();
        scene.Group.Count(Probe.FillTaken).ShouldBeGreaterThan(0);
        scene.Group.Oracles.Alarms.GetValueOrDefault(AlarmKind.EventsMended).ShouldBe(0);
    }

    [Fact]
    public void Filter_ClosedLater_WhatWasThereStaysAndNothingMoreComes()
    {
        var scene = Begin(3, EntityFilter.None);
        scene.Done(scene.A, Letter("l"), "before");
        scene.Done(scene.C, Letter("l"), "third");
        scene.Converge();

        Declare(scene, EntityFilter.InEpoch(1).Only("us-east-1", "eu-west-1"));
        Restart(scene, scene.A);
        scene.RunUntil(() => scene.Group.Oracles.Of(scene.C).IsClosed(Letter("l")), "C knows");
        scene.Done(scene.B, Letter("l"), "after");
        scene.Converge();
        scene.Lines(scene.C, Letter("l")).Length.ShouldBe(2);

        Declare(scene, EntityFilter.InEpoch(2));
        Restart(scene, scene.C);
        scene.Converge();
        scene.Lines(scene.C, Letter("l")).Length.ShouldBe(3);
    }

    [Fact]
    public void Filter_OlderBuildDeployed_ChangesNothing()
    {
        var scene = Begin(2, EntityFilter.InEpoch(3).Except("eu-west-1"));
        scene.Done(scene.A, Letter("l"));
        scene.Converge();

        Declare(scene, EntityFilter.InEpoch(2));
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        Restart(scene, scene.B);
        scene.Group.Oracles.Of(scene.B).IsClosed(Letter("l")).ShouldBeTrue("nobody has to remind it");
        scene.Group.Network.Heal();
        Restart(scene, scene.A);
        Declare(scene, EntityFilter.None);
        Restart(scene, scene.B);
        scene.Done(scene.A, Letter("l"));
        scene.Converge();
        scene.Events(scene.B, Letter("l")).ShouldBeEmpty();
    }

    [Fact]
    public void Filter_OriginReachedThroughARegionThatIsLeftOut_RestIsFetchedOnceThereIsAWay()
    {
        var scene = Begin(3, EntityFilter.InEpoch(1).Except(Third));
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        scene.Done(scene.A, Letter("l"));
        scene.Done(scene.A, SameLane(Scene.Diary));

        scene.RunUntil(() => scene.Events(scene.B, SameLane(Scene.Diary)).Count == 1, "the rest comes through C");
        scene.RunUntil(() => !scene.Group.Oracles.Of(scene.B).IsWhole(Letter("l")), "B knows that it lacks something");
        scene.Done(scene.B, Letter("l"), "meanwhile"); // nobody called that final which it does not have
        scene.Group.Run(5_000);
        scene.Events(scene.B, Letter("l")).Count.ShouldBe(1, "who does not have it passes nothing on");

        scene.Converge();
        scene.Events(scene.B, Letter("l")).Count.ShouldBe(2);
    }

    [Fact]
    public void Filter_LevelOfAcknowledgement_CountsRegionsThatHaveIt()
    {
        var scene = Begin(3, EntityFilter.InEpoch(1).Except(Third));
        scene.Done(scene.A, SameLane(Scene.Diary));
        scene.Converge();
        var all = scene.Begin(scene.A, scene.Operation(Letter("l")) with { Level = Acknowledgement.Regions(3) });
        scene.RunUntil(() => all.Value is not null, "an answer");
        all.Value!.Value.Failure!.Error.ShouldBe(ErrorCodes.LevelImpossible);

        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        var both = scene.Begin(scene.A, scene.Operation(Letter("l")) with { Level = Acknowledgement.Regions(2) });
        scene.RunUntil(() => both.Value is not null, "an answer");
        both.Value!.Value.Failure!.Error.ShouldBe(ErrorCodes.NotAcknowledged, "C has seen it and does not have it");
        scene.Converge();
    }

    [Fact]
    public void Filter_OpenedAndOnlyHolderIsAway_RegionWaitsAndThenHasAll()
    {
        var scene = Begin(3, EntityFilter.InEpoch(1).Only("us-east-1"));
        for (var i = 0; i < 5; i++)
            scene.Done(scene.A, Letter("l"));
        scene.Converge();
        scene.A.Kill();

        Declare(scene, EntityFilter.InEpoch(2));
        Restart(scene, scene.B);
        Restart(scene, scene.C);
        scene.Group.Run(10_000);
        scene.Write(scene.B, Letter("l")).Failure!.Error.ShouldBe(ErrorCodes.Filtered,
            "others called final what it does not have");

        scene.Converge();
        scene.Lines(scene.C, Letter("l")).Length.ShouldBe(5);
        scene.Done(scene.B, Letter("l"));
    }

    [Fact]
    public void Filter_OpenedAndTheOnlyHolderLostItsDisk_WhatIsLeftIsTakenAndAnAlarmSaysSo()
    {
        var scene = Begin(3, EntityFilter.InEpoch(1).Only("us-east-1"));
        for (var i = 0; i < 5; i++)
        {
            scene.Done(scene.A, Letter("l"));
            scene.Done(scene.A, SameLane(Scene.Diary));
        }
        scene.Converge();
        scene.A.Kill();
        scene.Group.Oracles.RolledBack(scene.A, scene.A.Disk.RollBack(0));

        Declare(scene, EntityFilter.InEpoch(2));
        scene.A.Start();
        Restart(scene, scene.B);
        scene.RunUntil(() => scene.Write(scene.B, Letter("l")).Failure is null, "B waits for nobody any more", 60_000);
        scene.Group.Oracles.Alarms[AlarmKind.EventsLost].ShouldBeGreaterThan(0);
        scene.Converge();
        scene.Events(scene.A, SameLane(Scene.Diary)).Count.ShouldBe(5, "what others had came back");
    }

    [Fact]
    public void Filter_NotesLost_EverythingIsAskedForAgain()
    {
        var scene = Begin(2, EntityFilter.InEpoch(1).Except("eu-west-1"));
        scene.Done(scene.A, Letter("l"));
        scene.Done(scene.A, SameLane(Scene.Diary));
        scene.Converge();
        scene.B.Kill();
        scene.B.Disk.NotesDamaged = true;
        Declare(scene, EntityFilter.InEpoch(2));

        scene.Converge();
        scene.Events(scene.B, Letter("l")).Count.ShouldBe(1);
    }

    [Fact]
    public void Filter_OpenedWhereOneEntityIsDamaged_ItsTypeIsServedOnceThatIsMended()
    {
        var scene = Begin(3, EntityFilter.None);
        var damaged = SameLane(Letter);
        scene.Done(scene.A, Letter("l"));
        scene.Done(scene.A, damaged);
        scene.Converge();
        Declare(scene, EntityFilter.InEpoch(1).Except(Third));
        Restart(scene, scene.C);
        scene.Done(scene.A, Letter("l"), "after");
        scene.Done(scene.A, damaged, "after");
        scene.Converge();

        scene.C.Disk.Damaged.Add((damaged, 1));
        Declare(scene, EntityFilter.InEpoch(2));
        Restart(scene, scene.C);
        scene.Group.Run(10_000);
        scene.Write(scene.C, Letter("l"), "third").Failure!.Error.ShouldBe(ErrorCodes.Filtered);
        scene.TryRead(scene.C, damaged).Failure.ShouldNotBeNull();

        scene.C.Disk.Damaged.Clear();
        Restart(scene, scene.C);
        scene.RunUntil(() => scene.Write(scene.C, Letter("l"), "third").Failure is null, "C takes commands again");
        scene.Converge();
        scene.Lines(scene.C, damaged).Length.ShouldBe(2);
    }

    [Fact]
    public void Filter_AskedForByAPeerThatIsLeftOut_NothingIsSent()
    {
        var scene = Begin(2, EntityFilter.InEpoch(1).Except("eu-west-1"));
        for (var i = 0; i < 3; i++)
            scene.Done(scene.A, Letter("l"));
        scene.Converge();
        var origin = scene.Events(scene.A, Letter("l"))[0].Origin;
        var sent = new List<Frame>();
        scene.Group.Network.Sent = (from, frame) =>
        {
            if (from == scene.A.Name)
                sent.Add(frame);
        };

        Deliver(scene, new FetchFrame(90_001, Letter("l"), origin, 1, ulong.MaxValue));
        Deliver(scene, new SubscribeFrame(Letter("l").Lane, origin, 0, Stop: false));
        Deliver(scene, new FetchTypeFrame(90_002, Letter("l").Lane, new OpenedHistory("letter", origin, 0, 1_000)));
        scene.Group.Run(40_000); // it compares what it holds meanwhile, too

        sent.OfType<FetchedFrame>().Count().ShouldBe(2, "both questions are answered");
        sent.OfType<FetchedFrame>().ShouldAllBe(f => f.Events.Count == 0);
        sent.OfType<EventsFrame>().ShouldAllBe(f => f.Events.All(e => e.Entity.Type != "letter"));
        sent.OfType<DigestsFrame>().ShouldAllBe(f => f.Entities.All(d => d.Entity.Type != "letter"));
    }

    [Fact]
    public void Filter_TwoRulesInOneEpoch_OneIsInForceEverywhereAndAnAlarmSaysSo()
    {
        var scene = Begin(2, EntityFilter.None);
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        Declare(scene, EntityFilter.InEpoch(1).Except("us-east-1"));
        Restart(scene, scene.B);
        Declare(scene, EntityFilter.InEpoch(1).Except("eu-west-1"));
        Restart(scene, scene.A);

        Declare(scene, EntityFilter.None);
        scene.Group.Network.Heal();
        scene.Group.Run(5_000);
        scene.Converge();
        scene.Group.Oracles.Alarms[AlarmKind.FiltersDiffer].ShouldBeGreaterThan(0);
        new[] { scene.A, scene.B }.Count(r => scene.Write(r, Letter("l")).Failure is null).ShouldBe(1);
    }

    [Fact]
    public void Start_FilterNamesARegionThatIsNotThere_IsRefusedOnceAndOnlyThen()
    {
        var scene = Begin(2, EntityFilter.None);
        Declare(scene, EntityFilter.InEpoch(1).Except("eu-west-9"));
        scene.A.Stop();
        Should.Throw<PelagoException>(scene.A.Start).Failure.Error.ShouldBe(ErrorCodes.InvalidFilter);
        Declare(scene, EntityFilter.InEpoch(1).Except("us-east-1", "eu-west-1"));
        Should.Throw<PelagoException>(scene.A.Start).Failure.Error.ShouldBe(ErrorCodes.InvalidFilter);

        Declare(scene, EntityFilter.InEpoch(1).Except("eu-west-1"));
        scene.A.Start();
        scene.Group.Run(2_000);
        Declare(scene, EntityFilter.InEpoch(1).Except("us-east-1", "eu-west-1"));
        Restart(scene, scene.A); // what the journal knows is in force, and nobody is kept from starting by it
        scene.Group.Oracles.Alarms[AlarmKind.FiltersDiffer].ShouldBe(1);
        scene.Group.Oracles.Of(scene.B).IsClosed(Letter("l")).ShouldBeTrue();
        scene.Done(scene.A, Letter("l"));
    }

    [Fact]
    public void Start_OfTheRegionWhoseRuleLost_FollowsTheOtherRuleAndAlarms()
    {
        var scene = Begin(2, EntityFilter.None);
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        var (ofA, ofB) = (EntityFilter.InEpoch(1).Except("eu-west-1"), EntityFilter.InEpoch(1).Except("us-east-1"));
        Declare(scene, ofB);
        Restart(scene, scene.B);
        Declare(scene, ofA);
        Restart(scene, scene.A);
        scene.Group.Network.Heal();
        scene.Group.Run(5_000);
        var closed = scene.Group.Oracles.Of(scene.A).IsClosed(Letter("l"));
        closed.ShouldNotBe(scene.Group.Oracles.Of(scene.B).IsClosed(Letter("l")), "one of the two is in force");

        Declare(scene, closed ? ofA : ofB); // the build that the loser runs
        var loser = closed ? scene.A : scene.B;
        var alarms = scene.Group.Oracles.Alarms[AlarmKind.FiltersDiffer];
        loser.Kill();
        loser.Start();
        scene.Group.Run(5_000);

        scene.Group.Oracles.Alarms[AlarmKind.FiltersDiffer].ShouldBeGreaterThan(alarms);
        scene.Group.Oracles.Of(scene.A).IsClosed(Letter("l")).ShouldBe(closed);
        scene.Group.Oracles.Of(scene.B).IsClosed(Letter("l")).ShouldBe(!closed);
        Declare(scene, EntityFilter.InEpoch(2));
        Restart(scene, loser);
        scene.Converge();
    }

    private const string Third = "ap-southeast-1";

    private static Scene Begin(
        int regions, EntityFilter filter, Func<KernelOptions, KernelOptions>? adjust = null)
    {
        var scene = new Scene(regions, adjust, start: false);
        scene.Group.Oracles.Book.FilteredTypes.Add("letter");
        Declare(scene, filter);
        scene.Group.Start();
        return scene;
    }

    private static void Declare(Scene scene, EntityFilter filter)
        => scene.Group.Declare(TestTypes.Letter.For(filter));

    private static void Restart(Scene scene, SimulatedRegion region)
    {
        region.Stop();
        region.Start();
        scene.Group.Run(3_000);
    }

    private static void Deliver(Scene scene, Frame frame)
    {
        var link = scene.A.Links.Values.Select(l => l.End).Where(e => e.Dialled is null).MaxBy(e => e.Number)!;
        scene.A.Enter(scene.A.Life, (kernel, now) => kernel.Received(link.Number, frame, now));
    }

    private static EntityKey Letter(string id) => new("letter", id);

    private static EntityKey SameLane(Func<string, EntityKey> name) => Enumerable.Range(0, 10_000)
        .Select(i => name($"d{i}")).First(e => e.Lane == Letter("l").Lane);
}
