using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Entities that are not for every region, of which the regions that have them lose something: what is left is
/// placeholders, and the events that say whom the entity is for, which every region has in full.</summary>
public sealed class LostRegionScenarios
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Lost_WithALaterEventThatARegionWithoutThemHas_AreGivenUpAndNothingWaits(bool isInOneBatch)
    {
        var scene = Begin(3);
        if (!isInOneBatch)
            scene.Done(scene.A, Only(scene, "first", scene.A, scene.B));
        scene.Converge();
        scene.Group.Network.Isolate(scene.B.Name);
        scene.Group.Run(5_000); // no link is left on which it could still arrive
        var before = scene.A.Disk.Writes;
        if (isInOneBatch)
        {
            scene.Done(scene.A, Only(scene, "hidden", scene.A, scene.B));
        }
        else
        {
            scene.Done(scene.A, Parcel, "hidden");
            scene.Done(scene.A, new Operation(Parcel, [], "") { Regions = EntityFilter.None });
        }
        scene.RunUntil(() => scene.Events(scene.C, Parcel).Count == (isInOneBatch ? 2 : 4), "C has placeholders");
        SetBack(scene, scene.A, before);

        scene.Converge();

        scene.Group.Oracles.Alarms[AlarmKind.EventsLost].ShouldBeGreaterThan(0);
        foreach (var region in isInOneBatch ? new[] { scene.A, scene.B } : [scene.A, scene.B, scene.C])
        {
            scene.Group.Oracles.Of(region).GivenUp(Parcel).ShouldBe(1, region.Name);
            region.Disk.Conflicts.ShouldContain(c => c.Kind == ConflictKind.CausesLost && c.Entity == Parcel);
            Restart(scene, region);
            scene.Done(region, Parcel, "after");
        }
        scene.Converge();
    }

    [Fact]
    public void Lost_WithARegionThatIsRemoved_AreGivenUpAndTheRegionIsSealed()
    {
        var scene = MembershipScenarios.Voting(3);
        scene.Group.Oracles.Book.RegionTypes.Add(Parcel.Type);
        var (a, b, c) = (scene.A, scene.B, scene.C);
        scene.Group.Network.Cut(a.Name, b.Name);
        scene.Group.Run(5_000);
        scene.Done(a, Only(scene, "hidden", a, b));
        scene.RunUntil(() => scene.Events(c, Parcel).Count == 2, "C has it, but not what it says");
        a.Kill();
        scene.Group.Oracles.Removed(a);
        scene.Group.Dismiss(a);
        scene.Group.Network.Heal();
        scene.Group.Run(4_000);

        MembershipScenarios.Change(scene, b, MembershipChange.Remove, a.Name).Failure.ShouldBeNull();
        Convergence.Demand(scene.Group, [Parcel]);

        var after = scene.Done(b, Parcel, "after");
        scene.RunUntil(() => MembershipScenarios.Final(b, after), "nobody waits for the region that is gone");
        scene.Events(c, Parcel).Count.ShouldBe(3);
        scene.Group.Oracles.Of(b).GivenUp(Parcel).ShouldBe(1);
    }

    [Fact]
    public void Lost_ConcurrentToTheRuleInForce_AreGivenUpAndTheEntityIsReadWithoutThem()
    {
        var scene = Begin(3);
        scene.Done(scene.A, Parcel, "before");
        scene.Converge();
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        var before = scene.A.Disk.Writes;
        scene.Done(scene.A, Only(scene, "lost", scene.A));
        scene.Group.Run(50);
        scene.Done(scene.B, Only(scene, "here alone", scene.B));
        scene.RunUntil(() => scene.Events(scene.B, Parcel).Any(e => e.IsWithheld), "B has a placeholder", 60_000);
        scene.Write(scene.B, Parcel).Failure!.Error.ShouldBe(ErrorCodes.Filtered, "it may come yet");
        SetBack(scene, scene.A, before);

        scene.Converge();

        var view = scene.Read(scene.B, Parcel);
        view.Count.ShouldBe(4ul, "before, two rules, and what is here alone");
        Restart(scene, scene.B);
        scene.Read(scene.B, Parcel).State.ShouldBe(view.State);
        scene.Done(scene.B, Parcel, "after");
        scene.Done(scene.B, Everywhere(scene));
        scene.Converge();
        scene.Read(scene.C, Parcel).State.ShouldBe(scene.Read(scene.B, Parcel).State);
    }

    [Fact]
    public void Lost_AndFoundAfterAll_AreFilledEverywhere()
    {
        var scene = Begin(3);
        scene.Done(scene.A, Only(scene, "lost", scene.A));
        scene.Converge();
        var lost = scene.Events(scene.A, Parcel)[1];
        SetBack(scene, scene.A, 0);
        for (var i = 0; i < 2; i++)
            scene.Done(scene.A, Everywhere(scene));
        scene.Converge();
        var before = scene.Read(scene.B, Parcel).Count;
        scene.Group.Oracles.Of(scene.B).GivenUp(Parcel).ShouldBe(1);

        Scene.Deliver(scene.B, scene.A, new EventsFrame(Parcel.Lane, lost.Origin, [lost], 0));
        scene.RunUntil(() => scene.Group.Oracles.Of(scene.B).GivenUp(Parcel) == 0, "it is filled");
        scene.Converge();
        scene.Done(scene.B, Parcel);
        scene.RunUntil(() => scene.Group.Oracles.Of(scene.C).GivenUp(Parcel) == 0, "C compares", 60_000);
        scene.Converge();
        scene.Read(scene.C, Parcel).Count.ShouldBe(before + 2);
    }

    [Fact]
    public void Opened_WhileTheRegionThatHasItDoesNotKnow_IsFilledThoughAnotherRegionIsAway()
    {
        var scene = Begin(3);
        scene.Done(scene.A, Only(scene, "hidden", scene.A, scene.B));
        scene.Converge();
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        scene.Done(scene.A, Everywhere(scene));
        scene.RunUntil(() => !scene.Group.Oracles.Of(scene.C).IsApart(Parcel), "C knows");
        scene.A.Kill();

        scene.RunUntil(() => !scene.Group.Oracles.Of(scene.C).IsPartial(Parcel), "B hears of it, and sends", 60_000);
        scene.Done(scene.C, Parcel);
        scene.Converge();
    }

    [Fact]
    public void Opened_WhileTheOnlyRegionThatHasItCannotLearnOfIt_IsNotGivenUp()
    {
        var scene = Begin(3);
        scene.Done(scene.A, Only(scene, "hidden", scene.A, scene.B));
        scene.Converge();
        scene.B.Disk.Full = true;
        scene.Done(scene.A, Everywhere(scene));
        scene.RunUntil(() => !scene.Group.Oracles.Of(scene.C).IsApart(Parcel), "C knows");
        SetBack(scene, scene.A, 0);
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        scene.Group.Run(60_000); // the life that wrote it is over, A has nothing, and B answers with placeholders

        scene.Group.Count(Probe.PlaceholdersGivenUp).ShouldBe(0);
        scene.B.Disk.Full = false;
        scene.Converge();
        scene.Read(scene.C, Parcel).Count.ShouldBe(4ul);
    }

    [Fact]
    public void Opened_WhileTheRegionThatHasItDoesNotKnow_IsNotSaidToBeLost()
    {
        var scene = Begin(3);
        scene.Done(scene.A, Only(scene, "both", scene.A, scene.B));
        scene.Converge();
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        scene.Done(scene.A, Parcel, "A alone");
        scene.Done(scene.B, Everywhere(scene));
        scene.RunUntil(() => scene.Events(scene.C, Parcel).Count == 5, "C knows of all");
        scene.Group.Run(60_000);

        scene.Done(scene.C, Parcel);
        scene.Group.Oracles.Alarms.GetValueOrDefault(AlarmKind.EventsLost).ShouldBe(0);
        scene.Group.Count(Probe.FillMissing).ShouldBe(0);
        scene.Converge();
    }

    [Fact]
    public void LeftOut_RegionThatRelays_IsNotAskedAgainAndAgain()
    {
        var scene = Begin(3);
        scene.Done(scene.A, Only(scene, "both", scene.A, scene.B));
        scene.Converge();
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        var hidden = scene.Done(scene.A, Parcel, "hidden");
        scene.RunUntil(() => scene.Group.Count(Probe.WithheldOwed) > 0, "B is owed it");
        var asked = 0;
        scene.Group.Network.Sent = (from, frame) => asked += from == scene.B.Name && frame is FetchFrame ? 1 : 0;
        var owed = scene.Group.Count(Probe.PassedOver);
        scene.Group.Run(60_000);

        asked.ShouldBeInRange(1, 20);
        scene.Group.Count(Probe.PassedOver).ShouldBe(owed, "it is noted once");
        scene.Group.Network.Heal();
        scene.RunUntil(() => scene.Knows(scene.B, hidden), "A is asked as soon as it can be", 10_000);
        scene.Converge();
    }

    [Fact]
    public void Lost_RuleThatAnEventCarries_IsKeptAndTheEntityNotShownInPart()
    {
        var scene = MembershipScenarios.Voting(4);
        scene.Group.Configurations.IsForceUsed = true;
        scene.Group.Oracles.Book.RegionTypes.Add(Parcel.Type);
        var (a, b, c, d) = (scene.A, scene.B, scene.C, scene.D);
        scene.Done(c, Parcel, "before");
        scene.Converge();
        foreach (var (one, other) in new[] { (a, c), (a, d), (b, d) })
            scene.Group.Network.Cut(one.Name, other.Name);
        scene.Group.Run(5_000);
        scene.Done(a, new Operation(Parcel, [], "") { Regions = EntityFilter.None.Only(a.Name, b.Name) });
        scene.RunUntil(() => scene.Group.Oracles.Of(b).Events(Parcel).Count == 2, "B has the rule", 1_000);
        scene.Done(b, Parcel, "under it");
        scene.RunUntil(() => c.Describe()!.Lanes[Parcel.Lane].Held > 0, "C has a placeholder", 1_000);
        foreach (var lost in new[] { a, b })
        {
            lost.Kill();
            scene.Group.Oracles.Removed(lost);
            scene.Group.Dismiss(lost);
        }
        scene.Group.Network.Heal();
        foreach (var lost in new[] { a, b })
        {
            MembershipScenarios.Change(scene, c, MembershipChange.Remove, lost.Name, force: true)
                .Failure.ShouldBeNull();
        }

        scene.RunUntil(() => scene.Events(c, Parcel).Any(e => e.IsWithheld), "the placeholder is taken", 60_000);
        scene.Group.Run(10_000);

        scene.Write(c, Parcel).Failure!.Error.ShouldBe(ErrorCodes.Filtered);
        scene.TryRead(d, Parcel).Failure!.Error.ShouldBe(ErrorCodes.Filtered);
    }

    private static EntityKey Parcel => new("parcel", "p");

    private static Scene Begin(int regions)
    {
        var scene = new Scene(regions, o => o with
        {
            LostAfterMilliseconds = 2_000, CompareMilliseconds = 1_000,
        });
        scene.Group.Oracles.Book.RegionTypes.Add(Parcel.Type);
        return scene;
    }

    private static void SetBack(Scene scene, SimulatedRegion region, int writes)
    {
        region.Kill();
        scene.Group.Oracles.RolledBack(region, region.Disk.RollBack(writes));
        scene.Group.Network.Heal();
        region.Start();
    }

    private static void Restart(Scene scene, SimulatedRegion region)
    {
        region.Stop();
        region.Start();
        scene.Group.Run(3_000);
    }

    private static Operation Only(Scene scene, string body, params SimulatedRegion[] regions)
        => scene.Operation(Parcel, body) with { Regions = EntityFilter.None.Only([.. regions.Select(r => r.Name)]) };

    private static Operation Everywhere(Scene scene) => scene.Operation(Parcel) with { Regions = EntityFilter.None };
}
