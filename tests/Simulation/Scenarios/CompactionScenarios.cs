using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Rows of final events are removed, and nothing is lost by it. What is removed, the oracles of the disks
/// judge.</summary>
public sealed class CompactionScenarios
{
    private static readonly EntityKey Account = new("account", "a");

    [Fact]
    public void Compaction_BeforeEventsAreFinal_IsRefusedAndNamesTheRegionThatHoldsItBack()
    {
        var scene = Compacting(3);
        scene.Group.Run(2_000);
        scene.Group.Network.Isolate(scene.C.Name);
        scene.Done(scene.A, Account, "5");
        scene.Group.Run(3_000);

        var result = Compact(scene, scene.A, Account);

        result.Failure!.Error.ShouldBe(ErrorCodes.CompactionTooEarly);
        result.WaitingFor.ShouldBe([scene.C.Name]);
        result.Failure.Message.ShouldContain(scene.C.Name);
        Removed(scene.A).ShouldBe(0);
        scene.Converge();
        Compact(scene, scene.A, Account).Removed.ShouldBe(1ul);
    }

    [Fact]
    public void Compaction_TypeThatDoesNotLetRowsGo_IsRefused()
    {
        var scene = new Scene(2);
        scene.Done(scene.A, Account, "5");
        scene.Converge();

        Compact(scene, scene.A, Account).Failure!.Error.ShouldBe(ErrorCodes.NotCompactable);
    }

    [Fact]
    public void Compaction_OfFinalEvents_RemovesRowsAndKeepsStateNumbersAndKeys()
    {
        var scene = Compacting(3);
        var first = Keyed(scene, scene.A);
        for (var i = 1; i < 20; i++)
            scene.Done(i % 2 == 0 ? scene.A : scene.B, Account, "5");
        scene.Converge();

        var result = Compact(scene, scene.A, Account);

        result.Failure.ShouldBeNull();
        (result.Removed, result.Kept).ShouldBe((20ul, 0ul));
        scene.A.Kill();
        scene.A.Start();
        var view = scene.Read(scene.A, Account);
        (view.State, view.Count).ShouldBe((100L, 20ul));
        Again(scene, scene.A, first);
        scene.Done(scene.A, Account, "7").Sequence.ShouldBe(11ul);
        scene.Converge();
        scene.Read(scene.C, Account).State.ShouldBe(107L);
    }

    [Fact]
    public void NewRegion_AfterCompaction_TakesSnapshotsAndEndsWithTheSameDigests()
    {
        var scene = Compacting(3);
        var others = Enumerable.Range(0, 40).Select(i => new EntityKey("account", $"x{i}")).ToArray();
        var first = Keyed(scene, scene.A);
        foreach (var other in others)
            scene.Done(scene.B, other, "2", lines: 3);
        scene.Converge();
        foreach (var entity in others.Append(Account))
        {
            Compact(scene, scene.A, entity).Failure.ShouldBeNull();
            Compact(scene, scene.B, entity).Failure.ShouldBeNull();
        }
        scene.Done(scene.A, Account, "1"); // beyond the checkpoint
        Replace(scene, scene.C);
        scene.Converge();

        scene.Group.Count(Probe.SnapshotTaken).ShouldBeGreaterThanOrEqualTo(41);
        Events(scene, scene.C).ShouldBe(0, "what is gone is not sent");
        foreach (var entity in others.Append(Account))
            Digest(scene.C, entity).ShouldBe(Digest(scene.A, entity));
        scene.Read(scene.C, Account).State.ShouldBe(6L);
        Again(scene, scene.C, first);
        scene.Converge();
        scene.Read(scene.A, Account).State.ShouldBe(6L, "its key came with the snapshot");
    }

    [Fact]
    public void Digest_OfACompactedEntity_IsThatOfOneThatKeepsItsRows()
    {
        var scene = Compacting(3);
        for (var i = 0; i < 9; i++)
            scene.Done(i % 3 == 0 ? scene.C : scene.A, Account, "1");
        scene.Converge();
        Compact(scene, scene.A, Account).Removed.ShouldBe(9ul);
        scene.Done(scene.B, Account, "1");
        scene.Converge();

        Digest(scene.A, Account).ShouldBe(Digest(scene.B, Account));
        Digest(scene.A, Account)!.Events.Count.ShouldBe(10ul);
    }

    [Fact]
    public void RegionSetBack_ToBeforeTheOthersCompacted_RecoversBySnapshot()
    {
        var scene = Compacting(3);
        scene.Done(scene.C, Account, "1");
        scene.Converge();
        var before = scene.C.Disk.Writes;
        for (var i = 0; i < 12; i++)
            scene.Done(i % 2 == 0 ? scene.C : scene.A, Account, "1", key: $"key{i}");
        scene.Converge();
        Compact(scene, scene.A, Account).Failure.ShouldBeNull();
        Compact(scene, scene.B, Account).Failure.ShouldBeNull();
        scene.C.Kill();
        scene.Group.Oracles.RolledBack(scene.C, scene.C.Disk.RollBack(before));
        scene.C.Start();
        scene.Done(scene.C, Account, "1");
        scene.Converge();

        scene.Group.Count(Probe.SnapshotTaken).ShouldBeGreaterThan(0);
        scene.Read(scene.C, Account).State.ShouldBe(14L);
        Digest(scene.C, Account).ShouldBe(Digest(scene.A, Account));
    }

    [Fact]
    public void RegionSetBack_OthersOutOfReach_WritesToWhatTheyCompactWaits()
    {
        var scene = Compacting(3);
        scene.Done(scene.C, Account, "1");
        scene.Converge();
        var before = scene.C.Disk.Writes;
        scene.Done(scene.C, Account, "1");
        scene.Converge();
        scene.Group.Network.Isolate(scene.C.Name);
        scene.C.Kill();
        scene.Group.Oracles.RolledBack(scene.C, scene.C.Disk.RollBack(before));
        scene.C.Start();

        scene.Write(scene.C, Account, "1").Failure!.Error.ShouldBe(ErrorCodes.NotCaughtUp);
        scene.Read(scene.C, Account).State.ShouldBe(1L, "reads do not wait");
        var later = scene.Begin(scene.C, scene.Operation(Account, "1"));
        scene.Group.Network.Heal();
        scene.RunUntil(() => later.Value is not null, "the write");
        later.Value!.Value.Failure.ShouldBeNull();
        scene.Converge();
    }

    [Fact]
    public void Compaction_ReaderOfTheLaneIsBehind_KeepsWhatItHasNotRead()
    {
        var scene = new Scene(2, o => o with { LaneReaders = ["views"] }, compacts: true);
        for (var i = 0; i < 6; i++)
            scene.Done(scene.A, Account, "1");
        scene.Converge();

        Compact(scene, scene.A, Account).Failure!.Message.ShouldContain("have not been read");
        scene.A.Enter(scene.A.Life, (kernel, now) => kernel.ReadThrough("views", Account.Lane, 4, now));
        var result = Compact(scene, scene.A, Account);
        (result.Removed, result.Kept).ShouldBe((4ul, 2ul));
        scene.Converge();
    }

    [Fact]
    public void Compaction_ManyRows_GoSomeWithEachGroup()
    {
        var most = 0;
        var scene = new Scene(2, o => o with { RemoveRowsPerGroup = 5 }, compacts: true);
        for (var i = 0; i < 30; i++)
            scene.Done(scene.A, Account, "1");
        scene.Converge();
        var written = scene.A.Disk.Written;
        scene.A.Disk.Written = batches =>
        {
            written!(batches);
            most = Math.Max(most, batches.Sum(b => b.Removed.Count));
        };

        Compact(scene, scene.A, Account).Removed.ShouldBe(30ul);
        most.ShouldBe(5);
        scene.Converge();
    }

    [Fact]
    public void Compaction_ProcessDiesBetweenItsSteps_GoesOnWhereItWas()
    {
        var scene = new Scene(2, o => o with { RemoveRowsPerGroup = 5 }, compacts: true);
        for (var i = 0; i < 30; i++)
            scene.Done(scene.A, Account, "1");
        scene.Converge();
        SimulatedGroup.Compact(scene.A, Account, _ => { });
        scene.RunUntil(() => Removed(scene.A) >= 10, "some rows are gone");
        scene.A.Kill();
        scene.A.Start();
        scene.Group.Run(2_000);

        scene.Read(scene.A, Account).State.ShouldBe(30L);
        var result = Compact(scene, scene.A, Account);
        result.Failure.ShouldBeNull();
        Removed(scene.A).ShouldBe(30);
        scene.Converge();
    }

    [Fact]
    public void Entity_OfATypeThatCompacts_IsCompactedByItself()
    {
        var scene = new Scene(3, o => o with { CompactRows = 10 }, compacts: true);
        for (var i = 0; i < 15; i++)
            scene.Done(scene.A, Account, "1");
        scene.RunUntil(() => scene.Group.Regions.All(r => Removed(r) > 5), "all regions have compacted it");
        scene.Converge();
    }

    [Fact]
    public void Snapshot_OfAnotherStateVersion_IsRefusedAndNamed()
    {
        var newer = TestTypes.Account.Compacting();
        var scene = new Scene(3, o => o with { CompactRows = int.MaxValue }, compacts: true, typesOf: region
            => region == "ap-southeast-1" ? new Dictionary<string, IEntityType> { [newer.Name] = newer }
                : TestTypes.Compacting);
        scene.Done(scene.A, Account, "5");
        scene.Converge();
        Compact(scene, scene.A, Account).Failure.ShouldBeNull();
        Compact(scene, scene.B, Account).Failure.ShouldBeNull();
        newer.StateVersion = 2;
        Replace(scene, scene.C);
        scene.RunUntil(() => scene.C.Alarms.Exists(a => a.Kind == AlarmKind.SnapshotRefused), "the refusal");

        scene.C.Alarms.First(a => a.Kind == AlarmKind.SnapshotRefused).Text.ShouldContain("version 1");
        scene.Done(scene.C, new EntityKey("account", "other"), "5");
        newer.StateVersion = 1; // the older build is deployed again
        scene.C.Kill();
        scene.Converge();
        scene.Read(scene.C, Account).State.ShouldBe(5L);
    }

    [Fact]
    public void DeletedEntity_OnceFinal_LeavesItsNumbersAlone()
    {
        var scene = new Scene(3);
        var memo = new EntityKey("memo", "d");
        for (var i = 0; i < 5; i++)
            scene.Done(scene.A, memo, "word");
        scene.Converge();
        Delete(scene, scene.B, memo);
        scene.RunUntil(() => scene.Group.Regions.All(r => Removed(r) == 6), "all regions have removed its rows");

        scene.Read(scene.C, memo).State.ShouldBe("");
        scene.C.Kill();
        scene.C.Start();
        scene.Done(scene.A, memo, "anew").Sequence.ShouldBe(6ul);
        Replace(scene, scene.B);
        scene.Converge();
        scene.Read(scene.B, memo).State.ShouldBe("anew\n");
    }

    [Fact]
    public void DeletedEntity_RegionSetBackWritesToIt_KeepsItsWriteBesideTheSnapshot()
    {
        var scene = new Scene(3);
        var memo = new EntityKey("memo", "d");
        scene.Done(scene.A, memo, "word");
        scene.Converge();
        var before = scene.C.Disk.Writes;
        scene.Done(scene.A, memo, "another");
        scene.Converge();
        Delete(scene, scene.B, memo);
        scene.RunUntil(() => scene.Group.Regions.All(r => Removed(r) == 3), "all regions have removed its rows");
        scene.C.Kill();
        scene.Group.Oracles.RolledBack(scene.C, scene.C.Disk.RollBack(before));
        scene.Group.Network.Isolate(scene.C.Name);
        scene.C.Start();
        scene.Done(scene.C, memo, "mine");
        scene.Converge();

        foreach (var region in scene.Group.Regions)
            scene.Read(region, memo).State.ShouldBe("mine\n");
        scene.Group.Count(Probe.SnapshotTaken).ShouldBe(1);
    }

    [Fact]
    public void Event_OfTwoRegionsThatLostDataAndComesBeforeTheCheckpoint_ParksItsEntity()
    {
        var scene = Compacting(3);
        scene.Group.Oracles.Fatal.Remove(AlarmKind.Parked);
        scene.Done(scene.A, Account, "1");
        scene.Converge();
        var before = (A: scene.A.Disk.Writes, C: scene.C.Disk.Writes);
        for (var i = 0; i < 3; i++)
            scene.Done(scene.B, Account, "1");
        scene.Converge();
        Compact(scene, scene.B, Account).Removed.ShouldBe(4ul);
        scene.Group.Network.Isolate(scene.B.Name);
        foreach (var (region, writes) in new[] { (scene.A, before.A), (scene.C, before.C) })
        {
            region.Kill();
            scene.Group.Oracles.RolledBack(region, region.Disk.RollBack(writes));
            region.ClockOffMilliseconds = -3_600_000;
            region.Start();
        }
        var early = scene.Begin(scene.C, scene.Operation(Account, "1"));
        scene.RunUntil(() => early.Value is not null, "the two that lost data agree");
        early.Value!.Value.Failure.ShouldBeNull();
        scene.Group.Network.Heal();
        scene.RunUntil(() => scene.B.Alarms.Exists(a => a.Kind == AlarmKind.Parked), "the alarm");

        scene.B.Alarms.First(a => a.Kind == AlarmKind.Parked).Text.ShouldContain("comes before the checkpoint");
        scene.TryRead(scene.B, Account).Failure!.Error.ShouldBe(ErrorCodes.EntityParked);
        scene.Lines(scene.B, Account).Length.ShouldBe(5, "it is kept");
    }

    private static void Delete(Scene scene, SimulatedRegion at, EntityKey entity)
    {
        var deletion = new Operation(entity, [], "")
        {
            Handle = (_, _) => new Decision([Deletion.Instance], _ => "", null, []),
        };
        Ask(scene, at, deletion).Failure.ShouldBeNull();
    }

    private static Scene Compacting(int regions) => new(regions, o => o with { CompactRows = int.MaxValue },
        compacts: true);

    internal static CompactResult Compact(Scene scene, SimulatedRegion at, EntityKey entity)
    {
        CompactResult? result = null;
        SimulatedGroup.Compact(at, entity, r => result = r);
        scene.RunUntil(() => result is not null, "the compaction");
        return result!;
    }

    private static Operation Keyed(Scene scene, SimulatedRegion at)
    {
        var operation = scene.Operation(Account, "5", key: "once");
        Ask(scene, at, operation).Failure.ShouldBeNull();
        return operation;
    }

    // The same command with the same key: nothing is written, and the answer is that it was done.
    private static void Again(Scene scene, SimulatedRegion at, Operation operation)
    {
        var before = scene.Read(at, Account).Count;
        Ask(scene, at, operation);
        scene.Read(at, Account).Count.ShouldBe(before);
    }

    private static RequestResult Ask(Scene scene, SimulatedRegion at, Operation operation)
    {
        var answer = scene.Begin(at, operation);
        scene.RunUntil(() => answer.Value is not null, "the answer");
        return answer.Value!.Value;
    }

    internal static int Removed(SimulatedRegion region) => region.Disk.State.Lanes.Sum(l => l.Removed.Count);

    // Rows that are here and stand for events that are gone elsewhere.
    private static int Events(Scene scene, SimulatedRegion region)
        => region.Disk.State.Entities.Values.SelectMany(e => e.Rows)
            .Count(r => r.Event.Sequence <= scene.Group.Oracles.Of(scene.A).Compacted(r.Event.Entity)[r.Event.Origin]);

    private static EntityDigest? Digest(SimulatedRegion region, EntityKey entity)
    {
        var journal = new SimulatedJournal(region.Disk.Clone(withGuard: false));
        return EntityAudit.Of(TestTypes.Compacting[entity.Type], journal.Read(entity, history: false),
            journal.Read(entity, history: true))?.Digest;
    }

    // The region begins again with an empty journal.
    internal static void Replace(Scene scene, SimulatedRegion region)
    {
        region.Kill();
        scene.Group.Oracles.RolledBack(region, region.Disk.RollBack(0));
        region.Start();
    }
}
