using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>An event whose only copy is held back in one region's memory: B has it from A, which lost it since, and
/// waits for its cause, which C wrote and B has not got yet.</summary>
public sealed class HeldBackScenarios
{
    private static readonly EntityKey Diary = Scene.Diary("held");

    private static readonly EntityKey Other = Enumerable.Range(0, 1_000).Select(i => Scene.Diary($"other{i}"))
        .First(e => e.Lane == Diary.Lane);

    /// <summary>The cause comes late, behind a backlog, after its life is over.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(200)]
    [InlineData(1_000)]
    public void Held_CauseComesFromALifeThatIsOver_IsNotGivenUp(int backlogRows)
    {
        var (scene, waits) = HeldInB(backlogRows, scene =>
        {
            scene.C.Kill();
            scene.C.Start();
            scene.Done(scene.C, Scene.Diary("elsewhere")); // begins another life
        });
        scene.Group.Run(30_000);

        scene.Converge();

        foreach (var region in scene.Group.Regions)
        {
            region.Alarms.ShouldNotContain(a => a.Kind == AlarmKind.EventsLost);
            scene.Knows(region, waits).ShouldBeTrue(region.Name);
        }
    }

    [Fact]
    public void Held_JournalRefusesAGroup_IsHeldOn()
    {
        var (scene, waits) = HeldInB(0);
        scene.B.Disk.Full = true;
        scene.Write(scene.B, Other, "refused").Failure.ShouldNotBeNull();
        scene.B.Disk.Full = false;

        scene.Converge();

        scene.Group.Regions.ShouldAllBe(r => scene.Knows(r, waits));
    }

    /// <summary>The group that fails is the one in which the event was to become durable at last.</summary>
    [Fact]
    public void Held_JournalRefusesItsOwnGroup_IsHeldOn()
    {
        var (scene, waits) = HeldInB(0);
        scene.B.Disk.Full = true;
        scene.Group.Network.Heal();
        scene.RunUntil(() => scene.B.Probes![Probe.GroupUndone] > 1, "groups that fail");
        scene.B.Disk.Full = false;

        scene.Converge();

        scene.Group.Regions.ShouldAllBe(r => scene.Knows(r, waits));
    }

    /// <summary>The first event of another batch has arrived behind it when the journal refuses a group, and the rest
    /// of that batch is lost with the disk of its author: it is not held for ever.</summary>
    [Fact]
    public void Held_HalfABatchIsKeptWithItOverARefusedGroup_IsGivenUpAndNotHeldForEver()
    {
        var (scene, waits) = HeldInB(0, scene =>
        {
            Lose(scene, scene.A, scene.B);
            var half = scene.Done(scene.A, Diary, "half", lines: 2);
            var first = scene.Events(scene.A, Diary)[^2];
            first.Sequence.ShouldBe(half.Sequence - 1);
            Scene.Deliver(scene.B, scene.A, new EventsFrame(Diary.Lane, first.Origin, [first], 0));
            scene.B.Disk.Full = true;
            scene.Write(scene.B, Other, "refused").Failure.ShouldNotBeNull();
            scene.B.Disk.Full = false;
        }, held: 2);

        scene.Converge();

        scene.Group.Regions.ShouldAllBe(r => scene.Knows(r, waits));
        scene.B.Alarms.ShouldContain(a => a.Kind == AlarmKind.EventsLost, "the half is");
    }

    [Fact]
    public void Held_RegionBeginsAnotherLife_IsHeldOn()
    {
        var (scene, waits) = HeldInB(0);
        var newest = scene.B.Describe()!.Newest!;
        Scene.Deliver(scene.B, scene.A, new ReportFrame(Diary.Lane, null, 0,
            [new LaneHolding(Diary.Lane, newest, 1_000)]));
        scene.RunUntil(() => !newest.Equals(scene.B.Describe()!.Newest), "the new life");
        scene.A.Kill(); // its claim was false: the next process does not repeat it

        scene.Converge();

        scene.Group.Regions.ShouldAllBe(r => scene.Knows(r, waits));
    }

    private static (Scene Scene, WritePoint Waits) HeldInB(
        int backlogRows, Action<Scene>? before = null, int held = 1)
    {
        var scene = new Scene(3, o => o with
        {
            RelayAfterMilliseconds = 10_000_000, LaneCreditBytes = 8 * 1024, PageBytes = 2048,
            LostAfterMilliseconds = 1_000,
        });
        foreach (var region in scene.Group.Regions)
            scene.Done(region, Scene.Diary());
        scene.Converge();
        var backup = scene.A.Disk.Writes;
        Lose(scene, scene.B, scene.C);
        for (var i = 0; i < backlogRows; i++)
            scene.Done(scene.C, Other, new string('b', 600));
        var cause = scene.Done(scene.C, Diary, "cause");
        scene.RunUntil(() => scene.Knows(scene.A, cause), "the cause in A", 600_000);
        Lose(scene, scene.A, scene.C);
        var waits = scene.Done(scene.A, Diary, "waits");
        scene.RunUntil(() => scene.B.Disk.State.Lanes[Diary.Lane].Owed.Count > 0, "the gap noted in B", 10_000);
        before?.Invoke(scene);
        scene.A.Kill();
        scene.Group.Oracles.RolledBack(scene.A, scene.A.Disk.RollBack(backup));
        scene.A.Start();
        scene.Group.Run(2_000);
        scene.B.Describe()!.Lanes[Diary.Lane].Held.ShouldBe(held);
        return (scene, waits);
    }

    private static void Lose(Scene scene, SimulatedRegion here, SimulatedRegion there)
    {
        scene.Group.Network.Path(here.Name, there.Name).LossPerMille = 1000;
        scene.Group.Network.Path(there.Name, here.Name).LossPerMille = 1000;
    }
}
