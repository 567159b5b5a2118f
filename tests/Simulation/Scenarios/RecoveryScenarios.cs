using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Processes that die, disks that fail, events that come again or out of order.</summary>
public sealed class RecoveryScenarios
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Writer_DiesAroundTheWrite_LosesAndDoublesNothing(bool afterTheWrite)
    {
        var scene = new Scene(2);
        scene.Done(scene.A, Scene.Diary(), "kept");
        (scene.A.CrashAfterWritePerMille, scene.A.CrashBeforeWritePerMille) = afterTheWrite ? (1000, 0) : (0, 1000);
        var operation = scene.Operation(Scene.Diary(), "tried", "key");
        var unanswered = scene.Begin(scene.A, operation);
        scene.RunUntil(() => !scene.A.Up, "the death");
        (scene.A.CrashAfterWritePerMille, scene.A.CrashBeforeWritePerMille) = (0, 0);
        scene.A.Start();

        unanswered.Value.ShouldBeNull();
        var answer = scene.Begin(scene.A, operation);
        scene.RunUntil(() => answer.Value is not null, "the retry");

        scene.Converge();
        scene.Lines(scene.B, Scene.Diary()).ShouldBe(["1:kept", "2:tried"]);
    }

    [Fact]
    public void Entity_ProcessDiesAgainAndAgainWhileItIsReplayed_LosesAndDoublesNothing()
    {
        var scene = new Scene(2, o => o with { SnapshotRows = 7 });
        for (var i = 0; i < 30; i++)
            scene.Done(i % 3 == 0 ? scene.B : scene.A, Scene.Diary());
        scene.Converge();
        for (var life = 0; life < 40; life++)
        {
            scene.A.Kill();
            scene.A.Start();
            scene.Begin(scene.A, scene.Operation(Scene.Diary())); // begins the replay
            scene.Group.Run(life % 20); // the journal answers within 8 ms: before, during and after
        }
        scene.Converge();

        var lines = scene.Lines(scene.A, Scene.Diary());
        lines.ShouldBeUnique();
        lines.Length.ShouldBeGreaterThanOrEqualTo(30);
        scene.Read(scene.A, Scene.Diary()).Count.ShouldBe((ulong)lines.Length);
    }

    [Fact]
    public void Lane_TakenOverByAnotherOwner_RefusesTheWriteAndAlarms()
    {
        var scene = new Scene(1);
        var point = scene.Done(scene.A, Scene.Diary());
        _ = new SimulatedJournal(scene.A.Disk).Take(point.Lane); // another process with the lease

        scene.Write(scene.A, Scene.Diary()).Failure!.Error.ShouldBe(ErrorCodes.LaneFenced);

        // Whoever comes later is told the same, and does not wait for a group that is never written.
        scene.Write(scene.A, Scene.Diary()).Failure!.Error.ShouldBe(ErrorCodes.LaneFenced);
        scene.TryRead(scene.A, Scene.Diary()).Failure!.Error.ShouldBe(ErrorCodes.LaneFenced);
        scene.Lines(scene.A, Scene.Diary()).Length.ShouldBe(1);
        scene.A.Probes![Probe.LaneFenced].ShouldBe(1);
        scene.A.Alarms.ShouldContain(a => a.Kind == AlarmKind.LaneFenced);
    }

    [Fact]
    public void Receiver_DiesBeforeItsFrontierIsStored_AppliesTheRedeliveredOnce()
    {
        var scene = new Scene(2);
        for (var i = 0; i < 10; i++)
        {
            var point = scene.Done(scene.A, Scene.Diary());
            scene.RunUntil(() => scene.Knows(scene.B, point), "the event in B");
            scene.B.Kill();
            scene.B.Start();
        }
        scene.Converge();

        scene.Lines(scene.B, Scene.Diary()).Length.ShouldBe(10);
    }

    [Fact]
    public void Receiver_DiskFull_TakesTheEventLater()
    {
        var scene = new Scene(2);
        scene.Done(scene.A, Scene.Diary("before")); // B notes what it has to before it reports anything
        scene.Converge();
        scene.B.Disk.Full = true;
        var point = scene.Done(scene.A, Scene.Diary());
        scene.Group.Run(2_000);

        scene.Group.Oracles.Alarms.GetValueOrDefault(AlarmKind.JournalFailed).ShouldBePositive();
        scene.A.Describe()!.Lanes[point.Lane].FinalThrough
            .ShouldAllBe(f => f.Final < point.Position, "not acknowledged");
        scene.B.Disk.Full = false;
        scene.Converge();

        scene.Knows(scene.B, point).ShouldBeTrue();
    }

    [Fact]
    public void Writer_DiskFull_RefusesAndKeepsWhatItHas()
    {
        var scene = new Scene(1);
        scene.Done(scene.A, Scene.Diary());
        scene.A.Disk.Full = true;

        scene.Write(scene.A, Scene.Diary()).Failure!.Error.ShouldBe(ErrorCodes.JournalUnavailable);
        scene.A.Disk.Full = false;
        scene.Done(scene.A, Scene.Diary());

        scene.Lines(scene.A, Scene.Diary()).Length.ShouldBe(2);
    }

    [Fact]
    public void Entity_EventsArriveWhileItIsLoaded_AreAppliedAfterwardsInOrder()
    {
        var scene = new Scene(2);
        for (var i = 0; i < 5; i++)
            scene.Done(scene.A, Scene.Diary());
        scene.Converge();
        scene.B.Stop();
        scene.B.LoadFailurePerMille = 1_000; // no attempt works for a while
        for (var i = 0; i < 5; i++)
            scene.Done(scene.A, Scene.Diary());
        scene.B.Start();
        scene.Group.Run(3_000);
        scene.B.LoadFailurePerMille = 0;

        scene.Converge();
        scene.B.Probes![Probe.LoadRetried].ShouldBePositive();
        scene.B.Probes![Probe.HeldBack].ShouldBe(0); // they waited for the entity, not for each other
        scene.Lines(scene.B, Scene.Diary()).Length.ShouldBe(10);
    }

    [Fact]
    public void Stream_Breaks_ResumesByItselfAndLagShowsIt()
    {
        var scene = new Scene(2);
        scene.Group.Run(2_000);
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        var point = scene.Done(scene.A, Scene.Diary());
        scene.Group.Run(5_000);
        var cut = scene.B.Describe()!.Peers[0];
        cut.State.ShouldBe("Down");
        cut.LagMilliseconds.ShouldBeGreaterThan(1_500);

        scene.Group.Network.Heal();
        scene.RunUntil(() => scene.Knows(scene.B, point), "the event in B", 10_000);
        scene.Group.Run(1_000);

        scene.B.Describe()!.Peers[0].State.ShouldBe("Live");
        scene.B.Describe()!.Peers[0].LagMilliseconds.ShouldBeLessThan(1_000);
    }

    [Fact]
    public void Frames_DuplicatedOrOvertaking_BreakTheLinkAndNothingElse()
    {
        var scene = new Scene(2);
        var path = scene.Group.Network.Path(scene.A.Name, scene.B.Name);
        (path.DuplicatePerMille, path.ReorderPerMille) = (30, 30);
        for (var i = 0; i < 60; i++)
            scene.Done(scene.A, Scene.Diary());
        scene.Group.Run(5_000);

        scene.Group.Network.ProtocolBreaks.ShouldBePositive();
        scene.Converge();
        scene.Lines(scene.B, Scene.Diary()).Length.ShouldBe(60);
    }

    [Fact]
    public void TornTail_PeersHaveIt_IsRecoveredUnderANewIncarnation()
    {
        var scene = new Scene(2);
        scene.Done(scene.A, Scene.Diary());
        var before = scene.A.Disk.Writes;
        var torn = scene.Done(scene.A, Scene.Diary(), "torn");
        scene.RunUntil(() => scene.Knows(scene.B, torn), "the event in B");

        scene.A.Kill();
        scene.Group.Oracles.RolledBack(scene.A, scene.A.Disk.RollBack(before));
        scene.Knows(scene.A, torn).ShouldBeFalse();
        scene.A.Start();
        var next = scene.Done(scene.A, Scene.Diary(), "next");

        next.Origin.ShouldNotBe(torn.Origin);
        scene.Converge();
        scene.Knows(scene.A, torn).ShouldBeTrue();
        scene.A.Alarms.ShouldContain(a => a.Kind == AlarmKind.NewIncarnation);
    }

    [Fact]
    public void UncleanStop_PeersHoldNothingBeyond_GoesOnWithItsIncarnation()
    {
        var scene = new Scene(3);
        var first = scene.Done(scene.A, Scene.Diary());
        scene.Converge();
        scene.A.Kill();
        scene.A.Start();
        scene.Group.Run(2_000);

        scene.Done(scene.A, Scene.Diary()).Origin.ShouldBe(first.Origin);
    }

    [Fact]
    public void UncleanStop_PeersUnreachable_WritesAtOnceUnderANewIncarnation()
    {
        var scene = new Scene(2);
        var first = scene.Done(scene.A, Scene.Diary());
        scene.Converge();
        scene.Group.Network.Isolate(scene.A.Name);
        scene.A.Kill();
        scene.A.Start();

        scene.Done(scene.A, Scene.Diary()).Origin.ShouldNotBe(first.Origin);
        scene.Converge();
    }

    [Fact]
    public void Chain_OriginsThirdBeforeItsSecond_IsHeldAndThenBothApplied()
    {
        var scene = new Scene(3);
        scene.Group.Network.Cut(scene.A.Name, scene.C.Name);
        var question = scene.Done(scene.A, Scene.Diary(), "question");
        scene.RunUntil(() => scene.Knows(scene.B, question), "the question in B");
        scene.Done(scene.B, Scene.Diary(), "answer");
        scene.RunUntil(() => scene.C.Describe()!.Lanes.Any(l => l.Held > 0), "the answer held back in C", 10_000);
        scene.RunUntil(() => scene.C.Describe()!.Lanes.Any(l => l.Owed > 0), "the answer noted as owed", 2_500);

        scene.Lines(scene.C, Scene.Diary()).ShouldBeEmpty();
        scene.Converge();
        scene.Lines(scene.C, Scene.Diary()).ShouldBe(["1:question", "2:answer"]);
    }

    [Fact]
    public void Receiver_OriginsThirdBeforeItsSecond_IsHeldAndThenBothApplied()
    {
        var (scene, late) = TwoUnderWay();
        var (lane, origin) = (Scene.Diary().Lane, late[0].Origin);

        Scene.Deliver(scene.B, scene.A, new EventsFrame(lane, origin, [late[1]], 0));
        scene.Group.Run(100);
        scene.B.Describe()!.Lanes[lane].Held.ShouldBe(1);
        scene.Lines(scene.B, Scene.Diary()).ShouldBe(["1:one"]);
        Scene.Deliver(scene.B, scene.A, new EventsFrame(lane, origin, [late[0]], 0));
        scene.Group.Run(100);

        scene.Lines(scene.B, Scene.Diary()).ShouldBe(["1:one", "2:two", "3:three"]);
        scene.B.Describe()!.Lanes[lane].Held.ShouldBe(0);
        scene.Converge();
    }

    [Fact]
    public void Receiver_SameEventAgain_IsAcknowledgedAndAddsNoRow()
    {
        var (scene, late) = TwoUnderWay();
        var lane = Scene.Diary().Lane;
        var first = scene.Events(scene.A, Scene.Diary())[0];

        Scene.Deliver(scene.B, scene.A, new EventsFrame(lane, first.Origin, [first, first], first.OriginPosition));
        Scene.Deliver(scene.B, scene.A, new EventsFrame(lane, first.Origin, [.. late, first], late[1].OriginPosition));
        Scene.Deliver(scene.B, scene.A, new EventsFrame(lane, first.Origin, late, late[1].OriginPosition));
        scene.Group.Run(1_000);

        scene.Lines(scene.B, Scene.Diary()).ShouldBe(["1:one", "2:two", "3:three"]);
        scene.B.Probes![Probe.DuplicateDropped].ShouldBe(5);
        scene.B.Disk.State.Lanes[lane].Frontiers[first.Origin].Position.ShouldBe(late[1].OriginPosition);
        scene.Converge();
    }

    // A's second and third event are on their way to B, which has the first.
    private static (Scene Scene, EventRecord[] Late) TwoUnderWay()
    {
        var scene = new Scene(2);
        var first = scene.Done(scene.A, Scene.Diary(), "one");
        scene.RunUntil(() => scene.Knows(scene.B, first), "the first event in B");
        scene.Group.Run(500);
        scene.Group.Network.Path(scene.A.Name, scene.B.Name).Cut = true;
        scene.Done(scene.A, Scene.Diary(), "two");
        scene.Done(scene.A, Scene.Diary(), "three");
        return (scene, [.. scene.Events(scene.A, Scene.Diary()).Skip(1)]);
    }

    [Fact]
    public void Gap_LargerThanAPage_IsFetchedWhole()
    {
        var scene = new Scene(3, o => o with { PageBytes = 1_000, MaxHeldPerEntity = 8 });
        scene.Group.Network.Cut(scene.A.Name, scene.C.Name);
        var question = scene.Done(scene.A, Scene.Diary(), "question");
        scene.RunUntil(() => scene.Knows(scene.B, question), "the question in B");
        for (var i = 0; i < 40; i++)
            scene.Done(scene.B, Scene.Diary(), "answer");
        scene.RunUntil(() => scene.C.Describe()!.Lanes.Any(l => l.Owed > 0), "answers noted as owed", 5_000);

        scene.Converge();

        scene.Lines(scene.C, Scene.Diary()).Length.ShouldBe(41);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Write_DiskFullAfterAnUncleanStart_IsAnsweredByItsDeadline(bool withGuard)
    {
        var scene = new Scene(3, o => o with { Voters = null });
        scene.Group.Run(5_000);
        scene.Done(scene.A, Scene.Diary(), "first");
        scene.Group.Run(2_000);
        scene.A.Kill();
        if (!withGuard)
            scene.A.Disk.LoseGuard();
        scene.A.Disk.Full = true;
        scene.A.Start();

        var answer = scene.Begin(scene.A, scene.Operation(Scene.Diary(), "second"));
        scene.RunUntil(() => answer.Value is not null, "an answer", 20_000);

        answer.Value!.Value.Failure!.Error.ShouldBe(ErrorCodes.JournalUnavailable);
        scene.A.Disk.Full = false;
        scene.Done(scene.A, Scene.Diary(), "third");
        scene.Converge();
    }

    [Theory]
    [InlineData(10, false)]
    [InlineData(2_000, true)] // 24 KB of text in each state
    public void Entities_OfLargeState_CountForWhatTheyHold(int characters, bool leave)
    {
        var scene = new Scene(1, o => o with { EntityMemoryBytes = 100_000 * EntityKey.Lanes });
        var memos = Enumerable.Range(0, 10_000).Select(i => new EntityKey("memo", $"{i}"))
            .Where(memo => memo.Lane == 7).Take(20).ToArray();
        for (var i = 0; i < 12; i++)
        {
            foreach (var memo in memos)
                scene.Done(scene.A, memo, new string('x', characters));
        }
        scene.Group.Run(2_000);

        (scene.A.Probes![Probe.EntityEvicted] > 0).ShouldBe(leave);
        scene.Converge();
    }

    [Fact]
    public void Snapshot_RestartAndOldDuplicate_IsFiltered()
    {
        var scene = new Scene(2, o => o with { SnapshotRows = 5, EntityMemoryBytes = 1 });
        // Until a snapshot holds the last event: the vectors of events after it would bring back what it forgets.
        for (var i = 0; i < 40 || Snapshot() < (ulong)i; i++)
        {
            var point = scene.Done(i % 2 == 0 ? scene.A : scene.B, Scene.Diary());
            scene.RunUntil(() => scene.Group.Regions.All(r => scene.Knows(r, point)), "the event everywhere");
            scene.Group.Run(1_000);
        }
        scene.Converge();
        var before = scene.Read(scene.B, Scene.Diary());

        var old = scene.Events(scene.A, Scene.Diary()).Where(e => e.Origin.Region == scene.A.Name).ToArray();
        scene.B.Kill();
        scene.B.Start();
        scene.RunUntil(() => scene.B.Describe()!.Peers[0].State == "Live", "the link to A");
        Scene.Deliver(scene.B, scene.A, new EventsFrame(Scene.Diary().Lane, old[0].Origin, old, 0));
        scene.RunUntil(() => scene.B.Probes![Probe.DuplicateDropped] >= old.Length, "the duplicates to be dropped");
        scene.B.Probes![Probe.SnapshotRestored].ShouldBePositive(); // they were judged by a vector from a snapshot
        scene.Converge();

        var after = scene.Read(scene.B, Scene.Diary());
        after.Seen.ShouldBe(before.Seen);
        (after.Count, after.Highest).ShouldBe((before.Count, before.Highest));
        after.State.ShouldBe(before.State);

        ulong Snapshot() => scene.B.Disk.State.Entities[Scene.Diary()].Snapshot?.LocalSequence ?? 0;
    }
}
