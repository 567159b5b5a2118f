using System.Buffers;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Lives of journals that everybody holds as a whole leave the reports, and whoever lacks some of them is told
/// them all the same.</summary>
public sealed class PastLivesScenarios(ITestOutputHelper output)
{
    // As often as the environment says: ten thousand times, now and then, and hardly ever in passing.
    [Fact]
    public void Region_ThatDiesAgainAndAgain_IsToldInReportsThatStayAsShort()
    {
        var lives = (int)(SwarmTests.Number("PELAGO_SIM_LIVES") ?? 100);
        var scene = new Scene(3);
        var reports = new ReportSizes(scene);
        Restart(scene, 20);
        var early = reports.LargestSince();
        Restart(scene, lives - 20);
        var late = reports.LargestSince();
        late.ShouldBeLessThan(early + 200, $"what was told of 20 lives is told of {lives}");

        Past(scene.B).ShouldBeGreaterThan(lives - 5);
        scene.Converge();
        output.WriteLine($"Of {lives} lives: {early} bytes a report at most at first, then {late}.");
    }

    [Fact]
    public void Restarted_WhileAMemberIsAway_StillLeavesThemOut()
    {
        var scene = new Scene(3);
        Restart(scene, 12);
        var past = Past(scene.B);
        past.ShouldBeGreaterThan(8);
        scene.Group.Run(2_000); // the note is durable by then
        scene.C.Kill();
        scene.B.Kill();
        scene.B.Start();
        Past(scene.B).ShouldBeGreaterThanOrEqualTo(past, "the journal says so: nobody else is asked");

        var e = scene.Done(scene.B, Scene.Diary());
        scene.Events(scene.B, Scene.Diary()).Single(x => x.Origin.Equals(e.Origin) && x.Sequence == e.Sequence)
            .Vector.Count.ShouldBeLessThan(5);
        scene.Converge();
    }

    [Fact]
    public void Disk_WithNothingOnIt_IsToldEveryLifeAndTakesAll()
    {
        var scene = new Scene(3);
        Restart(scene, 40);
        scene.C.Kill();
        scene.Group.Oracles.RolledBack(scene.C, scene.C.Disk.RollBack(0));
        scene.C.Disk.LoseGuard();
        scene.Group.Network.Cut(scene.A.Name, scene.C.Name);
        scene.C.Start();
        scene.RunUntil(() => scene.Lines(scene.C, Scene.Diary()).Length == scene.Lines(scene.B, Scene.Diary()).Length,
            "what all lives wrote", 60_000);
        scene.Converge();
        scene.RunUntil(() => Past(scene.C) == Past(scene.B), "they are past in C, too", 60_000);
    }

    [Fact]
    public void Restored_BehindLivesThatAreGoneFromReports_IsToldWhatItLacks()
    {
        var scene = new Scene(3);
        Restart(scene, 6);
        var backup = scene.C.Disk.Writes;
        Restart(scene, 12);
        scene.C.Kill();
        scene.Group.Oracles.RolledBack(scene.C, scene.C.Disk.RollBack(backup));
        scene.Group.Network.Cut(scene.A.Name, scene.C.Name);
        scene.C.Start();
        scene.RunUntil(() => scene.Lines(scene.C, Scene.Diary()).Length == scene.Lines(scene.B, Scene.Diary()).Length,
            "what was lost with the disk", 60_000);
        scene.Group.Count(Probe.PastUnknown).ShouldBeGreaterThan(0, "else this shows nothing");
        scene.Converge();
    }

    [Fact]
    public void Life_ThatIsPast_GoesOnAfterAll_IsToldAgainAndNothingOfItIsLost()
    {
        var scene = new Scene(3);
        var before = scene.Done(scene.A, Scene.Diary());
        scene.Converge();
        scene.A.Pause(60_000);
        scene.Group.Run(4_000); // nobody hears the original any more
        var clone = scene.Group.Clone(scene.A, withGuard: false, takesTheAddress: true);
        scene.Done(clone, Scene.Diary());
        scene.RunUntil(() => Past(scene.B) == 1 && Past(scene.C) == 1, "the original's life to be past");
        scene.RunUntil(() => scene.Group.Regions.Skip(1).All(r => scene.Lines(r, Scene.Diary()).Length == 2), "all");

        scene.Group.Remove(clone);
        scene.Group.Run(60_000);
        var after = scene.Done(scene.A, Scene.Diary());
        after.Origin.ShouldBe(before.Origin, "else this shows nothing");
        scene.RunUntil(() => scene.Knows(scene.B, after) && scene.Knows(scene.C, after), "what it wrote then");
        scene.Group.Count(Probe.PastReopened).ShouldBeGreaterThan(0);
        scene.Converge();
    }

    // The life that goes on is not the last one that is past: those after it are open again, too.
    [Fact]
    public void Life_BeforeOthersThatArePast_GoesOnAfterAll_IsTakenByEveryPeer()
    {
        var scene = new Scene(3);
        var before = scene.Done(scene.A, Scene.Diary());
        scene.Converge();
        scene.A.Pause(60_000);
        scene.Group.Run(4_000); // nobody hears the original any more
        var clone = scene.Group.Clone(scene.A, withGuard: false, takesTheAddress: true);
        scene.Done(clone, Scene.Diary());
        clone.Kill();
        clone.Disk.LoseGuard();
        clone.Start();
        scene.Done(clone, Scene.Diary());
        scene.RunUntil(() => Past(scene.B) == 2 && Past(scene.C) == 2, "two lives to be past");
        scene.RunUntil(() => scene.Group.Regions.Skip(1).All(r => scene.Lines(r, Scene.Diary()).Length == 3), "all");

        scene.Group.Remove(clone);
        scene.Group.Run(60_000);
        var after = scene.Done(scene.A, Scene.Diary());
        after.Origin.ShouldBe(before.Origin, "else this shows nothing");
        scene.RunUntil(() => scene.Knows(scene.B, after) && scene.Knows(scene.C, after), "what it wrote then");
        scene.Group.Count(Probe.PastReopened).ShouldBeGreaterThan(0);
        scene.Converge();
    }

    [Fact]
    public void Members_ThatDoNotConfirm_AreNamedByAnAlarmBeforeLinksEnd()
    {
        var scene = new Scene(3, o => o with { LivesAlarm = 16, MaxLivesTold = 24 });
        scene.Done(scene.A, Scene.Diary());
        scene.Converge();
        scene.C.Kill();
        Restart(scene, 17);
        scene.B.Alarms.ShouldContain(a => a.Kind == AlarmKind.LivesPileUp && a.Text.Contains(scene.C.Name));
        scene.Group.Count(Probe.LivesNotTold).ShouldBe(0);

        Restart(scene, 14);
        scene.Group.Count(Probe.LivesNotTold).ShouldBeGreaterThan(0);
        scene.Done(scene.B, Scene.Diary("other")); // the region goes on, and so does the process
    }

    // Of each of them rows are gone, and somebody with nothing on its disk is told so all the same.
    [Fact]
    public void Compacted_LifeAfterLife_TheNoteOfWhatIsGoneStaysAsShort()
    {
        var scene = new Scene(3, o => o with { CompactRows = int.MaxValue }, compacts: true);
        var account = new EntityKey("account", "a");
        Compact(10);
        var early = Size();
        Compact(30);
        Size().ShouldBeLessThan(early + 100);

        scene.C.Kill();
        scene.Group.Oracles.RolledBack(scene.C, scene.C.Disk.RollBack(0));
        scene.C.Disk.LoseGuard();
        scene.Group.Network.Cut(scene.A.Name, scene.C.Name);
        scene.C.Start();
        scene.RunUntil(() => scene.TryRead(scene.C, account).Value is EntityView { State: 40L }, "the sum", 60_000);
        scene.Converge();

        int Size() => scene.B.Disk.State.Lanes[account.Lane].Notes["removed-through"].Content.Length;

        void Compact(int lives)
        {
            for (var life = 0; life < lives; life++)
            {
                scene.A.Kill();
                scene.A.Disk.LoseGuard();
                scene.A.Start();
                var point = scene.Done(scene.A, account, "1");
                scene.RunUntil(() => MembershipScenarios.Final(scene.B, point), "it is final");
                scene.RunUntil(() => CompactionScenarios.Compact(scene, scene.B, account).Failure is null, "it goes");
                scene.Group.Run(400);
            }
        }
    }

    private static int Past(SimulatedRegion region) => region.Describe()!.Lanes[Scene.Diary().Lane].PastLives;

    private static void Restart(Scene scene, int lives)
    {
        for (var life = 0; life < lives; life++)
        {
            scene.A.Kill();
            scene.A.Disk.LoseGuard(); // a life that nobody can prove goes on nowhere
            scene.A.Start();
            scene.Done(scene.A, Scene.Diary());
            scene.Group.Run(400);
        }
    }

    // What each report takes on the wire, by itself.
    private sealed class ReportSizes
    {
        private int largest;

        public ReportSizes(Scene scene) => scene.Group.Network.Sent = (_, frame) =>
        {
            if (frame is not (ReportFrame or HelloFrame))
                return;
            var buffer = new ArrayBufferWriter<byte>();
            new FrameWriter { MayRenumber = true }.Write(frame, buffer);
            largest = Math.Max(largest, buffer.WrittenCount);
        };

        public int LargestSince()
        {
            var since = largest;
            largest = 0;
            return since;
        }
    }
}
