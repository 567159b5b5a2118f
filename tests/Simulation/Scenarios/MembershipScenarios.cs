using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Regions come and go: who decides that, what becomes of what they wrote, when they may be used.</summary>
public sealed class MembershipScenarios
{
    [Fact]
    public void Remove_DeadRegion_OthersHaveAllOfItAndFinalityGoesOn()
    {
        var scene = Voting(3);
        // B alone has the last that C wrote.
        scene.Group.Network.Cut(scene.A.Name, scene.C.Name);
        var last = scene.Done(scene.C, Scene.Diary(), "of C");
        scene.RunUntil(() => scene.Knows(scene.B, last), "B has it", 5_000);
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        scene.C.Kill();
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name, cut: false);

        Remove(scene, scene.A, scene.C).Failure.ShouldBeNull();
        var after = scene.Done(scene.A, Scene.Diary(), "after");
        scene.Group.Dismiss(scene.C);

        scene.Converge();
        scene.Knows(scene.A, last).ShouldBeTrue();
        Final(scene.B, after).ShouldBeTrue();
        foreach (var region in new[] { scene.A, scene.B })
            Sealed(region, last.Lane, last.Origin.Region).ShouldBe([last.Position]);
        scene.B.Describe()!.Membership!.UnsealedLanes.ShouldBe(0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Token_OfWhatOnlyARemovedRegionHas_IsRefusedAtOnceAndNotAtItsDeadline(bool byPosition)
    {
        var scene = Voting(3);
        var known = scene.Done(scene.C, Scene.Diary(), "all have it");
        scene.Group.Run(2_000);
        scene.Group.Network.Isolate(scene.C.Name);
        var lost = scene.Done(scene.C, Scene.Diary(), "only C has it");
        scene.C.Kill();
        var waiting = BeginRead(scene, scene.A, Condition(lost, byPosition));

        Remove(scene, scene.B, scene.C).Failure.ShouldBeNull();
        waiting.Value.ShouldBeNull("another region may have it");
        scene.RunUntil(() => waiting.Value is not null, "the lanes are sealed", 10_000);

        waiting.Value!.Value.Failure!.Error.ShouldBe(ErrorCodes.BeyondSeal);
        Read(scene, scene.A, Condition(lost, byPosition)).Failure!.Error.ShouldBe(ErrorCodes.BeyondSeal);
        Read(scene, scene.A, Condition(known, byPosition)).Failure.ShouldBeNull("that is here");
        scene.A.Kill();
        scene.A.Start();
        scene.Group.Run(3_000);
        Read(scene, scene.A, Condition(lost, byPosition)).Failure!.Error.ShouldBe(ErrorCodes.BeyondSeal);
        scene.Group.Dismiss(scene.C);
        scene.Converge();
    }

    [Fact]
    public void Remove_RegionThatWasCutOff_LearnsOfItAndTakesNoWrites()
    {
        var scene = Voting(3);
        scene.Group.Network.Isolate(scene.C.Name);
        Remove(scene, scene.A, scene.C).Failure.ShouldBeNull();
        scene.Write(scene.C, Scene.Diary(), "still").Failure.ShouldBeNull("it cannot know");

        scene.Group.Network.Isolate(scene.C.Name, cut: false);
        scene.RunUntil(() => scene.C.Describe()!.Membership!.WasRemoved, "C hears of it");
        var refused = scene.Write(scene.C, Scene.Diary(), "no more");
        scene.C.Kill();
        scene.C.Start();
        var again = scene.Write(scene.C, Scene.Diary(), "not after a restart either");

        refused.Failure!.Error.ShouldBe(ErrorCodes.RegionRemoved);
        again.Failure!.Error.ShouldBe(ErrorCodes.RegionRemoved);
        scene.C.Alarms.ShouldContain(a => a.Kind == AlarmKind.RegionRemoved);
        scene.Group.Dismiss(scene.C);
        scene.Converge();
    }

    [Fact]
    public void Partition_BothSidesRemoveEachOther_AtMostOneConfigurationWins()
    {
        var scene = Voting(4);
        foreach (var one in new[] { scene.A, scene.B })
        {
            scene.Group.Network.Cut(one.Name, scene.C.Name);
            scene.Group.Network.Cut(one.Name, scene.D.Name);
        }
        scene.Group.Run(4_000);
        var (here, there) = (Begin(scene.A, MembershipChange.Remove, scene.C.Name), Begin(
            scene.D, MembershipChange.Remove, scene.A.Name));
        scene.Group.Run(12_000);
        here.Value!.Failure!.Error.ShouldBe(ErrorCodes.NoQuorum);
        there.Value!.Failure!.Error.ShouldBe(ErrorCodes.NoQuorum);

        // With a third, one side has a majority.
        scene.Group.Network.Cut(scene.B.Name, scene.C.Name, cut: false);
        scene.Group.Run(4_000);
        (here, there) = (Begin(scene.B, MembershipChange.Remove, scene.D.Name), Begin(
            scene.D, MembershipChange.Remove, scene.B.Name));
        scene.Group.Run(12_000);
        here.Value!.Failure.ShouldBeNull();
        there.Value!.Failure.ShouldNotBeNull();
        scene.Group.Network.Heal();
        scene.RunUntil(() => scene.D.Describe()!.Membership!.WasRemoved, "D hears of it");
        scene.Write(scene.D, Scene.Diary()).Failure!.Error.ShouldBe(ErrorCodes.RegionRemoved);
        scene.Group.Dismiss(scene.D);
        scene.Converge();
        Epochs(scene).ShouldBe([2ul]);
    }

    [Fact]
    public void Remove_InAGroupOfTwo_NeedsForce()
    {
        var scene = Voting(2);
        var before = scene.Done(scene.B, Scene.Diary(), "before");
        scene.RunUntil(() => scene.Knows(scene.A, before), "A has it");
        scene.B.Kill();

        Remove(scene, scene.A, scene.B).Failure!.Error.ShouldBe(ErrorCodes.NoQuorum);
        var forced = Change(scene, scene.A, MembershipChange.Remove, scene.B.Name, force: true);
        var after = scene.Done(scene.A, Scene.Diary(), "after");

        forced.Failure.ShouldBeNull();
        (forced.Configuration.IsForced, forced.Configuration.Names.Count).ShouldBe((true, 1));
        scene.Group.Dismiss(scene.B);
        scene.Converge();
        Final(scene.A, after).ShouldBeTrue();
        Add(scene, "sa-east-1").Failure.ShouldBeNull("the one that is left decides alone");
    }

    [Fact]
    public void Remove_WhileAnotherHasToCopyItsVotes_IsNotDecidedAndTheOthersDecideLater()
    {
        var scene = Voting(3);
        var c = scene.C;
        c.Stop();
        c.Disk.LoseGuard(); // what it voted may be gone: only A and B together can tell
        scene.Group.Network.Cut(scene.B.Name, c.Name);
        c.Start();
        scene.Group.Run(5_000);

        var early = Remove(scene, scene.A, scene.B);
        scene.Group.Network.Heal();
        scene.RunUntil(() => c.Describe()!.Registers.StandingLanes == EntityKey.Lanes, "its votes stand");
        var late = Remove(scene, scene.A, scene.B);
        scene.B.Kill();
        scene.Group.Dismiss(scene.B);
        scene.Group.Run(5_000);
        var decided = default(RegisterResult);
        SimulatedGroup.Decide(scene.A, new EntityKey("pelago.test", "owner"), new RegisterChange(0, new byte[] { 1 }),
            5_000, r => decided = r);
        scene.RunUntil(() => decided is not null, "the register's answer");

        early.Failure!.Error.ShouldBe(ErrorCodes.NoQuorum);
        early.Failure.Message.ShouldContain($"{c.Name} may not vote yet");
        early.Configuration.Epoch.ShouldBe(1ul);
        late.Failure.ShouldBeNull();
        decided!.Outcome.ShouldBe(RegisterOutcome.Decided, "both that are left remember, and decide");
        scene.Converge();
    }

    [Fact]
    public void Remove_ByForceOnBothSides_MakesTwoGroupsThatDoNotMix()
    {
        var scene = Voting(2);
        scene.Group.Configurations.IsForceUsed = true;
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        Change(scene, scene.A, MembershipChange.Remove, scene.B.Name, force: true).Failure.ShouldBeNull();
        Change(scene, scene.B, MembershipChange.Remove, scene.A.Name, force: true).Failure.ShouldBeNull();
        scene.Done(scene.A, Scene.Diary(), "one");
        scene.Done(scene.B, Scene.Diary(), "other");

        scene.Group.Network.Heal();
        scene.Group.Run(10_000);

        scene.Lines(scene.A, Scene.Diary()).Length.ShouldBe(1);
        scene.Lines(scene.B, Scene.Diary()).Length.ShouldBe(1);
    }

    [Fact]
    public void Lost_TwoRegionsWithEventsThatOthersDependOn_HeldEventsAreReleasedWithARecordThatNamesThem()
    {
        var scene = Voting(5);
        var (d, e) = (scene.Group[3], scene.Group[4]);
        var (cause, effect) = (Scene.Diary("x"), Scene.Diary("x"));
        // E alone has what D writes; what E answers reaches A.
        foreach (var other in new[] { scene.A, scene.B, scene.C })
            scene.Group.Network.Cut(d.Name, other.Name);
        var asked = scene.Done(d, cause, "question");
        scene.RunUntil(() => scene.Knows(e, asked), "E has the question", 1_500);
        scene.Done(e, effect, "answer");
        scene.Group.Run(60);
        d.Kill();
        e.Kill();
        scene.Group.Oracles.Removed(d);
        scene.Group.Oracles.Removed(e);
        scene.Group.Dismiss(d);
        scene.Group.Dismiss(e);
        scene.Group.Run(4_000);

        Remove(scene, scene.A, d).Failure.ShouldBeNull();
        Remove(scene, scene.A, e).Failure.ShouldBeNull();
        scene.Converge();

        foreach (var region in new[] { scene.A, scene.B, scene.C })
        {
            scene.Lines(region, effect).ShouldHaveSingleItem().ShouldEndWith("answer");
            var record = region.Disk.Conflicts.Where(c => c.Kind == ConflictKind.CausesLost).ShouldHaveSingleItem();
            record.Reason.ShouldContain($"{d.Name}#1");
        }
        Final(scene.A, scene.Done(scene.A, effect, "goes on"), scene).ShouldBeTrue();
    }

    [Fact]
    public void Add_UnderLoad_CatchesUpWithProgressAndIsThenUsedAndVotes()
    {
        var scene = Voting(3);
        for (var i = 0; i < 60; i++)
            scene.Done(scene.Group[i % 3], Scene.Diary($"d{i}"), "before");
        var joiner = scene.Group.AddNew("sa-east-1");
        joiner.Start();
        scene.Group.Run(2_000);
        joiner.Describe()!.Membership!.Epoch.ShouldBe(0ul, "nobody has added it yet");

        Change(scene, scene.B, MembershipChange.Add, joiner.Name).Failure.ShouldBeNull();
        var early = scene.TryRead(joiner, Scene.Diary("d1"));
        var seen = new List<(ulong Held, ulong Wanted)>();
        for (var i = 0; i < 200 && State(joiner, joiner.Name) != "Member"; i++)
        {
            scene.Done(scene.A, Scene.Diary($"d{i % 7}"), "meanwhile");
            if (State(scene.A, joiner.Name) == "Joining")
                seen.Add(Progress(scene.A, joiner.Name));
        }

        early.Failure!.Error.ShouldBe(ErrorCodes.RegionJoining);
        seen.ShouldContain(p => p.Held > 0 && p.Held < p.Wanted, "progress is seen from elsewhere");
        scene.RunUntil(() => State(joiner, joiner.Name) == "Member", "it votes");
        scene.Done(joiner, Scene.Diary("d1"), "of the new one");
        scene.Converge();
        scene.RunUntil(() => joiner.Describe()!.Registers.StandingLanes == EntityKey.Lanes, "its votes stand");
        // It is needed for a majority of four.
        scene.C.Stop();
        scene.Group.Run(4_000);
        Remove(scene, scene.A, scene.C).Failure.ShouldBeNull();
    }

    [Fact]
    public void Add_RegionThatWasRemoved_ComesBackWithAnEmptyJournalAndNotWithItsOldOne()
    {
        var scene = Voting(3);
        var kept = scene.Done(scene.C, Scene.Diary(), "kept");
        scene.RunUntil(() => scene.Knows(scene.A, kept), "A has it");
        scene.Group.Network.Isolate(scene.C.Name);
        scene.Done(scene.C, Scene.Diary(), "nobody has it");
        Remove(scene, scene.A, scene.C).Failure.ShouldBeNull();
        var old = scene.C;
        old.Kill();
        Change(scene, scene.A, MembershipChange.Add, old.Name).Failure.ShouldBeNull();

        scene.Group.Network.Heal();
        old.Start();
        scene.RunUntil(() => old.Describe()!.Membership!.WasRemoved, "the old journal is refused");
        var refused = scene.Write(old, Scene.Diary(), "from the old journal");
        var fresh = scene.Group.AddNew(old.Name);
        fresh.Start();
        scene.RunUntil(() => State(scene.A, fresh.Name) == "Member", "it is a member again");
        scene.Done(fresh, Scene.Diary(), "new life");

        refused.Failure!.Error.ShouldBe(ErrorCodes.RegionRemoved);
        scene.Converge();
        scene.Lines(scene.B, Scene.Diary()).Select(l => l.Split(':')[1]).ShouldBe(["kept", "new life"]);
    }

    [Fact]
    public void Decided_ProposerDiesBeforeItTells_TheOthersFindOut()
    {
        var scene = Voting(3);
        var answer = Begin(scene.A, MembershipChange.Remove, scene.C.Name);
        scene.RunUntil(() => scene.B.Describe()!.Membership!.Epoch == 1
            && scene.Group.Count(Probe.RegisterDecided) > 0, "it is decided");
        scene.A.Kill();
        scene.Group.Run(500);
        scene.A.Start();

        scene.RunUntil(() => Epochs(scene) is [2ul], "all know");
        scene.Group.Dismiss(scene.C);
        scene.Converge();
    }

    [Fact]
    public void Add_RegionThatIsNotThereYet_FinalityWaitsForItAndWhatWasFinalStaysSo()
    {
        var scene = Voting(2);
        var before = scene.Done(scene.A, Scene.Diary(), "before");
        scene.RunUntil(() => Final(scene.A, before), "it is final");

        scene.Group.AddNew("sa-east-1");
        Change(scene, scene.A, MembershipChange.Add, "sa-east-1").Failure.ShouldBeNull();
        var after = scene.Done(scene.A, Scene.Diary(), "after");
        scene.RunUntil(() => scene.Knows(scene.B, after), "B has it");
        scene.Group.Run(3_000);

        Final(scene.A, before).ShouldBeTrue();
        Final(scene.A, after).ShouldBeFalse();
        scene.A.Describe()!.Lanes[after.Lane].WaitingFor.ShouldBe(["sa-east-1"]);
        Change(scene, scene.B, MembershipChange.Remove, "sa-east-1").Failure.ShouldBeNull();
        scene.RunUntil(() => Final(scene.A, after), "it waits no more");
    }

    private static ReadCondition Condition(WritePoint point, bool byPosition) => byPosition
        ? new ReadCondition([], [new Frontier(point.Origin, point.Position, point.Position)])
        : new ReadCondition([new VersionVector.Slot(point.Origin, point.Sequence)], []);

    private static RequestResult Read(Scene scene, SimulatedRegion at, ReadCondition condition)
    {
        var answer = BeginRead(scene, at, condition);
        scene.RunUntil(() => answer.Value is not null, "the answer", 1_000);
        return answer.Value!.Value;
    }

    private static ReadAnswer BeginRead(Scene scene, SimulatedRegion at, ReadCondition condition)
    {
        var answer = new ReadAnswer();
        scene.Group.Read(at, Scene.Diary(), condition, 60_000, (_, result) => answer.Value = result);
        return answer;
    }

    private sealed class ReadAnswer
    {
        public RequestResult? Value { get; set; }
    }

    private static ulong[] Sealed(SimulatedRegion at, int lane, string region)
        => [.. at.Describe()!.Lanes[lane].Sealed.Where(s => s.Origin.Region == region).Select(s => s.Position)];

    internal static Scene Voting(int regions)
    {
        var scene = new Scene(regions, o => o with { Voters = null });
        scene.Group.Run(5_000);
        return scene;
    }

    // One member was cut off when the region was removed, and takes the new one for the one that it knows.
    [Fact]
    public void Add_RegionThatWasRemoved_IsNotMisledByAMemberThatDoesNotKnowThat()
    {
        var scene = Voting(5);
        var (lagging, old) = (scene.Group[3], scene.Group[4]);
        Remove(scene, scene.A, scene.C).Failure.ShouldBeNull();
        scene.C.Kill();
        scene.Group.Dismiss(scene.C);
        scene.RunUntil(() => Epochs(scene) is [2ul], "all are in the second epoch");
        scene.Group.Network.Isolate(lagging.Name);
        Remove(scene, scene.A, old).Failure.ShouldBeNull();

        var fresh = scene.Group.AddNew(old.Name);
        scene.Group.Network.Isolate(fresh.Name);
        scene.Group.Network.Cut(lagging.Name, fresh.Name, cut: false);
        fresh.Start();
        scene.Group.Run(5_000);
        scene.Group.Network.Heal();
        Change(scene, scene.A, MembershipChange.Add, fresh.Name).Failure.ShouldBeNull();

        scene.RunUntil(() => State(fresh, fresh.Name) == "Member", "it is one", 30_000);
        scene.Converge();
    }

    private static MembershipResult Add(Scene scene, string name)
    {
        var joiner = scene.Group.AddNew(name);
        joiner.Start();
        return Change(scene, scene.A, MembershipChange.Add, name);
    }

    private static MembershipResult Remove(Scene scene, SimulatedRegion at, SimulatedRegion region)
        => Change(scene, at, MembershipChange.Remove, region.Name);

    internal static MembershipResult Change(
        Scene scene, SimulatedRegion at, MembershipChange change, string region, bool force = false)
    {
        var answer = Begin(at, change, region, force);
        scene.RunUntil(() => answer.Value is not null, "the change's answer", 15_000);
        return answer.Value!;
    }

    internal static Result Begin(SimulatedRegion at, MembershipChange change, string region, bool force = false)
    {
        var answer = new Result();
        SimulatedGroup.Change(at, change, region, 10_000, force, r => answer.Value = r);
        return answer;
    }

    internal static string? State(SimulatedRegion at, string region)
        => at.Describe()?.Membership!.Regions.FirstOrDefault(r => r.Region == region)?.State;

    private static (ulong Held, ulong Wanted) Progress(SimulatedRegion at, string region)
    {
        var described = at.Describe()!.Membership!.Regions.First(r => r.Region == region);
        return (described.Held, described.Wanted);
    }

    private static ulong[] Epochs(Scene scene)
        => [.. scene.Group.Regions.Where(r => r.Up).Select(r => r.Describe()!.Membership!.Epoch).Distinct()];

    internal static bool Final(SimulatedRegion at, WritePoint point) => at.Describe()!.Lanes[point.Lane].FinalThrough
        .Any(f => f.Origin.Equals(point.Origin) && f.Final >= point.Position);

    private static bool Final(SimulatedRegion at, WritePoint point, Scene scene)
        => scene.Group.RunUntil(() => Final(at, point), 10_000);

    internal sealed class Result
    {
        public MembershipResult? Value { get; set; }
    }
}
