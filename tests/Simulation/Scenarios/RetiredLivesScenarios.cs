using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Lives of journals that are over leave the vectors of events once everybody has all of them.</summary>
public sealed class RetiredLivesScenarios
{
    private const int Lives = EventLimits.MaxVectorSlots + 4;

    [Fact]
    public void Region_ThatDiesMoreOftenThanAVectorHasSlots_GoesOnWritingOneEntityWithShortVectors()
    {
        var scene = new Scene(2, o => o with { SnapshotRows = 20 });
        for (var life = 0; life < Lives; life++)
        {
            scene.Done(scene.A, Scene.Diary());
            scene.Done(scene.B, Scene.Diary());
            scene.RunUntil(() => HasRetired(scene), "lives that are over leave the vectors");
            scene.A.Kill();
            scene.A.Disk.LoseGuard(); // a life that nobody can prove goes on nowhere
            scene.A.Start();
        }
        scene.Converge();

        var events = scene.Events(scene.B, Scene.Diary());
        events.Select(e => e.Origin).Distinct().Count().ShouldBe(Lives + 1);
        events.Max(e => e.Vector.Count).ShouldBeLessThan(10);
        events[^1].Vector.Retired.Length.ShouldBe(1);
        scene.Lines(scene.A, Scene.Diary()).Length.ShouldBe(2 * Lives);
    }

    [Fact]
    public void LivesThatAreOver_WhileAMemberIsAway_StayInTheVectors()
    {
        var scene = new Scene(3);
        scene.Done(scene.A, Scene.Diary());
        scene.Converge();
        scene.C.Kill();
        for (var life = 0; life < 4; life++)
        {
            NewLife(scene.A);
            scene.Done(scene.A, Scene.Diary());
        }
        scene.Group.Run(20_000);
        var e = scene.Done(scene.B, Scene.Diary());

        scene.Group.Count(Probe.LifeRetired).ShouldBe(0, "C may have written something before it had seen them");
        Find(scene, scene.B, e).Vector.Retired.Length.ShouldBe(0);
        scene.Converge();
        scene.RunUntil(() => scene.Group.Count(Probe.LifeRetired) > 0, "they leave once C is back");
        Find(scene, scene.B, scene.Done(scene.B, Scene.Diary())).Vector.Retired.Length.ShouldBe(1);
    }

    [Fact]
    public void Restored_BehindLivesThatHaveLeft_HoldsWhatCameAfterThemBackUntilItHasThem()
    {
        var scene = new Scene(3);
        scene.Done(scene.A, Scene.Diary("other"));
        scene.Converge();
        var backup = scene.C.Disk.Writes;
        for (var life = 0; life < 4; life++)
        {
            scene.Done(scene.A, Scene.Diary());
            scene.Converge();
            NewLife(scene.A);
        }
        scene.Group.Run(5_000);
        var after = scene.Done(scene.B, Scene.Diary(), "after");
        Find(scene, scene.B, after).Vector.Count.ShouldBe(1, "else this shows nothing");
        scene.C.Kill();
        scene.Group.Oracles.RolledBack(scene.C, scene.C.Disk.RollBack(backup));
        scene.Group.Network.Cut(scene.A.Name, scene.C.Name);
        scene.C.Start(); // the oracle fails when an event is taken before what its author had seen

        scene.RunUntil(() => scene.Knows(scene.C, after), "what had come after all of them");
        scene.Converge();
        scene.Lines(scene.C, Scene.Diary()).Length.ShouldBe(5);
    }

    [Fact]
    public void Restarted_WhileAMemberIsAway_StillKnowsWhatEventsSay()
    {
        var scene = new Scene(3, o => o with { SnapshotRows = 3 });
        for (var life = 0; life < 4; life++)
        {
            scene.Done(scene.A, Scene.Diary());
            scene.Converge();
            NewLife(scene.A);
        }
        scene.Done(scene.A, Scene.Diary());
        scene.RunUntil(() => HasRetired(scene), "lives that are over leave the vectors");
        for (var i = 0; i < 8; i++)
            scene.Done(scene.A, Scene.Diary());
        scene.Converge();
        scene.C.Kill();
        scene.B.Kill();
        scene.B.Disk.NotesDamaged = true; // that the lives are past was a note of the lane
        scene.B.Start();

        Find(scene, scene.B, scene.Done(scene.B, Scene.Diary())).Vector.Retired.Length.ShouldBe(1);
    }

    [Fact]
    public void Restored_WithItsClockSetBack_WritesOnUnderANameThatLivesWhichHaveLeftSeemToInclude()
    {
        var scene = new Scene(2);
        scene.Done(scene.A, Scene.Diary());
        scene.Converge();
        var backup = scene.A.Disk.Writes;
        scene.A.ClockOffMilliseconds = 3_600_000;
        for (var life = 0; life < 3; life++)
        {
            NewLife(scene.A);
            scene.Done(scene.A, Scene.Diary());
            scene.Converge();
        }
        NewLife(scene.A);
        scene.Group.Run(5_000);
        var retiring = Find(scene, scene.B, scene.Done(scene.B, Scene.Diary()));
        scene.A.Kill();
        scene.Group.Oracles.RolledBack(scene.A, scene.A.Disk.RollBack(backup));
        scene.A.Disk.LoseGuard();
        scene.A.ClockOffMilliseconds = 0;
        scene.A.Start();
        scene.Converge();

        var first = scene.Done(scene.A, Scene.Diary());
        retiring.Vector.Retired[0].Include(first.Origin).ShouldBeTrue("else this shows nothing");
        for (var i = 0; i < 5; i++)
        {
            scene.Done(scene.A, Scene.Diary());
            scene.Done(scene.B, Scene.Diary());
            scene.Converge();
        }
        scene.Events(scene.B, Scene.Diary()).Count(e => e.Origin.Equals(first.Origin)).ShouldBe(6);
    }

    [Fact]
    public void ClockSetBack_TheNextLife_HasALaterNameAllTheSame()
    {
        var scene = new Scene(2);
        var before = scene.Done(scene.A, Scene.Diary());
        scene.A.ClockOffMilliseconds = -100_000_000;
        NewLife(scene.A);
        scene.Done(scene.A, Scene.Diary()).Origin.ShouldBeGreaterThan(before.Origin);
        scene.Converge();
    }

    private static void NewLife(SimulatedRegion region)
    {
        region.Kill();
        region.Disk.LoseGuard();
        region.Start();
    }

    private static EventRecord Find(Scene scene, SimulatedRegion at, WritePoint point)
        => scene.Events(at, point.Entity).First(e => e.Origin.Equals(point.Origin) && e.Sequence == point.Sequence);

    // Every life but the present one, in both regions that write: then what is written next names one entry for all.
    private static bool HasRetired(Scene scene) => scene.Group.Regions.Where(r => r.Up).All(region =>
        region.Describe()!.Lanes[Scene.Diary().Lane].FinalThrough.All(f => f.Held == 0 || f.Final >= f.Held)
        && region.Probes![Probe.LifeRetired] >= Math.Min(1, scene.A.Life - 1));
}
