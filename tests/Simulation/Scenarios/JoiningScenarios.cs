using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Simulation.MembershipScenarios;

namespace Pelago.Tests.Simulation;

/// <summary>Regions that join while their disk is full, those that they know are removed, or what they were before is
/// not over.</summary>
public sealed class JoiningScenarios
{
    private const string Fourth = "sa-east-1";

    private static readonly EntityKey InTheSameLane = Enumerable.Range(0, 1_000).Select(i => Scene.Diary($"d{i}"))
        .First(e => e.Lane == Scene.Diary().Lane);

    // Its disk is full when it hears that it was added, and it dies as soon as anything of the group is on it.
    [Fact]
    public void Joiner_ThatDiesBeforeItHasNotedItsGroup_JoinsAfterItsRestart()
    {
        var scene = Voting(3);
        for (var i = 0; i < 40; i++)
            scene.Done(scene.A, Scene.Diary($"d{i}"));
        var joiner = scene.Group.AddNew(Fourth);
        joiner.Start();
        scene.Group.Run(1_000);
        joiner.Disk.Full = true;
        Change(scene, scene.A, MembershipChange.Add, Fourth).Failure.ShouldBeNull();
        scene.RunUntil(() => joiner.Alarms.Exists(a => a.Kind == AlarmKind.JournalFailed), "its note failed");
        joiner.Disk.Full = false;
        scene.RunUntil(() => joiner.Configuration!.Epoch > 0 || Rows(joiner) > 0, "something is durable");

        joiner.Kill();
        joiner.Start();

        scene.RunUntil(() => State(joiner, Fourth) == "Member", "it joins");
        scene.Converge();
    }

    // The one member that it reaches was cut off when the region was removed, and takes it for the one of before.
    [Fact]
    public void Joiner_ThatReachesAMemberWhichDoesNotKnowOfItsRemoval_TakesNothingOfIt()
    {
        var scene = Voting(5);
        var (lagging, old) = (scene.Group[3], scene.Group[4]);
        Change(scene, scene.A, MembershipChange.Remove, scene.C.Name).Failure.ShouldBeNull();
        scene.C.Kill();
        scene.Group.Dismiss(scene.C);
        scene.RunUntil(() => lagging.Configuration!.Epoch == 2, "it knows of the first removal");
        scene.Done(scene.A, Scene.Diary());
        scene.Group.Run(2_000);
        scene.Group.Network.Isolate(lagging.Name);
        Change(scene, scene.A, MembershipChange.Remove, old.Name).Failure.ShouldBeNull();
        var fresh = scene.Group.AddNew(old.Name);
        scene.Group.Network.Isolate(fresh.Name);
        scene.Group.Network.Cut(lagging.Name, fresh.Name, cut: false);
        fresh.Start();
        scene.Group.Run(5_000);
        Rows(fresh).ShouldBe(0ul, "it does not know who its group is");

        fresh.Kill();
        fresh.Start();
        scene.Group.Network.Heal();
        Change(scene, scene.A, MembershipChange.Add, fresh.Name).Failure.ShouldBeNull();

        scene.RunUntil(() => State(fresh, fresh.Name) == "Member", "it joins", 30_000);
        scene.Converge();
    }

    // It has heard of an event that only the removed region had.
    [Fact]
    public void Joiner_MemberIsRemovedThatToldOfWhatNobodyElseHas_DoesNotWaitForIt()
    {
        var scene = Voting(3);
        var (a, b, c) = (scene.A, scene.B, scene.C);
        var joiner = scene.Group.AddNew(Fourth);
        foreach (var other in new[] { a, c })
            scene.Group.Network.Cut(joiner.Name, other.Name);
        joiner.Start();
        Change(scene, a, MembershipChange.Add, Fourth).Failure.ShouldBeNull();
        scene.RunUntil(() => joiner.Configuration!.Epoch == 2 && c.Configuration!.Epoch == 2, "both know of it");
        joiner.Disk.Full = true;
        foreach (var other in new[] { a, b })
            scene.Group.Network.Cut(c.Name, other.Name);
        scene.Done(c, Scene.Diary(), "only C has it");
        scene.Group.Network.Cut(joiner.Name, c.Name, cut: false);
        scene.RunUntil(() => Wanted(joiner) > 0, "it has heard of it");
        c.Kill();
        joiner.Disk.Full = false;

        scene.Group.Network.Cut(joiner.Name, a.Name, cut: false);
        Change(scene, a, MembershipChange.Remove, c.Name).Failure.ShouldBeNull();
        scene.Group.Dismiss(c);

        scene.RunUntil(() => State(joiner, Fourth) == "Member", "it joins");
        scene.Converge();
    }

    // What the former journal wrote reaches one member, which is away while the region is removed and added again.
    [Fact]
    public void Finality_RegionIsBackBeforeItsFormerJournalIsSealed_WaitsForWhatIsLeftOfThat()
    {
        var scene = Voting(5);
        var (away, old) = (scene.A, scene.Group[4]);
        scene.Group.Run(2_000);
        foreach (var other in scene.Group.Regions.Where(r => r != old && r != away))
            scene.Group.Network.Cut(old.Name, other.Name);
        var early = scene.Done(scene.B, Scene.Diary(), "seen by all but the last");
        scene.RunUntil(() => scene.Group.Regions.All(r => r == old || scene.Knows(r, early)), "they have it", 500);
        scene.Group.Run(250); // and have said so
        scene.Knows(old, early).ShouldBeFalse();
        var late = scene.Done(old, Scene.Diary(), "concurrent to it");
        scene.RunUntil(() => scene.Knows(away, late), "one member has it", 500);
        scene.Group.Network.Isolate(away.Name);
        old.Kill();
        scene.Group.Run(4_000); // what it sent and did not arrive is gone with its links

        Change(scene, scene.B, MembershipChange.Remove, old.Name).Failure.ShouldBeNull();
        var fresh = scene.Group.AddNew(old.Name);
        scene.Group.Network.Cut(away.Name, fresh.Name);
        foreach (var other in new[] { scene.B, scene.C, scene.D })
            scene.Group.Network.Cut(other.Name, fresh.Name, cut: false);
        fresh.Start();
        scene.Group.Regions.ShouldNotContain(old);
        Change(scene, scene.B, MembershipChange.Add, fresh.Name).Failure.ShouldBeNull();
        scene.RunUntil(() => State(scene.B, fresh.Name) == "Member", "it is back");
        scene.Group.Run(5_000);

        Final(scene.B, early).ShouldBeFalse("a member may have something concurrent to it");
        scene.Knows(scene.B, late).ShouldBeFalse();
        scene.Converge();
        scene.RunUntil(() => Final(scene.B, early), "it is final");
        scene.Knows(scene.B, late).ShouldBeTrue();
    }

    // A member is away while a region is added and removed again. None that is left was added, and finality waits for
    // what it reports in the configuration that holds now.
    [Fact]
    public void Finality_RegionWasAddedAndRemovedWhileAMemberWasAway_GoesOnOnceThatIsBack()
    {
        var scene = Voting(3);
        var (a, away) = (scene.A, scene.C);
        scene.Done(away, Scene.Diary(), "before");
        scene.Converge();
        scene.Group.Network.Isolate(away.Name);
        var joiner = scene.Group.AddNew(Fourth);
        scene.Group.Network.Cut(away.Name, joiner.Name);
        joiner.Start();
        Change(scene, a, MembershipChange.Add, Fourth).Failure.ShouldBeNull();
        scene.RunUntil(() => a.Configuration!.Find(Fourth) is not null && scene.B.Configuration!.Epoch > 1, "it is in");
        Change(scene, a, MembershipChange.Remove, Fourth).Failure.ShouldBeNull();
        scene.RunUntil(() => scene.B.Configuration!.Find(Fourth) is null, "it is out");
        joiner.Kill();
        scene.Group.Dismiss(joiner);
        var point = scene.Done(a, Scene.Diary(), "after");
        Final(a, point).ShouldBeFalse("a member is away");

        scene.Converge();

        foreach (var region in scene.Group.Regions)
            scene.RunUntil(() => Final(region, point), $"it is final in {region.Name}");
        var later = scene.Done(away, Scene.Diary(), "later");
        scene.RunUntil(() => scene.Group.Regions.All(r => Final(r, later)), "what comes later is final, too");
    }

    // A member has what the former journal wrote in memory alone: the cause of it comes later. Its reports do not name
    // it, whether or not that member reaches the region that is back.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Finality_MemberHoldsBackWhatAFormerJournalWrote_WaitsForThat(bool reachesTheNewOne)
    {
        var (scene, early, late) = HeldBackOfTheFormerJournal();
        var (a, holder, old) = (scene.A, scene.B, scene.Group[4]);
        old.Kill();
        scene.Group.Run(4_000);
        Change(scene, a, MembershipChange.Remove, old.Name).Failure.ShouldBeNull();
        var fresh = scene.Group.AddNew(old.Name);
        foreach (var other in new[] { a, scene.C, scene.D })
            scene.Group.Network.Cut(other.Name, fresh.Name, cut: false);
        scene.Group.Network.Cut(holder.Name, fresh.Name, cut: !reachesTheNewOne);
        fresh.Start();
        Change(scene, a, MembershipChange.Add, fresh.Name).Failure.ShouldBeNull();
        scene.RunUntil(() => State(a, fresh.Name) == "Member" && holder.Configuration!.Epoch > 2, "it is back");
        scene.Group.Run(5_000);

        holder.Describe()!.Lanes[late.Lane].Held.ShouldBe(1, "the cause is not there");
        Final(a, early).ShouldBeFalse("a member holds something back that is concurrent to it");
        a.Kill();
        a.Start();
        scene.Group.Run(5_000);
        Final(a, early).ShouldBeFalse("nor after a restart");
        scene.Converge();
        scene.RunUntil(() => Final(a, early), "it is final");
        scene.Knows(a, late).ShouldBeTrue();
    }

    // All but the last have what A wrote early. The last writes something concurrent to it, which B alone receives and
    // cannot take: its cause, which D wrote, does not come to B.
    private static (Scene Scene, WritePoint Early, WritePoint Late) HeldBackOfTheFormerJournal()
    {
        var scene = new Scene(5, o => o with { Voters = null, RelayAfterMilliseconds = 10_000_000 });
        scene.Group.Run(7_000);
        var (a, holder, old) = (scene.A, scene.B, scene.Group[4]);
        foreach (var other in new[] { a, scene.C })
            scene.Group.Network.Cut(old.Name, other.Name);
        scene.Group.Network.Cut(holder.Name, scene.D.Name);
        var cause = scene.Done(scene.D, Scene.Diary(), "cause");
        scene.RunUntil(() => scene.Knows(old, cause) && scene.Knows(a, cause), "the cause", 500);
        scene.Group.Network.Cut(old.Name, scene.D.Name);
        var early = scene.Done(a, InTheSameLane, "seen by all but the last");
        scene.RunUntil(() => scene.Knows(holder, early) && scene.Knows(scene.D, early), "they have it", 500);
        var late = scene.Done(old, Scene.Diary(), "concurrent to it");
        scene.RunUntil(() => holder.Describe()!.Lanes[late.Lane].Held == 1, "it is held back", 500);
        scene.Knows(holder, cause).ShouldBeFalse();
        return (scene, early, late);
    }

    [Fact]
    public void Level_OfAWriteInARegionThatStillJoins_CountsThoseThatHaveJoined()
    {
        var scene = Voting(2);
        var joiner = scene.Group.AddNew(Fourth);
        joiner.Start();
        Change(scene, scene.A, MembershipChange.Add, Fourth).Failure.ShouldBeNull();
        scene.RunUntil(() => scene.TryRead(joiner, Scene.Diary()).Failure is null, "its lane is served");
        State(joiner, Fourth).ShouldBe("Joining");
        scene.Group.Network.Isolate(scene.B.Name);

        var answer = scene.Begin(joiner, scene.Operation(Scene.Diary(), key: "k") with
        {
            Level = Acknowledgement.Regions(2), PatienceMilliseconds = 30_000,
        });
        scene.RunUntil(() => scene.Lines(scene.A, Scene.Diary()).Length == 1, "one of the two has it");
        scene.Group.Run(1_000);

        answer.Value.ShouldBeNull("the level is of the two that have joined");
        scene.Group.Network.Heal();
        scene.RunUntil(() => answer.Value is not null, "the other one has it, too");
        answer.Value!.Value.Failure.ShouldBeNull();
        scene.Converge();
    }

    private static ulong Rows(SimulatedRegion region)
        => (ulong)region.Disk.State.Lanes.Sum(l => (long)l.Head);

    private static ulong Wanted(SimulatedRegion joiner)
        => joiner.Describe()!.Membership!.Regions.First(r => r.Region == joiner.Name).Wanted;
}
