using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Primaries that move, where journals are set back and members change.</summary>
public sealed class MovingPrimaryScenarios
{
    private static readonly EntityKey Account = new("account", "a");

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public void Restored_Primary_ReadsNothingOlderThanItHadConfirmed(bool stopsFirst, bool writesAtOnce)
    {
        var scene = Scene(3, "us-east-1");
        scene.Done(scene.A, Account, "1");
        scene.Group.Run(2_000);
        var before = scene.A.Disk.Writes;
        scene.Done(scene.A, Account, "1");
        scene.Group.Run(3_000); // in all regions
        ReadAtPrimary(scene, scene.A).ShouldBe("2");
        if (stopsFirst)
            scene.A.Stop();
        else
            scene.A.Kill();
        scene.Group.Oracles.RolledBack(scene.A, scene.A.Disk.RollBack(before));
        scene.A.Start();
        if (writesAtOnce) // which begins another life before anybody could tell what is missing of the one before
            scene.Done(scene.A, Pelago.Tests.Simulation.Scene.Diary());

        var seen = Enumerable.Range(0, 40).Select(_ => ReadAtPrimary(scene, scene.A)).ToArray();

        seen.ShouldAllBe(s => s == "2" || s.StartsWith("PLG", StringComparison.Ordinal), string.Join(",", seen));
        scene.RunUntil(() => ReadAtPrimary(scene, scene.A) == "2", "it is the primary again");
    }

    [Fact]
    public void Alone_AfterARemoval_IsThePrimaryOnceTheRemovedOnesLeaseIsOver()
    {
        var scene = Scene(2, "eu-west-1");
        scene.Done(scene.B, Account, "1");
        scene.Group.Run(2_000);
        SimulatedGroup.Change(scene.A, MembershipChange.Remove, scene.B.Name, 10_000, false, _ => { });
        scene.RunUntil(() => scene.A.Configuration!.Epoch == 2, "A has taken it");
        scene.Group.Network.Isolate(scene.B.Name); // and B has not
        var answer = scene.Begin(scene.A, scene.Operation(Account, "1"));
        scene.RunUntil(() => answer.Value is not null, "the write", 20_000);
        answer.Value!.Value.Failure.ShouldBeNull();

        ReadAtPrimary(scene, scene.A).ShouldBe("2");
        ReadAtPrimary(scene, scene.B).ShouldStartWith("PLG"); // not 1: it is not the primary any more
    }

    [Fact]
    public void Joining_Region_DoesNotBecomeThePrimaryBeforeItIsAMember()
    {
        var scene = Scene(3, "us-east-1");
        scene.Done(scene.A, Account, "1");
        var d = scene.Group.AddNew("ca-central-1");
        d.Start();
        SimulatedGroup.Change(scene.A, MembershipChange.Add, d.Name, 10_000, false, _ => { });
        scene.RunUntil(() => StateOf(d) == "Joining", "it joins");
        var asked = false;
        scene.RunUntil(() =>
        {
            if (!asked && d.Describe()!.Primaries.Count > 0)
            {
                asked = true;
                d.Enter(d.Life, (kernel, now) => kernel.Submit(new PrimaryRequest
                {
                    Type = "account", DeadlineMilliseconds = now.MonotonicMilliseconds + 30_000,
                }, now));
            }
            var isMember = StateOf(d) == "Member";
            if (!isMember)
                scene.A.Describe()!.Primaries.Single(p => p.Type == "account").Region.ShouldBe(scene.A.Name);
            return isMember;
        }, "it is a member", 20_000);
        scene.RunUntil(() => scene.A.Describe()!.Primaries.Single(p => p.Type == "account").Region == d.Name,
            "then it becomes the primary", 20_000);
    }

    // Both processes ask for leases, and the copy holds less than its original confirms.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Cloned_Primary_OneOfTheTwoIsSureOfItself(bool takesTheAddress)
    {
        var scene = Scene(3, "us-east-1");
        scene.Done(scene.A, Account, "1");
        scene.Group.Run(2_000);
        var clone = scene.Group.Clone(scene.A, withGuard: false, takesTheAddress);

        var original = HasLease(scene.A);
        for (var i = 0; i < 1_500; i++)
        {
            scene.Group.Run(10);
            (HasLease(scene.A) && HasLease(clone)).ShouldBeFalse($"both are, after {i * 10} ms");
        }

        original.ShouldBeTrue("else this shows nothing");
        HasLease(scene.A).ShouldBeFalse("the votes are the copy's");
        scene.Group.Remove(clone);
        scene.A.Stop();
        scene.A.Start();
        scene.RunUntil(() => HasLease(scene.A), "whoever is left, and was started again, is the primary");
    }

    // A region is killed with events that others leave out, and comes back with rows that cannot be opened for a while.
    [Fact]
    public void Orphans_InRowsThatCannotBeReadForAWhile_AreInTheLedgerOnceTheyCan()
    {
        var scene = Scene(3, "us-east-1");
        scene.Done(scene.A, Account, "1");
        scene.Group.Run(2_000);
        scene.Group.Network.Isolate(scene.A.Name);
        scene.Done(scene.A, Account, "5");
        var lost = scene.Events(scene.A, Account)[^1];
        scene.A.Kill();
        scene.Group.Run(2_000);
        scene.B.Enter(scene.B.Life, (kernel, now) => kernel.Submit(new PrimaryRequest
        {
            Type = "account", DeadlineMilliseconds = now.MonotonicMilliseconds + 30_000,
            Waiter = (Action<PrimaryResult>)(_ => { }),
        }, now));
        scene.RunUntil(() => PrimaryOf(scene.B) is { Region: "eu-west-1", IsStarted: true }, "B is the primary");
        scene.Group.Network.Heal();
        scene.A.Disk.Damaged.Add((Account, 2));
        scene.A.Start();
        scene.RunUntil(() => PrimaryOf(scene.A)?.Region == scene.B.Name, "A knows");
        scene.Group.Run(3_000);
        scene.A.Disk.Damaged.Clear();
        scene.Group.Run(30_000);

        scene.A.Disk.Conflicts.Where(c => c.Kind == ConflictKind.Orphaned).ShouldHaveSingleItem().Sequence
            .ShouldBe(lost.Sequence);
    }

    private static PrimaryDescription? PrimaryOf(SimulatedRegion region)
        => region.Describe()?.Primaries.FirstOrDefault(p => p.Type == "account");

    private static bool HasLease(SimulatedRegion region) => PrimaryOf(region) is { HasLease: true };

    private static Scene Scene(int regions, string primary)
    {
        var scene = new Scene(regions, o => o with { Voters = null }, typesOf: _ =>
            new Dictionary<string, IEntityType>(TestTypes.WithoutEffects)
            {
                ["account"] = TestTypes.Account.In(EntityMode.RequestRegion(primary)),
            });
        scene.Group.Run(5_000);
        return scene;
    }

    private static string? StateOf(SimulatedRegion region)
        => region.Describe()?.Membership?.Regions.FirstOrDefault(r => r.Region == region.Name)?.State;

    private static string ReadAtPrimary(Scene scene, SimulatedRegion at)
    {
        RequestResult? answer = null;
        scene.Group.Read(at, Account, ReadCondition.None, 5_000, (_, result) => answer = result, atPrimary: true);
        scene.RunUntil(() => answer is not null, "the answer");
        return answer!.Value.Failure is { } failure ? failure.Error.Code
            : ((EntityView)answer.Value.Value!).State.ToString()!;
    }
}
