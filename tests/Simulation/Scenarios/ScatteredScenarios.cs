using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Events that lie beyond a frontier: something before them was still held back when their receiver died, and
/// their origin lost them, or is gone.</summary>
public sealed class ScatteredScenarios
{
    private static readonly EntityKey Waiting = Scene.Diary("x");

    private static readonly EntityKey[] SameLane = [.. Enumerable.Range(0, 1_000).Select(i => Scene.Diary($"y{i}"))
        .Where(e => e.Lane == Waiting.Lane).Take(2)];

    private static EntityKey Free => SameLane[0];

    private static EntityKey Other => SameLane[1];

    [Fact]
    public void RowsBeyondAFrontier_OriginRolledBack_ReachEveryMemberAndTheLifeIsSettled()
    {
        var (scene, beyond, waits, backup) = Scatter();
        RollBack(scene, backup);
        scene.B.Start();

        scene.Converge();

        scene.Group.Regions.ShouldAllBe(r => scene.Knows(r, beyond));
        scene.Group.Regions.ShouldAllBe(r => !scene.Knows(r, waits));
        foreach (var region in scene.Group.Regions)
        {
            var life = region.Describe()!.Lanes[Free.Lane].FinalThrough.Single(f => f.Origin.Equals(beyond.Origin));
            (life.Held, life.Final).ShouldBe((beyond.Position, beyond.Position));
        }
    }

    [Fact]
    public void RowsBeyondAFrontier_AnsweredBeforeTheCrash_TheAnswerIsTakenEverywhere()
    {
        var (scene, beyond, _, backup) = Scatter(answer: true);
        RollBack(scene, backup);
        scene.B.Start();

        scene.Converge();

        scene.Group.Regions.ShouldAllBe(r => scene.Knows(r, beyond));
        scene.Group.Regions.ShouldAllBe(r => scene.Lines(r, Free).Length == 2);
    }

    [Fact]
    public void RowsBeyondAFrontier_GapWasOwed_ItIsGivenUpWithAnAlarmAndTheRestReachesAll()
    {
        var (scene, beyond, waits, backup) = Scatter(gapOwed: true);
        RollBack(scene, backup);
        scene.B.Start();

        scene.Converge();

        scene.Group.Regions.ShouldAllBe(r => scene.Knows(r, beyond) && !scene.Knows(r, waits));
        scene.B.Alarms.ShouldContain(a => a.Kind == AlarmKind.EventsLost
            && a.Text.Contains($"{Waiting}", StringComparison.Ordinal));
    }

    [Fact]
    public void RowsBeyondAFrontier_TwoMembersHoldDifferentOnes_AllReachAll()
    {
        var scene = new Scene(4);
        Warm(scene);
        var backup = scene.A.Disk.Writes;
        foreach (var (here, there) in new[] { (1, 2), (1, 3), (2, 3) })
            Lose(scene, scene.Group[here], scene.Group[there]);
        foreach (var (at, entity) in new[] { (scene.B, Free), (scene.C, Other), (scene.D, Waiting) })
        {
            var cause = scene.Done(at, entity, "cause");
            scene.RunUntil(() => scene.Knows(scene.A, cause), "the cause in A", 100);
        }
        Lose(scene, scene.A, scene.D);
        var waits = scene.Done(scene.A, Waiting, "waits");
        var (ofB, ofC) = (scene.Done(scene.A, Free, "for B"), scene.Done(scene.A, Other, "for C"));
        scene.RunUntil(() => scene.Knows(scene.B, ofB) && scene.Knows(scene.C, ofC), "one event in each", 500);
        (scene.Knows(scene.B, ofC), scene.Knows(scene.C, ofB)).ShouldBe((false, false));
        scene.B.Kill();
        scene.C.Kill();
        RollBack(scene, backup);

        scene.Converge();

        scene.Group.Regions.ShouldAllBe(r => scene.Knows(r, ofB) && scene.Knows(r, ofC) && !scene.Knows(r, waits));
    }

    [Fact]
    public void RowsBeyondAFrontier_AMemberStillHoldsTheMissingOneBack_NobodySettlesBefore()
    {
        var scene = new Scene(4, o => o with { RelayAfterMilliseconds = 20_000, HoldMilliseconds = 20_000 });
        Warm(scene);
        var backup = scene.A.Disk.Writes;
        Lose(scene, scene.B, scene.D);
        Lose(scene, scene.C, scene.D);
        var cause = scene.Done(scene.D, Waiting, "cause");
        scene.RunUntil(() => scene.Knows(scene.A, cause), "the cause in A");
        Lose(scene, scene.A, scene.D);
        var (waits, beyond) = (scene.Done(scene.A, Waiting, "waits"), scene.Done(scene.A, Free, "beyond"));
        scene.RunUntil(() => scene.Knows(scene.B, beyond) && scene.Knows(scene.C, beyond), "the event in B and C", 500);
        scene.B.Kill();
        RollBack(scene, backup);
        scene.B.Start();
        scene.Group.Network.Heal();
        Lose(scene, scene.C, scene.D);

        SimulatedRegion[] others = [scene.A, scene.B, scene.D];
        scene.RunUntil(() => others.All(r => scene.Knows(r, beyond)), "the event everywhere");
        scene.Group.Run(4_000);
        scene.C.Describe()!.Lanes[Waiting.Lane].Held.ShouldBe(1); // only C's memory has it
        others.ShouldAllBe(r => r.Probes![Probe.LifeSettled] == 0);

        scene.Converge();
        scene.Group.Regions.ShouldAllBe(r => scene.Knows(r, waits));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RowsBeyondAFrontier_OriginGone_ReachTheSurvivorsWhileItIsAway(bool gapOwed)
    {
        var (scene, beyond, waits, _) = Scatter(gapOwed);
        scene.A.Kill();
        scene.B.Start();
        scene.Group.Network.Heal();

        scene.RunUntil(() => scene.Knows(scene.C, beyond), "the event in C", 10_000);
        scene.Knows(scene.C, waits).ShouldBeFalse();
        scene.Converge();
        scene.Group.Regions.ShouldAllBe(r => scene.Knows(r, waits));
    }

    [Fact]
    public void RowsBeyondAFrontier_TheirLifeGoesOnAfterAll_WhatWasMissingIsAskedForAgain()
    {
        var (scene, beyond, waits, backup) = Scatter();
        scene.A.Pause(60_000);
        scene.Group.Run(4_000); // nobody hears the original any more
        var clone = scene.Group.Clone(scene.A, withGuard: false, takesTheAddress: true, backup);
        scene.Group.Network.Heal();
        scene.B.Start();
        scene.RunUntil(() => scene.C.Probes![Probe.LifeSettled] > 0, "the original's life to be settled in C");
        scene.Knows(scene.C, waits).ShouldBeFalse();

        scene.Group.Remove(clone);
        scene.Group.Run(60_000);
        scene.Converge();

        scene.C.Probes![Probe.LifeUnsettled].ShouldBePositive();
        scene.Group.Regions.ShouldAllBe(r => scene.Knows(r, beyond) && scene.Knows(r, waits));
    }

    /// <summary>B has <c>beyond</c> durably and dies with <c>waits</c>, which comes before it, in memory only; C has
    /// neither.</summary>
    private static (Scene Scene, WritePoint Beyond, WritePoint Waits, int Backup) Scatter(
        bool gapOwed = false, bool answer = false)
    {
        var scene = new Scene(3);
        Warm(scene);
        var backup = scene.A.Disk.Writes;
        Lose(scene, scene.B, scene.C);
        var cause = scene.Done(scene.C, Waiting, "cause");
        scene.RunUntil(() => scene.Knows(scene.A, cause), "the cause in A");
        Lose(scene, scene.A, scene.C);
        var (waits, beyond) = (scene.Done(scene.A, Waiting, "waits"), scene.Done(scene.A, Free, "beyond"));
        scene.RunUntil(() => scene.Knows(scene.B, beyond), "the event in B", 500);
        scene.Knows(scene.B, waits).ShouldBeFalse();
        if (answer)
            scene.Done(scene.B, Free, "answer");
        if (gapOwed)
            scene.RunUntil(() => scene.B.Disk.State.Lanes[Free.Lane].Owed.Count > 0, "the gap noted in B", 3_000);
        scene.B.Kill();
        scene.Knows(scene.C, beyond).ShouldBeFalse();
        return (scene, beyond, waits, backup);
    }

    private static void Lose(Scene scene, SimulatedRegion here, SimulatedRegion there)
    {
        scene.Group.Network.Path(here.Name, there.Name).LossPerMille = 1000;
        scene.Group.Network.Path(there.Name, here.Name).LossPerMille = 1000;
    }

    private static void Warm(Scene scene)
    {
        foreach (var region in scene.Group.Regions)
            scene.Done(region, Scene.Diary());
        scene.Converge();
    }

    private static void RollBack(Scene scene, int backup)
    {
        scene.A.Kill();
        scene.Group.Oracles.RolledBack(scene.A, scene.A.Disk.RollBack(backup));
        scene.A.Start();
    }
}
