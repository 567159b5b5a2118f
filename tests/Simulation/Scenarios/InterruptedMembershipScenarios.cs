using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Simulation.MembershipScenarios;

namespace Pelago.Tests.Simulation;

/// <summary>A change of the members is cut short at any step, and asked for again: it comes to an end, nothing is lost,
/// and the group goes on.</summary>
public sealed class InterruptedMembershipScenarios
{
    private const string Fourth = "sa-east-1";
    private const int Repetitions = 6;

    /// <summary>Whoever is at work dies before or after one of its writes, beginning with the moment of the question:
    /// the region that proposes, one that votes, and the one that it is about.</summary>
    [Theory]
    [InlineData(MembershipChange.Add, 0, 4)]
    [InlineData(MembershipChange.Add, 1, 4)]
    [InlineData(MembershipChange.Add, 3, 3)]
    [InlineData(MembershipChange.Remove, 0, 4)]
    [InlineData(MembershipChange.Remove, 1, 4)]
    [InlineData(MembershipChange.Remove, 2, 3)]
    public void Change_SomebodyDiesAtAnyWrite_IsRepeatedAndComesToItsEnd(
        MembershipChange change, int victim, int writes)
    {
        for (var write = 1; write <= writes; write++)
        {
            foreach (var before in new[] { true, false })
            {
                var (scene, name) = Ready(change);
                var region = scene.Group[victim];
                var died = DieAt(scene, region, write, before);

                var first = Begin(scene.A, change, name);
                scene.Group.Run(700);

                died().ShouldBeTrue($"write {write} of {region.Name} is part of it");
                Repeat(scene, change, name);
                ShouldBeDone(scene, change, name);
                first.Value?.Configuration.Epoch.ShouldBeLessThanOrEqualTo(3ul);
            }
        }
    }

    [Theory]
    [InlineData(MembershipChange.Add)]
    [InlineData(MembershipChange.Remove)]
    public void Change_TheProposerIsCutOffAtAnyMoment_IsAnsweredAndComesToItsEndAfterwards(MembershipChange change)
    {
        for (var moment = 0; moment <= 150; moment += 15)
        {
            var (scene, name) = Ready(change);
            var answer = Begin(scene.A, change, name);
            scene.Group.Run(moment);
            scene.Group.Network.Isolate(scene.A.Name);
            scene.RunUntil(() => answer.Value is not null, $"the answer, cut off after {moment} ms", 15_000);
            if (answer.Value!.Failure is { } failure)
                failure.Error.ShouldBeOneOf(ErrorCodes.NoQuorum, ErrorCodes.OutcomeUnknown);

            scene.Group.Network.Heal();
            Repeat(scene, change, name);
            ShouldBeDone(scene, change, name);
        }
    }

    [Theory]
    [InlineData(MembershipChange.Add, MembershipChange.Add)]
    [InlineData(MembershipChange.Add, MembershipChange.Remove)]
    [InlineData(MembershipChange.Remove, MembershipChange.Add)]
    [InlineData(MembershipChange.Remove, MembershipChange.Remove)]
    public void Changes_AskedForInTwoRegionsAtOnce_AreBothAnsweredAndTheGroupGoesOn(
        MembershipChange first, MembershipChange second)
    {
        var scene = Voting(4);
        scene.Group.AddNew(Fourth).Start();
        scene.Group.AddNew("ca-central-1").Start();
        string[] names = [first == MembershipChange.Add ? Fourth : scene.C.Name,
            second == MembershipChange.Add ? "ca-central-1" : scene.D.Name];

        var (one, other) = (Begin(scene.A, first, names[0]), Begin(scene.B, second, names[1]));
        scene.RunUntil(() => one.Value is not null && other.Value is not null, "both answers", 15_000);

        Repeat(scene, first, names[0]);
        Repeat(scene, second, names[1]);
        foreach (var region in scene.Group.Regions.Where(r => scene.A.Configuration!.Find(r.Name) is null).ToArray())
        {
            region.Kill();
            scene.Group.Dismiss(region);
        }
        scene.RunUntil(() => scene.Group.Regions.All(r => State(scene.A, r.Name) == "Member"), "all have joined");
        scene.Converge();
    }

    [Fact]
    public void Removal_OfARegionThatIsBeingAdded_LeavesNothingToWaitFor()
    {
        var scene = Voting(3);
        scene.Group.AddNew(Fourth).Start();
        scene.Done(scene.A, Scene.Diary());

        var added = Begin(scene.A, MembershipChange.Add, Fourth);
        scene.RunUntil(() => scene.B.Configuration!.Find(Fourth) is not null, "it is added");
        Change(scene, scene.B, MembershipChange.Remove, Fourth).Failure.ShouldBeNull();
        scene.RunUntil(() => added.Value is not null, "the first answer", 15_000);

        scene.Group[Fourth].Kill();
        scene.Group.Dismiss(scene.Group[Fourth]);
        var after = scene.Done(scene.A, Scene.Diary(), "after");
        scene.RunUntil(() => Final(scene.A, after), "finality goes on");
        scene.Converge();
    }

    // It has never heard of a region that is a member by now, or takes one for a member that is none any more.
    [Theory]
    [InlineData(MembershipChange.Add, MembershipChange.Remove)]
    [InlineData(MembershipChange.Remove, MembershipChange.Add)]
    public void Change_InARegionThatIsCutOff_IsNotAnsweredByWhatItRemembers(
        MembershipChange meanwhile, MembershipChange asked)
    {
        var scene = Voting(4);
        var name = meanwhile == MembershipChange.Add ? scene.Group.AddNew("ca-central-1").Name : scene.C.Name;
        scene.Group.Network.Isolate(scene.A.Name);
        Change(scene, scene.B, meanwhile, name).Failure.ShouldBeNull();

        var answer = Change(scene, scene.A, asked, name);

        (answer.Failure?.Error).ShouldBe(ErrorCodes.NoQuorum);
    }

    private static (Scene Scene, string Name) Ready(MembershipChange change)
    {
        var scene = Voting(3);
        foreach (var region in scene.Group.Regions)
            scene.Done(region, Scene.Diary());
        var name = change == MembershipChange.Add ? Fourth : scene.C.Name;
        if (change == MembershipChange.Add)
            scene.Group.AddNew(Fourth).Start();
        scene.Group.Run(1_000);
        return (scene, name);
    }

    // From now on it dies once, around that write of its own, and is back after a while.
    private static Func<bool> DieAt(Scene scene, SimulatedRegion region, int write, bool before)
    {
        var (count, died) = (0, false);
        if (before && write == 1)
            region.CrashBeforeWritePerMille = 1_000;
        var judged = region.Disk.Written;
        region.Disk.Written = batches =>
        {
            judged!(batches);
            if (died || ++count != (before ? write - 1 : write))
                return;
            (region.CrashBeforeWritePerMille, region.CrashAfterWritePerMille) = before ? (1_000, 0) : (0, 1_000);
        };
        region.Died = dead =>
        {
            died = true;
            (dead.CrashBeforeWritePerMille, dead.CrashAfterWritePerMille) = (0, 0);
            scene.Group.Time.After(400, dead.Start);
        };
        return () => died;
    }

    private static void Repeat(Scene scene, MembershipChange change, string name)
    {
        for (var i = 0; i < Repetitions; i++)
        {
            scene.RunUntil(() => scene.A.Up, "the region that is asked runs");
            if (Change(scene, scene.A, change, name).Failure is null)
                return;
        }
        Assert.Fail($"{change} {name} is not done after {Repetitions} times: {Change(scene, scene.A, change, name)}.");
    }

    private static void ShouldBeDone(Scene scene, MembershipChange change, string name)
    {
        if (change == MembershipChange.Remove)
        {
            scene.RunUntil(() => scene.Group[name].Describe()?.Membership!.WasRemoved == true, "it hears of it");
            scene.Group[name].Kill();
            scene.Group.Dismiss(scene.Group[name]);
        }
        var last = change == MembershipChange.Add ? 3ul : 2ul; // it votes in the third
        scene.RunUntil(() => scene.Group.Regions.All(r => r.Configuration?.Epoch >= last), "all know of it");
        scene.Group.Regions.ShouldAllBe(r => r.Configuration!.Epoch == last && State(r, r.Name) == "Member");
        var after = scene.Done(scene.B, Scene.Diary(), "after");
        scene.Converge();
        Final(scene.A, after).ShouldBeTrue();
        RegisterResult? decided = null;
        SimulatedGroup.Decide(scene.B, new EntityKey("pelago.test", "owner"), new RegisterChange(0, new byte[] { 1 }),
            5_000, r => decided = r);
        scene.RunUntil(() => decided is not null, "the register's answer");
        decided!.Outcome.ShouldBe(RegisterOutcome.Decided);
    }
}
