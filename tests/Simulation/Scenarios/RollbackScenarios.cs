using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Journals that are restored or cloned.</summary>
public sealed class RollbackScenarios
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Restore_FromABackup_OldEventsReturnAndNewOnesAreTakenEverywhere(bool cleanStop)
    {
        var scene = new Scene(3);
        for (var i = 0; i < 5; i++)
            scene.Done(scene.A, Scene.Diary());
        var backup = scene.A.Disk.Writes;
        for (var i = 0; i < 20; i++)
            scene.Done(scene.Group[i % 3], Scene.Diary());
        scene.Converge();

        if (cleanStop)
            scene.A.Stop();
        else
            scene.A.Kill();
        scene.Group.Oracles.RolledBack(scene.A, scene.A.Disk.RollBack(backup));
        scene.A.Start();
        var after = scene.Done(scene.A, Scene.Diary(), "after");

        scene.Converge();
        after.Origin.ShouldNotBe(scene.Events(scene.A, Scene.Diary())[0].Origin);
        foreach (var region in scene.Group.Regions)
            scene.Lines(region, Scene.Diary()).Length.ShouldBe(26);
        scene.A.Alarms.ShouldContain(a => a.Kind == AlarmKind.NewIncarnation);
        scene.Group.Oracles.AcknowledgedLost.ShouldBe(0);
    }

    [Fact]
    public void Restore_GuardLost_BeginsANewIncarnation()
    {
        var scene = new Scene(2);
        var before = scene.Done(scene.A, Scene.Diary());
        scene.A.Stop();
        scene.A.Disk.LoseGuard();
        scene.A.Start();

        scene.Done(scene.A, Scene.Diary()).Origin.ShouldNotBe(before.Origin);
        scene.Converge();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Clone_BothRun_SecondIncarnationAndAnAlarmAndNothingIsMerged(bool guardToo)
    {
        var scene = new Scene(3);
        scene.Done(scene.A, Scene.Diary());
        scene.Converge();

        var clone = scene.Group.Add(scene.A.Name, scene.A.Disk.Clone(guardToo));
        scene.Group.Oracles.RolledBack(clone, []); // what it promised may no longer hold
        clone.Start();
        scene.Group.Run(3_000);
        var ofOriginal = scene.Done(scene.A, Scene.Diary(), "original");
        var ofClone = scene.Done(clone, Scene.Diary(), "clone");

        ofOriginal.Origin.ShouldNotBe(ofClone.Origin);
        scene.Group.Oracles.Book.Forks.ShouldBe(0);
        var alarms = scene.A.Alarms.Concat(clone.Alarms).Where(a => a.Kind is AlarmKind.Superseded
            or AlarmKind.NewIncarnation or AlarmKind.OwnEventBeyondSeen);
        alarms.ShouldNotBeEmpty();

        scene.RunUntil(() => scene.Knows(scene.B, ofOriginal), "the original's event in B");
        scene.A.Stop();
        scene.Group.Network.Listen(scene.A.Name, () => clone);
        scene.RunUntil(() => scene.Knows(scene.B, ofClone), "the clone's event in B");
        clone.Kill();
        scene.Group.Network.Listen(scene.A.Name, () => scene.A);
        scene.Converge();
        scene.Lines(scene.A, Scene.Diary()).Length.ShouldBe(3);
    }
}
