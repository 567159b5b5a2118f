using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Effects of final events: when, where, how often, and what they are told.</summary>
public sealed class FinalEffectScenarios
{
    private static readonly EntityKey Deal = new(TestTypes.Deal.Name, "d");
    private static readonly EntityKey Receipts = EffectOracle.ReceiptsOf(Deal);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Effect_ProcessDiesBeforeItIsRecorded_RunsAgainAndHappensOnce(bool newLife)
    {
        var scene = Begin(2);
        scene.Done(scene.A, Deal, "10");
        scene.RunUntil(() => scene.Lines(scene.A, Receipts).Length == 1, "the receipt");
        scene.A.Disk.State.Lanes[Deal.Lane].Marks.Values.ShouldAllBe(m => m.Position == 0, "else this shows nothing");

        scene.A.Kill();
        if (newLife)
            scene.A.Disk.LoseGuard();
        var runs = scene.Group.Effects.Runs;
        scene.A.Start();
        scene.RunUntil(() => scene.Group.Effects.Runs > runs, "the effect again");
        Finish(scene);

        scene.Lines(scene.B, Receipts).ShouldHaveSingleItem();
        scene.A.Kill();
        runs = scene.Group.Effects.Runs;
        scene.A.Start();
        scene.Group.Run(5_000);
        scene.Group.Effects.Runs.ShouldBe(runs, "it is recorded");
    }

    [Fact]
    public void Effect_ThatHangsUntilItsProcessDies_RunsAgain()
    {
        var scene = Begin(1);
        scene.Group.Effects.Hang = true;
        scene.Done(scene.A, Deal, "10");
        scene.RunUntil(() => scene.Group.Effects.Runs == 1, "the effect");
        scene.Group.Run(5_000);
        scene.A.Kill();
        scene.Group.Effects.Hang = false;

        Finish(scene);

        scene.Lines(scene.A, Receipts).ShouldHaveSingleItem();
    }

    [Fact]
    public void Effect_ProcessDiesRightAfterItsFirstWrite_IsNotForgotten()
    {
        var scene = Begin(1);
        scene.Done(scene.A, Deal, "10");
        scene.A.Kill();
        scene.Group.Effects.Runs.ShouldBe(0, "else this shows nothing");

        Finish(scene);

        scene.Lines(scene.A, Receipts).ShouldHaveSingleItem();
    }

    [Fact]
    public void Effect_ARegionIsAway_WaitsForIt()
    {
        var scene = Begin(3);
        scene.Group.Network.Isolate(scene.C.Name);
        var written = scene.Done(scene.A, Deal, "10");
        scene.RunUntil(() => scene.Knows(scene.B, written), "the event in B");
        scene.Group.Run(10_000);
        scene.Group.Effects.Runs.ShouldBe(0);

        scene.Group.Network.Heal();
        Finish(scene);
        scene.Lines(scene.C, Receipts).ShouldHaveSingleItem();
    }

    [Fact]
    public void Effect_OfWhatTheFoldRefuses_IsToldSo()
    {
        var scene = Begin(2);
        scene.Done(scene.A, Deal, "10");
        scene.Converge();
        scene.Group.Network.Isolate(scene.A.Name);
        scene.Done(scene.A, Deal, "-8");
        scene.Group.Run(50);
        var late = scene.Done(scene.B, Deal, "-7");

        Finish(scene);

        scene.Group.Effects.VerdictOf(new EventName(Deal, late.Origin, late.Sequence)).ShouldBe(FinalVerdict.Refused);
    }

    [Fact]
    public void Effect_OfACommandThatWasDoneTwice_IsToldWhichCounts()
    {
        var scene = Begin(2);
        scene.Group.Network.Isolate(scene.A.Name);
        var operation = scene.Operation(Deal, "10", key: "k");
        var points = new List<WritePoint>();
        foreach (var region in scene.Group.Regions)
        {
            var answer = scene.Begin(region, operation);
            scene.RunUntil(() => answer.Value is not null, "the answer");
            points.Add(answer.Value!.Value.Points[0]);
            scene.Group.Run(20);
        }

        Finish(scene);

        points.Select(p => scene.Group.Effects.VerdictOf(new EventName(Deal, p.Origin, p.Sequence)))
            .ShouldBe([FinalVerdict.Counted, FinalVerdict.Deduplicated]);
    }

    [Fact]
    public void Effect_EventCameBackFromAPeerAfterALoss_RunsInItsRegion()
    {
        var scene = Begin(2);
        scene.Done(scene.A, Deal, "10");
        scene.Converge();
        var before = scene.A.Disk.Writes;
        var written = scene.Done(scene.A, Deal, "5");
        scene.RunUntil(() => scene.Knows(scene.B, written), "the event in B");
        scene.A.Kill();
        scene.Group.Oracles.RolledBack(scene.A, scene.A.Disk.RollBack(before));
        scene.A.Start();

        Finish(scene);

        scene.Lines(scene.B, Receipts).Length.ShouldBe(2);
    }

    [Fact]
    public void Effect_OfAnEventThatIsInTheBase_IsFoundInTheHistory()
    {
        var scene = Begin(1);
        for (var i = 0; i < 5; i++)
            scene.Done(scene.A, Deal, "10");
        Finish(scene);
        var marks = scene.A.Disk.State.Lanes[Deal.Lane].Marks;
        var origin = marks.Keys.Single();
        scene.Done(scene.A, Deal, "1"); // with it, what is done leaves for the base
        Finish(scene);
        scene.A.Stop();
        marks[origin] = new EffectMark(origin, 0);
        var runs = scene.Group.Effects.Runs;
        scene.A.Start();
        scene.RunUntil(() => scene.Group.Effects.Runs >= runs + 6, "all effects again");
        Finish(scene);

        scene.Lines(scene.A, Receipts).Length.ShouldBe(6);
    }

    private static Scene Begin(int regions)
    {
        var scene = new Scene(regions, o => o with { SnapshotRows = 2 }, effects: true);
        scene.Entities.Add(Receipts);
        return scene;
    }

    private static void Finish(Scene scene)
    {
        scene.Group.Network.Heal();
        scene.Group.Start();
        scene.Group.Effects.Demand([Deal], 60_000);
        scene.Converge();
        scene.Group.Effects.Check([Deal]);
        scene.Group.Run(2_000); // marks are not in a hurry
    }
}
