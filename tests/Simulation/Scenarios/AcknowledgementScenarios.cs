using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Commands that are to be durable in more regions than one before they are acknowledged. That they are, is
/// looked at by the oracles at each acknowledgement.</summary>
public sealed class AcknowledgementScenarios
{
    private static readonly Acknowledgement InTwo = Acknowledgement.Regions(2);

    [Fact]
    public void Write_InTwoRegions_SurvivesTheLossOfTheDiskThatTookIt()
    {
        var scene = Warm(3);
        var before = scene.A.Disk.Writes;
        scene.Group.Network.Isolate(scene.C.Name);
        var (answer, line) = Begin(scene, scene.A, InTwo);
        scene.RunUntil(() => answer.Value is not null, "the answer");
        answer.Value!.Value.Failure.ShouldBeNull();

        scene.A.Kill();
        scene.Group.Oracles.RolledBack(scene.A, scene.A.Disk.RollBack(before));
        scene.Converge();

        scene.Group.Oracles.AcknowledgedLost.ShouldBe(0);
        foreach (var region in scene.Group.Regions)
            scene.Lines(region, Scene.Diary()).ShouldContain(line);
    }

    [Fact]
    public void Write_NotConfirmedInTime_IsToldToStandAndTheSameKeyAsksAgain()
    {
        var scene = Warm(3);
        scene.Group.Network.Isolate(scene.A.Name);
        var operation = scene.Operation(Scene.Diary(), key: "k") with { Level = Acknowledgement.Majority };
        var answer = scene.Begin(scene.A, operation);
        scene.RunUntil(() => answer.Value is not null, "the answer");

        var result = answer.Value!.Value;
        result.Failure!.Error.ShouldBe(ErrorCodes.NotAcknowledged);
        result.Failure.Message.ShouldContain($"durable in {scene.A.Name} and will reach the other regions");
        result.Failure.Next.ShouldContain($"{scene.C.Name}, {scene.B.Name}");
        result.Points.ShouldHaveSingleItem().Origin.Region.ShouldBe(scene.A.Name);
        scene.Lines(scene.A, Scene.Diary()).ShouldContain(operation.Lines[0]);

        var again = scene.Begin(scene.A, operation with { PatienceMilliseconds = 20_000 });
        scene.Group.Run(1_000);
        again.Value.ShouldBeNull("nobody else has it yet");
        scene.Group.Network.Heal();
        scene.RunUntil(() => again.Value is not null, "the second answer");
        again.Value!.Value.Failure.ShouldBeNull();
        scene.Converge();
        scene.Lines(scene.A, Scene.Diary()).Count(l => l == operation.Lines[0]).ShouldBe(1);
    }

    [Fact]
    public void Write_MoreRegionsThanThereAre_IsRefusedAtOnceAndChangesNothing()
    {
        var scene = Warm(2);
        var before = scene.Lines(scene.A, Scene.Diary()).Length;
        var (answer, _) = Begin(scene, scene.A, Acknowledgement.Regions(3));

        scene.Group.Run(1);
        answer.Value!.Value.Failure!.Error.ShouldBe(ErrorCodes.LevelImpossible);
        scene.Group.Run(500);
        scene.Lines(scene.A, Scene.Diary()).Length.ShouldBe(before);
    }

    [Fact]
    public void Write_ReportsPauseForLong_IsConfirmedWithoutThePause()
    {
        var scene = new Scene(2, o => o with { ReportMilliseconds = 600_000 });
        scene.Done(scene.A, Scene.Diary());
        scene.Group.Run(5_000);

        for (var i = 0; i < 3; i++)
        {
            var began = scene.Group.Time.Now;
            var (answer, _) = Begin(scene, scene.A, InTwo);
            scene.RunUntil(() => answer.Value is not null, "the answer");
            answer.Value!.Value.Failure.ShouldBeNull();
            (scene.Group.Time.Now - began).ShouldBeLessThan(500);
        }
        scene.B.Probes![Probe.AwaitedReportSent].ShouldBe(3);
    }

    // Reports pause for long, so that the new process has said nothing yet of what it holds.
    [Fact]
    public void Write_PeerWasSetBackToBeforeIt_ItsFormerReportDoesNotCount()
    {
        var scene = new Scene(2, o => o with { ReportMilliseconds = 600_000 });
        scene.Done(scene.B, Scene.Diary());
        scene.Done(scene.A, Scene.Diary());
        scene.Group.Run(5_000);
        var before = scene.B.Disk.Writes;
        var operation = scene.Operation(Scene.Diary(), key: "k") with
        {
            Level = InTwo, PatienceMilliseconds = 30_000,
        };
        var first = scene.Begin(scene.A, operation);
        scene.RunUntil(() => first.Value is not null, "the answer");

        scene.B.Kill();
        scene.Group.Oracles.RolledBack(scene.B, scene.B.Disk.RollBack(before));
        scene.B.Disk.Full = true; // it is there again, and cannot take what it lost
        scene.B.Start();
        scene.Group.Run(3_000);
        var again = scene.Begin(scene.A, operation);
        scene.Group.Run(2_000);
        again.Value.ShouldBeNull("the region that had it has lost it");
        scene.B.Disk.Full = false;
        scene.RunUntil(() => again.Value is not null, "the second answer");

        again.Value!.Value.Failure.ShouldBeNull();
        scene.Lines(scene.B, Scene.Diary()).ShouldContain(operation.Lines[0]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Write_ItsRegionDiesWhileItWaits_TheSameKeyIsAnsweredAtItsLevel(bool inAnotherRegion)
    {
        var scene = Warm(3);
        scene.Group.Network.Isolate(scene.A.Name);
        var operation = scene.Operation(Scene.Diary(), key: "k") with
        {
            Level = Acknowledgement.Regions(3), PatienceMilliseconds = 30_000,
        };
        var first = scene.Begin(scene.A, operation);
        scene.RunUntil(() => scene.Lines(scene.A, Scene.Diary()).Contains(operation.Lines[0]), "the row");
        scene.A.Kill();
        scene.A.Start();
        scene.Group.Network.Heal();
        scene.Group.Network.Isolate(scene.C.Name);
        scene.RunUntil(() => scene.Lines(scene.B, Scene.Diary()).Contains(operation.Lines[0]), "the row in B");

        var again = scene.Begin(inAnotherRegion ? scene.B : scene.A, operation);
        scene.Group.Run(2_000);
        (first.Value, again.Value).ShouldBe((null, null));
        scene.Group.Network.Heal();
        scene.RunUntil(() => again.Value is not null, "the answer");

        again.Value!.Value.Failure.ShouldBeNull();
        scene.Lines(scene.C, Scene.Diary()).ShouldContain(operation.Lines[0]);
        scene.Converge();
        scene.Lines(scene.C, Scene.Diary()).Count(l => l == operation.Lines[0]).ShouldBe(1);
    }

    [Fact]
    public void Write_OfACommandWithoutEvents_IsAnsweredAtOnce()
    {
        var scene = Warm(2);
        scene.Group.Network.Isolate(scene.A.Name);
        var operation = scene.Operation(Scene.Diary(), key: "k") with
        {
            Level = InTwo, Handle = (_, _) => new Decision([], _ => "nothing to do", null, []),
        };

        for (var i = 0; i < 2; i++)
        {
            var answer = new Scene.Answer();
            scene.Group.Submit(scene.A, operation with { Lines = [] }, (_, result) => answer.Value = result);
            scene.Group.Run(100);
            answer.Value!.Value.Value.ShouldBe("nothing to do");
        }
    }

    private static Scene Warm(int regions)
    {
        var scene = new Scene(regions);
        foreach (var region in scene.Group.Regions)
            scene.Done(region, Scene.Diary());
        scene.Converge();
        return scene;
    }

    private static (Scene.Answer Answer, string Line) Begin(Scene scene, SimulatedRegion at, Acknowledgement level)
    {
        var operation = scene.Operation(Scene.Diary()) with { Level = level };
        return (scene.Begin(at, operation), operation.Lines[0]);
    }
}
