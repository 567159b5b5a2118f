using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Groups that were changed by force, or that shrank to almost nothing.</summary>
public sealed class ForcedMembershipScenarios
{
    private static readonly EntityKey Account = new("account", "a");

    [Fact]
    public void Force_OfAMinorityThatWasRemovedMeanwhile_TakesNobodyOfTheMajorityWithIt()
    {
        var scene = new Scene(5, o => o with { Voters = null });
        scene.Group.Run(5_000);
        scene.Group.Configurations.IsForceUsed = true;
        var (d, e) = (scene.D, scene.Group[4]);
        scene.Group.Network.Isolate(d.Name);
        scene.Group.Network.Isolate(e.Name);
        Change(scene, scene.A, MembershipChange.Remove, e.Name).Failure.ShouldBeNull();
        Change(scene, e, MembershipChange.Remove, scene.A.Name, force: true).Failure.ShouldBeNull();
        Change(scene, e, MembershipChange.Remove, scene.B.Name, force: true).Failure.ShouldBeNull();

        scene.Group.Network.Heal();
        scene.Group.Run(20_000);

        foreach (var region in new[] { scene.A, scene.B, scene.C })
        {
            var group = region.Describe()!.Membership!;
            (group.Epoch, group.WasRemoved).ShouldBe((2ul, false), region.Name);
            scene.Write(region, Account, "1").Failure.ShouldBeNull(region.Name);
        }
        // D was at the beginning of both. It has gone with one of them, and for good.
        d.Describe()!.Membership!.WasRemoved.ShouldBeFalse();
        scene.Group.Regions.SelectMany(r => r.Alarms).ShouldContain(a => a.Kind == AlarmKind.GroupsDiffer);
        Change(scene, scene.A, MembershipChange.Remove, scene.C.Name).Failure.ShouldBeNull("they go on as a group");
    }

    [Fact]
    public void Force_OfThoseThatAreLeft_IsTakenByTheOthersAndByWhoComesBack()
    {
        var scene = new Scene(5, o => o with { Voters = null });
        scene.Group.Run(5_000);
        scene.Group.Configurations.IsForceUsed = true;
        SimulatedRegion[] dead = [scene.A, scene.B, scene.C];
        foreach (var region in dead)
            region.Kill();
        var (d, e) = (scene.D, scene.Group[4]);
        foreach (var region in dead)
            Change(scene, e, MembershipChange.Remove, region.Name, force: true).Failure.ShouldBeNull();
        scene.RunUntil(() => d.Describe()!.Membership!.Epoch == 4, "the other one that is left takes it");

        scene.B.Start();

        scene.RunUntil(() => scene.B.Describe()!.Membership!.WasRemoved, "who comes back hears of it");
        scene.Group.Regions.SelectMany(r => r.Alarms).ShouldNotContain(a => a.Kind == AlarmKind.GroupsDiffer);
        scene.Group.AddNew("ca-central-1");
        Change(scene, d, MembershipChange.Add, "ca-central-1").Failure.ShouldBeNull("they decide by themselves again");
    }

    [Fact]
    public void Force_ThatPartedMembersOfBothGroups_IsToldToBothSides()
    {
        var scene = new Scene(5, o => o with { Voters = null });
        scene.Group.Run(5_000);
        scene.Group.Configurations.IsForceUsed = true;
        var (c, d, e) = (scene.C, scene.D, scene.Group[4]);
        foreach (var one in new[] { scene.A, scene.B, c })
        {
            foreach (var other in new[] { d, e })
                scene.Group.Network.Cut(one.Name, other.Name);
        }
        Change(scene, scene.A, MembershipChange.Remove, e.Name).Failure.ShouldBeNull();
        Change(scene, e, MembershipChange.Remove, scene.A.Name, force: true).Failure.ShouldBeNull();
        Change(scene, e, MembershipChange.Remove, scene.B.Name, force: true).Failure.ShouldBeNull();
        scene.RunUntil(() => d.Describe()!.Membership!.Epoch == 3, "D has gone with E");

        scene.Group.Network.Heal();
        scene.Group.Run(20_000);

        foreach (var region in new[] { c, d }) // each is a member of the other's group, and C has the older epoch
            region.Alarms.ShouldContain(a => a.Kind == AlarmKind.GroupsDiffer, region.Name);
    }

    [Fact]
    public void Remove_RegionThatWasCutOffForLong_LearnsOfItOnANewLink()
    {
        var scene = new Scene(3, o => o with { Voters = null });
        scene.Group.Run(5_000);
        scene.Group.Network.Isolate(scene.C.Name);
        scene.Group.Run(60_000); // no link is left on which it could be told with a hello before
        Change(scene, scene.A, MembershipChange.Remove, scene.C.Name).Failure.ShouldBeNull();
        scene.Write(scene.C, Account, "1").Failure.ShouldBeNull("it cannot know");

        scene.Group.Network.Isolate(scene.C.Name, cut: false);

        scene.RunUntil(() => scene.C.Describe()!.Membership!.WasRemoved, "it hears of it");
        (scene.Write(scene.C, Account, "1").Failure?.Error).ShouldBe(ErrorCodes.RegionRemoved);
    }

    [Fact]
    public void Force_OfAnAddition_IsRefused()
    {
        var scene = new Scene(2, o => o with { Voters = null });
        scene.Group.Run(5_000);
        scene.B.Kill();

        var forced = Change(scene, scene.A, MembershipChange.Add, "sa-east-1", force: true);

        (forced.Failure?.Error).ShouldBe(ErrorCodes.MembershipRefused);
        forced.Configuration.Epoch.ShouldBe(1ul, "a region that is added without a majority would make two groups");
    }

    [Fact]
    public void LastVoter_WhoseMemoryWasLost_VotesAgainAndSaysSo()
    {
        var scene = new Scene(2, o => o with { Voters = null });
        scene.Group.Run(5_000);
        Change(scene, scene.A, MembershipChange.Remove, scene.B.Name).Failure.ShouldBeNull();
        scene.Group.Dismiss(scene.B);
        scene.RunUntil(() => scene.A.Describe()!.Registers.StandingLanes == EntityKey.Lanes, "it votes alone");
        scene.A.Kill();
        scene.A.Disk.LoseGuard();
        scene.A.Start();

        scene.RunUntil(() => scene.A.Describe()!.Registers.StandingLanes == EntityKey.Lanes, "it votes again");

        scene.A.Alarms.ShouldContain(a => a.Kind == AlarmKind.VotesLost);
        scene.Group.AddNew("sa-east-1").Start();
        Change(scene, scene.A, MembershipChange.Add, "sa-east-1").Failure.ShouldBeNull();
    }

    [Fact]
    public void Read_AtThePrimaryInARegionThatWasRemovedFromAGroupOfTwo_IsRefused()
    {
        var scene = new Scene(2, o => o with { Voters = null }, typesOf: _ => new Dictionary<string, IEntityType>(
            TestTypes.WithoutEffects)
        {
            ["account"] = TestTypes.Account.In(EntityMode.Pinned("eu-west-1")),
        });
        scene.Group.Run(5_000);
        scene.Done(scene.B, Account, "1");
        scene.Converge();
        Change(scene, scene.B, MembershipChange.Remove, scene.A.Name).Failure.ShouldBeNull();
        scene.RunUntil(() => scene.A.Describe()!.Membership!.WasRemoved, "A hears of it");
        scene.Done(scene.B, Account, "1");
        RequestResult? answer = null;
        scene.Group.Read(
            scene.A, Account, ReadCondition.None, 5_000, (_, result) => answer = result, atPrimary: true);

        scene.RunUntil(() => answer is not null, "the answer");

        (answer!.Value.Failure?.Error).ShouldBe(
            ErrorCodes.RegionRemoved, "the group goes on, and it cannot know how");
    }

    private static MembershipResult Change(
        Scene scene, SimulatedRegion at, MembershipChange change, string region, bool force = false)
    {
        MembershipResult? answer = null;
        SimulatedGroup.Change(at, change, region, 10_000, force, r => answer = r);
        scene.RunUntil(() => answer is not null, "the change's answer", 15_000);
        return answer!;
    }
}
