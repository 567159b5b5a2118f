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
    public void Restore_BehindItsOwnReport_ItsEarlyStampedWriteIsFoldedFromTheFirstEvent()
    {
        var scene = new Scene(2, o => o with { SnapshotRows = 3 });
        scene.Done(scene.A, Scene.Diary(), "first");
        scene.Done(scene.B, Scene.Diary("other"));
        scene.Converge();
        var backup = scene.B.Disk.Writes;
        for (var i = 0; i < 20; i++)
        {
            scene.Done(scene.A, Scene.Diary());
            scene.Converge();
        }
        scene.Read(scene.A, Scene.Diary()).Tail.Count.ShouldBeLessThan(3); // the rest is final in A, and in the base

        scene.B.Kill();
        scene.Group.Oracles.RolledBack(scene.B, scene.B.Disk.RollBack(backup));
        scene.Group.Network.Isolate(scene.B.Name);
        scene.B.ClockOffMilliseconds = -600_000;
        scene.B.Start();
        scene.Done(scene.B, Scene.Diary(), "early"); // sorts before what A has called final
        scene.Converge();

        scene.A.Probes![Probe.HistoryNeeded].ShouldBePositive();
        scene.Lines(scene.A, Scene.Diary()).Length.ShouldBe(22);
        scene.Read(scene.A, Scene.Diary()).State.ShouldBe(scene.Read(scene.B, Scene.Diary()).State);
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

    [Fact]
    public void Clone_WithItsGuardAndNobodyInReach_IsAForkThatIsFoundAndAllQuarantine()
    {
        var scene = new Scene(3);
        scene.Group.Oracles.Book.ForksAllowed = true;
        scene.Group.Oracles.Fatal.Remove(AlarmKind.Fork);
        scene.Done(scene.A, Scene.Diary(), "common");
        scene.Converge();
        scene.A.Stop();
        scene.Group.Network.Isolate(scene.A.Name);
        var clone = scene.Group.Clone(scene.A, withGuard: true, takesTheAddress: true);
        var second = scene.Done(clone, Scene.Diary(), "clone");
        scene.Group.Network.Heal();
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        scene.Group.Network.Cut(scene.B.Name, scene.C.Name);
        scene.RunUntil(() => scene.Knows(scene.C, second), "the clone's event in C");
        scene.Group.Network.Isolate(scene.A.Name);
        scene.Group.Remove(clone);
        scene.A.Start();
        scene.Done(scene.A, Scene.Diary(), "original").Origin.ShouldBe(second.Origin, "else this shows nothing");
        scene.Group.Start();
        scene.Group.Network.Heal();
        scene.RunUntil(() => scene.Knows(scene.B, second), "the original's event in B");
        foreach (var region in scene.Group.Regions)
        {
            scene.RunUntil(() => region.Alarms.Exists(a => a.Kind == AlarmKind.Fork), $"the fork in {region.Name}",
                200_000);
        }
        EntityDigest inB = DigestOf(scene, scene.B), inC = DigestOf(scene, scene.C);
        inB.Vector.ShouldBe(inC.Vector);
        inB.Events.ShouldNotBe(inC.Events);
        scene.Group.Run(2_000);
        scene.C.Kill();
        scene.C.Start();

        foreach (var region in scene.Group.Regions)
        {
            scene.Write(region, Scene.Diary()).Failure!.Error.ShouldBe(ErrorCodes.EntityForked);
            scene.Done(region, Scene.Diary("sound"));
        }
        scene.Lines(scene.B, Scene.Diary())[1].ShouldEndWith("original");
        scene.Lines(scene.C, Scene.Diary())[1].ShouldEndWith("clone");
        var last = scene.Done(scene.A, Scene.Diary("sound"));
        scene.RunUntil(() => scene.Knows(scene.B, last) && scene.Knows(scene.C, last), "the other diary goes on");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Clone_BothRun_SecondIncarnationAndAnAlarmAndNothingIsMerged(bool guardToo)
    {
        var scene = new Scene(3);
        scene.Done(scene.A, Scene.Diary());
        scene.Converge();

        var clone = scene.Group.Clone(scene.A, guardToo, takesTheAddress: false);
        scene.Group.Run(3_000);
        var ofOriginal = scene.Done(scene.A, Scene.Diary(), "original");
        var ofClone = scene.Done(clone, Scene.Diary(), "clone");

        ofOriginal.Origin.ShouldNotBe(ofClone.Origin);
        scene.Group.Oracles.Book.Forks.ShouldBe(0);
        scene.RunUntil(() => NamesBoth(scene.B) && NamesBoth(scene.C), "alarms that name both processes", 10_000);

        scene.RunUntil(() => scene.Knows(scene.B, ofOriginal), "the original's event in B");
        scene.A.Stop();
        scene.Group.Network.Listen(scene.A.Name, () => clone);
        scene.RunUntil(() => scene.Knows(scene.B, ofClone), "the clone's event in B");
        clone.Kill();
        scene.Group.Network.Listen(scene.A.Name, () => scene.A);
        scene.Converge();
        scene.Lines(scene.A, Scene.Diary()).Length.ShouldBe(3);

        bool NamesBoth(SimulatedRegion region) => region.Alarms.Any(a => a.Kind == AlarmKind.Superseded
            && a.Text.Contains($"{scene.A.Options.Session}", StringComparison.Ordinal)
            && a.Text.Contains($"{clone.Options.Session}", StringComparison.Ordinal));
    }

    [Fact]
    public void Restart_WithTheClockSetBack_IsNoCloneAndKeepsItsVotes()
    {
        var scene = new Scene(3, o => o with { Voters = null });
        scene.Group.Run(5_000);
        scene.Done(scene.A, Scene.Diary(), "first");
        scene.Group.Run(10_000);
        scene.C.Kill(); // its vote is needed by whoever loses its own
        scene.A.Stop();
        scene.A.ClockOffMilliseconds = -3_600_000;
        var before = scene.A.Disk.State.Incarnation;
        scene.A.Start();
        scene.Group.Run(30_000);

        scene.A.Describe()!.Registers.StandingLanes.ShouldBe(EntityKey.Lanes);
        scene.A.Alarms.ShouldNotContain(a => a.Kind == AlarmKind.Superseded);
        scene.A.Disk.State.Incarnation.ShouldBe(before);
    }

    private static EntityDigest DigestOf(Scene scene, SimulatedRegion region)
        => EntityDigest.Of(Scene.Diary(), scene.Events(region, Scene.Diary()), 0, null);
}
