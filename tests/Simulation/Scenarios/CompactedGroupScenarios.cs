using Google.Protobuf;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Replication.Stored;
using static Pelago.Tests.Simulation.CompactionScenarios;
using static Pelago.Tests.Simulation.MembershipScenarios;

namespace Pelago.Tests.Simulation;

/// <summary>Compaction where members come and go, are set back, or hold what others cannot have.</summary>
public sealed class CompactedGroupScenarios
{
    private static readonly EntityKey Account = new("account", "a");

    [Fact]
    public void Compaction_OfAnEventTakenOverAGap_LeavesACheckpointThatARestartReads()
    {
        var scene = Voting(5);
        var (d, e) = (scene.Group[3], scene.Group[4]);
        // E alone has what D writes; what E answers reaches A.
        foreach (var other in new[] { scene.A, scene.B, scene.C })
            scene.Group.Network.Cut(d.Name, other.Name);
        var asked = scene.Done(d, Account, "5");
        scene.RunUntil(() => scene.Knows(e, asked), "E has it", 1_500);
        scene.Done(e, Account, "7");
        scene.Group.Run(60);
        foreach (var lost in new[] { d, e })
            lost.Kill();
        foreach (var lost in new[] { d, e })
            scene.Group.Oracles.Removed(lost);
        foreach (var lost in new[] { d, e })
            scene.Group.Dismiss(lost);
        scene.Group.Run(4_000);
        Change(scene, scene.A, MembershipChange.Remove, d.Name).Failure.ShouldBeNull();
        Change(scene, scene.A, MembershipChange.Remove, e.Name).Failure.ShouldBeNull();
        scene.Converge();
        scene.Group.Run(5_000);

        Compact(scene, scene.A, Account).Removed.ShouldBe(1ul);
        Compact(scene, scene.B, Account).Removed.ShouldBe(1ul);
        scene.A.Kill();
        scene.A.Start();
        var view = scene.Read(scene.A, Account);
        (view.State, view.Count).ShouldBe((7L, 1ul));
        Replace(scene, scene.C);
        scene.Done(scene.C, Account, "1");
        scene.Converge();
        foreach (var region in new[] { scene.A, scene.B, scene.C })
            scene.Read(region, Account).State.ShouldBe(8L);
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("region")]
    [InlineData("position")]
    [InlineData("timestamp")]
    public void Checkpoint_ThatCannotBeRead_IsDamageAndNobodyCountsAsWholeWithoutIt(string how)
    {
        var scene = new Scene(2, o => o with { CompactRows = int.MaxValue }, compacts: true);
        scene.Done(scene.A, Account, "5");
        scene.Converge();
        Compact(scene, scene.A, Account).Failure.ShouldBeNull();
        var stored = scene.A.Disk.State.Entities[Account];
        var good = stored.Checkpoint!;
        scene.B.Kill();
        scene.A.Stop();
        stored.Checkpoint = good with { Content = Spoilt(good.Content, how) };
        scene.A.Start();
        scene.Group.Oracles.RolledBack(scene.B, scene.B.Disk.RollBack(0));
        scene.B.Start();
        scene.RunUntil(() => scene.A.Alarms.Exists(a => a.Kind == AlarmKind.RowsDamaged), "the alarm");
        scene.Group.Run(5_000);

        scene.A.Alarms.First(a => a.Kind == AlarmKind.RowsDamaged).Text.ShouldContain("1 checkpoints");
        scene.B.Describe()!.Lanes[Account.Lane].FinalThrough.Where(f => f.Origin.Region == scene.A.Name && f.Held > 0)
            .ShouldBeEmpty();
        stored.Checkpoint = good;
        scene.A.Kill();
        scene.Converge();
        scene.Read(scene.B, Account).State.ShouldBe(5L);
    }

    [Fact]
    public void Compaction_OfATypeThatAnotherRegionStillKeepsToItself_WaitsUntilAllHaveItsHistory()
    {
        IEntityType closed = TestTypes.Draft;
        var open = TestTypes.Draft.In(EntityMode.Replicated).Compacting();
        var isOpen = false;
        var scene = new Scene(3, o => o with { CompactRows = int.MaxValue }, typesOf: region =>
            new Dictionary<string, IEntityType>(TestTypes.WithoutEffects)
            {
                ["draft"] = region == "us-east-1" && !isOpen ? closed : open,
            });
        var draft = new EntityKey("draft", "d");
        scene.Done(scene.A, draft, "of A");
        scene.Group.Oracles.Book.LocalTypes.Clear(); // the others' build has it replicated
        scene.Group.Run(2_000);
        scene.Done(scene.B, draft, "of B");
        scene.Group.Run(5_000);

        foreach (var at in new[] { scene.B, scene.C })
        {
            var early = Compact(scene, at, draft);
            (early.Removed, early.Failure!.Error).ShouldBe((0ul, ErrorCodes.CompactionTooEarly));
            early.WaitingFor.ShouldBe([scene.A.Name]);
            early.Failure.Message.ShouldContain($"{scene.A.Name} keeps events of its type");
        }
        Compact(scene, scene.A, draft).Failure!.Message.ShouldContain("do not leave this region");
        isOpen = true;
        scene.A.Stop();
        scene.A.Start();
        scene.RunUntil(() => scene.Group.Count(Probe.HistoryTaken) == 2, "the others have taken what was kept");
        scene.Group.Run(2_000);
        foreach (var at in scene.Group.Regions)
        {
            var result = Compact(scene, at, draft);
            (result.Removed, result.Failure).ShouldBe((2ul, null), at.Name);
        }
        Replace(scene, scene.C);
        scene.Converge();
        scene.Lines(scene.C, draft).Length.ShouldBe(2);
        scene.Read(scene.C, draft).Count.ShouldBe(2ul);
    }

    [Fact]
    public void RegionSetBack_CleanlyStoppedSince_StillWaitsUntilItHasCaughtUp()
    {
        var scene = new Scene(3, o => o with { CompactRows = int.MaxValue }, typesOf: _ =>
            new Dictionary<string, IEntityType>(TestTypes.WithoutEffects)
            {
                [Account.Type] = TestTypes.Account.Compacting(),
            });
        SetBack(scene, scene.C);
        scene.Group.Network.Isolate(scene.C.Name);
        scene.C.Start();

        scene.Write(scene.C, Account, "1").Failure!.Error.ShouldBe(ErrorCodes.NotCaughtUp);
        scene.Done(scene.C, Scene.Diary()); // of another type, under a new life
        scene.C.Stop();
        scene.C.Start();
        scene.Write(scene.C, Account, "1").Failure!.Error.ShouldBe(ErrorCodes.NotCaughtUp);
        scene.Converge();
        scene.Done(scene.C, Account, "1");
        scene.Group.Run(1_000);
        scene.C.Stop();
        scene.Group.Network.Isolate(scene.C.Name);
        scene.C.Start();
        scene.Done(scene.C, Account, "1");
        scene.Converge();
    }

    [Fact]
    public void RegionSetBack_ReachesOnlyAJoiningOne_DoesNotCountAsCaughtUp()
    {
        var scene = Voting(3);
        SetBack(scene, scene.C);
        var joiner = scene.Group.AddNew("sa-east-1");
        foreach (var other in new[] { scene.A, scene.B })
            scene.Group.Network.Cut(joiner.Name, other.Name);
        Change(scene, scene.A, MembershipChange.Add, joiner.Name).Failure.ShouldBeNull();
        joiner.Start();
        scene.C.Start();
        scene.RunUntil(() => scene.C.Describe()!.Membership!.Epoch == 2, "C knows of it");
        foreach (var other in new[] { scene.A, scene.B })
            scene.Group.Network.Cut(scene.C.Name, other.Name);
        scene.C.Kill();
        scene.C.Start();
        scene.Group.Run(5_000);

        scene.Read(scene.C, Account).State.ShouldBe(1L, "nothing has come back");
        scene.Write(scene.C, Account, "1").Failure!.Error.ShouldBe(ErrorCodes.NotCaughtUp);
        scene.Converge();
        scene.Done(scene.C, Account, "1");
    }

    [Fact]
    public void RegionSetBack_OfAGroupThatBeganWithItAlone_WaitsForTheOthers()
    {
        var scene = Voting(1);
        var second = scene.Group.AddNew("sa-east-1");
        second.Start();
        Change(scene, scene.A, MembershipChange.Add, second.Name).Failure.ShouldBeNull();
        scene.RunUntil(() => second.Describe()!.Membership!.Regions.Any(r => r.Region == second.Name
            && r.State == "Member"), "the second region is a member");
        SetBack(scene, scene.A);
        scene.Group.Network.Isolate(scene.A.Name);
        scene.A.Start();

        scene.Write(scene.A, Account, "1").Failure!.Error.ShouldBe(ErrorCodes.NotCaughtUp);
        scene.Converge();
        scene.Done(scene.A, Account, "1");
    }

    [Fact]
    public void RegionThatIsLeftAlone_AfterItDied_WaitsForNobody()
    {
        var scene = Voting(2);
        scene.Done(scene.A, Account, "1");
        scene.Converge();
        Change(scene, scene.A, MembershipChange.Remove, scene.B.Name).Failure.ShouldBeNull();
        scene.Group.Dismiss(scene.B);
        scene.Group.Run(10_000);
        scene.A.Kill();
        scene.A.Start();

        scene.Done(scene.A, Account, "1");
    }

    [Fact]
    public void Entity_InAGroupOfOneRegion_IsCompactedByItself()
    {
        var scene = new Scene(1, o => o with { CompactRows = 10, LaneReaders = ["views"] }, compacts: true);
        for (var i = 0; i < 15; i++)
            scene.Done(scene.A, Account, "1");
        scene.Group.Run(5_000);
        Removed(scene.A).ShouldBe(0, "its rows have not been read");

        scene.A.Enter(scene.A.Life, (kernel, now) => kernel.ReadThrough("views", Account.Lane, 15, now));
        scene.RunUntil(() => Removed(scene.A) == 15, "its rows are gone");
        scene.A.Enter(scene.A.Life, (kernel, now) => kernel.ReadThrough("views", Account.Lane, 60, now));
        for (var i = 0; i < 15; i++)
            scene.Done(scene.A, Account, "1");
        scene.RunUntil(() => Removed(scene.A) == 30, "the next ones, too");
    }

    [Fact]
    public void Snapshots_ManyOfManyParts_AllCome()
    {
        var scene = new Scene(2, o => o with { CompactRows = int.MaxValue, PageBytes = 512 }, compacts: true);
        var memos = Enumerable.Range(0, 200).Select(i => new EntityKey("memo", $"m{i}")).ToArray();
        foreach (var memo in memos)
            scene.Done(scene.A, memo, new string('x', 6_000));
        scene.Converge();
        foreach (var memo in memos)
            Compact(scene, scene.A, memo).Failure.ShouldBeNull();
        Replace(scene, scene.B);

        scene.RunUntil(() => scene.Group.Count(Probe.SnapshotTaken) == memos.Length, "all snapshots", 60_000);
        scene.Converge();
    }

    [Fact]
    public void Snapshot_ThatIsRefused_IsFetchedLessAndLessOften()
    {
        var newer = TestTypes.Account.Compacting();
        newer.StateVersion = 2;
        var scene = new Scene(2, o => o with { CompactRows = int.MaxValue }, compacts: true, typesOf: region
            => region == "us-east-1" ? TestTypes.Compacting
                : new Dictionary<string, IEntityType> { [newer.Name] = newer });
        scene.Done(scene.A, Account, "5");
        scene.Converge();
        Compact(scene, scene.A, Account).Failure.ShouldBeNull();
        Replace(scene, scene.B);
        scene.RunUntil(() => scene.Group.Count(Probe.SnapshotRefused) > 0, "the refusal");

        scene.Group.Run(60_000);
        scene.Group.Count(Probe.SnapshotRefused).ShouldBeInRange(2, 10);
    }

    [Fact]
    public void Compaction_OfAStateTooLargeToSend_KeepsItsRows()
    {
        var scene = new Scene(2, o => o with { CompactRows = int.MaxValue, MaxCheckpointBytes = 4_096 },
            compacts: true);
        var memo = new EntityKey("memo", "m");
        scene.Done(scene.A, memo, new string('x', 5_000));
        scene.Done(scene.A, Account, "5");
        scene.Converge();

        var result = Compact(scene, scene.A, memo);
        (result.Removed, result.Failure!.Error).ShouldBe((0ul, ErrorCodes.NotCompactable));
        result.Failure.Message.ShouldContain("4096");
        Compact(scene, scene.A, Account).Removed.ShouldBe(1ul);
    }

    [Fact]
    public void NoteOfWhatIsGone_Damaged_IsReplacedByOneThatLeavesNothingOut()
    {
        var scene = new Scene(2, o => o with { CompactRows = int.MaxValue }, compacts: true);
        var first = scene.Done(scene.A, Account, "5");
        scene.Converge();
        Compact(scene, scene.A, Account).Removed.ShouldBe(1ul);
        scene.B.Kill();
        scene.A.Kill();
        scene.A.Disk.NotesDamaged = true;
        scene.A.Start();
        scene.A.Disk.NotesDamaged = false;
        scene.B.Start();
        scene.Group.Run(3_000);
        // Another entity of the lane, of another origin: its checkpoint writes the note anew.
        var other = Enumerable.Range(0, 1_000).Select(i => new EntityKey("account", $"x{i}"))
            .First(e => e.Lane == Account.Lane);
        scene.Done(scene.B, other, "5");
        scene.Converge();
        Compact(scene, scene.A, other).Removed.ShouldBe(1ul);
        scene.A.Kill();
        scene.A.Start();
        Replace(scene, scene.B);
        scene.Converge();

        scene.Read(scene.B, Account).State.ShouldBe(5L);
        first.Sequence.ShouldBe(1ul);
    }

    [Fact]
    public void RegionThatJoins_AfterCompactionAndARemoval_TakesSnapshotsAndIsThenAMember()
    {
        var scene = Voting(3);
        foreach (var region in scene.Group.Regions)
            scene.Done(region, Account, "5");
        scene.Converge();
        Change(scene, scene.A, MembershipChange.Remove, scene.C.Name).Failure.ShouldBeNull();
        scene.C.Kill();
        scene.Group.Oracles.Removed(scene.C);
        scene.Group.Dismiss(scene.C);
        scene.Group.Run(5_000);
        scene.Done(scene.B, Account, "5");
        scene.Converge();
        scene.Group.Run(5_000);
        Compact(scene, scene.A, Account).Removed.ShouldBe(4ul);
        Compact(scene, scene.B, Account).Removed.ShouldBe(4ul);

        var joiner = scene.Group.AddNew("sa-east-1");
        joiner.Start();
        Change(scene, scene.A, MembershipChange.Add, joiner.Name).Failure.ShouldBeNull();
        scene.RunUntil(() => joiner.Describe()!.Membership!.Regions.Any(r => r.Region == joiner.Name
            && r.State == "Member"), "it is a member");
        scene.Group.Count(Probe.SnapshotTaken).ShouldBe(1);
        scene.Read(joiner, Account).State.ShouldBe(20L);
        scene.Done(joiner, Account, "5");
        scene.Converge();
        scene.Group.Run(5_000);
        Compact(scene, joiner, Account).Removed.ShouldBe(1ul);
    }

    private static ReadOnlyMemory<byte> Spoilt(ReadOnlyMemory<byte> content, string how)
    {
        var checkpoint = Checkpoint.Parser.ParseFrom(content.Span);
        if (how == "region")
            checkpoint.Prefix.Origins[0].Region = "No Region";
        else if (how == "position")
            checkpoint.Positions[0].Count = ulong.MaxValue;
        else if (how == "timestamp")
            checkpoint.Prefix.HighestTimestamp = ulong.MaxValue;
        else
            return content[..^1];
        return checkpoint.ToByteArray();
    }

    // It has lost one event that all the others have; it is down.
    private static void SetBack(Scene scene, SimulatedRegion region)
    {
        scene.Done(region, Account, "1");
        scene.Converge();
        var before = region.Disk.Writes;
        scene.Done(region, Account, "1");
        scene.Converge();
        region.Kill();
        scene.Group.Oracles.RolledBack(region, region.Disk.RollBack(before));
    }

    private static Scene Voting(int regions)
    {
        var scene = new Scene(regions, o => o with { Voters = null, CompactRows = int.MaxValue }, compacts: true);
        scene.Group.Run(5_000);
        return scene;
    }
}
