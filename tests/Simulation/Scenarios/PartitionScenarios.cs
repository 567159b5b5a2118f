using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Regions that do not reach each other, and readers who move between them.</summary>
public sealed class PartitionScenarios
{
    [Fact]
    public void Partition_WritesOnBothSides_ConvergeAndNothingIsMissing()
    {
        var scene = new Scene(4);
        foreach (var (here, there) in new[] { (0, 2), (0, 3), (1, 2), (1, 3) })
            scene.Group.Network.Cut(scene.Group[here].Name, scene.Group[there].Name);
        for (var i = 0; i < 40; i++)
            scene.Done(scene.Group[i % 4], Scene.Diary());
        scene.Group.Run(10_000);

        scene.Converge();
        scene.Lines(scene.A, Scene.Diary()).Length.ShouldBe(40);
    }

    [Fact]
    public void Star_EdgesReachOnlyTheCentre_WhatAnEdgeWritesReachesAllOthers()
    {
        var scene = new Scene(5);
        foreach (var one in scene.Group.Regions.Skip(1))
        {
            foreach (var other in scene.Group.Regions.Skip(1).Where(r => r != one))
                scene.Group.Network.Cut(one.Name, other.Name);
        }
        var written = scene.Group.Regions.Skip(1).Select(edge => scene.Done(edge, Scene.Diary(), edge.Name)).ToArray();

        scene.RunUntil(() => scene.Group.Regions.All(r => written.All(w => scene.Knows(r, w))), "all have all of it");
        scene.Converge();
    }

    [Fact]
    public void PartialCut_ThirdRegionSeesBoth_ConvergesThroughItWhileTheCutLasts()
    {
        var scene = new Scene(3);
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        scene.Group.Run(3_500);

        var (ofA, ofB) = (scene.Done(scene.A, Scene.Diary()), scene.Done(scene.B, Scene.Diary()));

        scene.RunUntil(() => scene.Knows(scene.B, ofA) && scene.Knows(scene.A, ofB), "both events on both sides",
            10_000);
        scene.Group.Network.Path(scene.A.Name, scene.B.Name).Cut.ShouldBeTrue();
        scene.Converge();
    }

    [Fact]
    public void Region_LostAfterOneSurvivorHasItsEvent_TheEventReachesAll()
    {
        var scene = new Scene(3);
        scene.Group.Network.Cut(scene.A.Name, scene.C.Name);
        var point = scene.Done(scene.A, Scene.Diary());
        scene.RunUntil(() => scene.Knows(scene.B, point), "the event in B");

        scene.A.Kill();

        scene.RunUntil(() => scene.Knows(scene.C, point), "the event in C", 10_000);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Token_ReadInAnotherRegion_WaitsAndShowsTheWrite(bool collapsed)
    {
        var scene = new Scene(2);
        scene.Group.Network.Path(scene.A.Name, scene.B.Name).DelayMilliseconds = 1_000;
        scene.Group.Run(3_000);
        var point = scene.Done(scene.A, Scene.Diary());
        scene.Knows(scene.B, point).ShouldBeFalse();

        var view = scene.Read(scene.B, Scene.Diary(), Token(point, collapsed));

        view.Seen[point.Origin].ShouldBe(point.Sequence);
        scene.Converge();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Token_OriginCutOff_IsAClearErrorAtTheDeadline(bool collapsed)
    {
        var scene = new Scene(2);
        scene.Group.Network.Isolate(scene.B.Name);
        var point = scene.Done(scene.A, Scene.Diary());
        var before = scene.Group.Time.Now;

        var result = scene.TryRead(scene.B, Scene.Diary(), Token(point, collapsed), patienceMilliseconds: 1_500);

        result.Failure!.Error.ShouldBe(ErrorCodes.TokenNotReached);
        (scene.Group.Time.Now - before).ShouldBeInRange(1_500, 2_000);
        scene.Converge();
    }

    [Fact]
    public void Command_SameKeyInTwoRegions_CountsOnceEverywhere()
    {
        var scene = new Scene(2);
        var stock = new EntityKey("stock", "s");
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        var operation = scene.Operation(stock, "5", "key");
        var (first, second) = (scene.Begin(scene.A, operation), scene.Begin(scene.B, operation));
        scene.RunUntil(() => first.Value is not null && second.Value is not null, "both answers");
        (first.Value!.Value.Failure, second.Value!.Value.Failure).ShouldBe((null, null));

        scene.Converge();

        foreach (var region in scene.Group.Regions)
        {
            ((PnCounter)scene.Read(region, stock).State).Value.ShouldBe(5);
            scene.Events(region, stock).Count.ShouldBe(2);
            scene.RunUntil(
                () => region.Disk.Conflicts.Any(c => c.Kind == ConflictKind.Deduplicated), "the entry in the ledger");
        }
    }

    [Fact]
    public void Command_RepeatedWhereItsBatchDoesNotCount_IsNotAnsweredWithTheReplyOfThat()
    {
        var scene = new Scene(2);
        var stock = new EntityKey("stock", "s");
        var replies = 0;
        var plain = scene.Operation(stock, "5", "key");
        var lines = plain.Lines;
        var operation = plain with
        {
            Handle = (state, context) => TestTypes.Persist(lines)(state, context) with
            {
                Reply = _ => $"reply {++replies}",
            },
        };
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        var first = new[] { Answered(scene, scene.A, operation), Answered(scene, scene.B, operation) };
        first.ShouldBe(["reply 1", "reply 2"]);
        scene.Converge();
        scene.RunUntil(() => scene.A.Disk.Conflicts.Any(c => c.Kind == ConflictKind.Deduplicated), "the entry");
        var duplicate = scene.A.Disk.Conflicts.Single(c => c.Kind == ConflictKind.Deduplicated).Origin.Region;

        for (var i = 0; i < 2; i++)
        {
            var region = scene.Group[i];
            Restarted(scene, region);
            var again = Answered(scene, region, operation);
            if (region.Name == duplicate)
                again.ShouldNotBeOneOf(first);
            else
                again.ShouldBe(first[i], "the reply to what counts");
        }
        ((PnCounter)scene.Read(scene.A, stock).State).Value.ShouldBe(5);
    }

    private static string? Answered(Scene scene, SimulatedRegion region, Operation operation)
    {
        var answer = scene.Begin(region, operation);
        scene.RunUntil(() => answer.Value is not null, "the answer");
        answer.Value!.Value.Failure.ShouldBeNull();
        return (string?)answer.Value.Value.Value;
    }

    // What was remembered is read from the journal then.
    private static void Restarted(Scene scene, SimulatedRegion region)
    {
        region.Stop();
        region.Start();
        scene.Group.Run(3_000);
    }

    [Fact]
    public void Command_SameKeyAgain_GetsTheFirstReplyAndWritesNothing()
    {
        var scene = new Scene(2);
        var operation = scene.Operation(Scene.Diary(), "note", "key");
        var first = scene.Begin(scene.A, operation);
        scene.RunUntil(() => first.Value is not null, "the first answer");
        scene.Done(scene.A, Scene.Diary());
        scene.A.Kill();
        scene.A.Start();

        var again = scene.Begin(scene.A, operation);
        scene.RunUntil(() => again.Value is not null, "the second answer");

        again.Value!.Value.Value.ShouldBe(first.Value!.Value.Value);
        scene.Lines(scene.A, Scene.Diary()).Length.ShouldBe(2);
        scene.Converge();
    }

    [Fact]
    public void Command_SameKeyAgainWhileOthersAreUnderWay_IsAnsweredWithWhatIsDurable()
    {
        var scene = new Scene(1);
        scene.Done(scene.A, Scene.Diary());
        var operation = scene.Operation(Scene.Diary(), "note", "key");
        var first = scene.Begin(scene.A, operation);
        scene.RunUntil(() => first.Value is not null, "the first answer");
        scene.Begin(scene.A, scene.Operation(Scene.Diary()));
        var again = scene.Begin(scene.A, operation); // waits for the group under way
        scene.Begin(scene.A, scene.Operation(Scene.Diary())); // is in the next one

        scene.RunUntil(() => again.Value is not null, "the second answer"); // the oracle compares token and disk

        again.Value!.Value.Points[0].Sequence.ShouldBe(3ul);
    }

    [Fact]
    public void Read_OwnWriteUnderWay_ItsTokenReachesThatWrite()
    {
        var scene = new Scene(1);
        scene.Done(scene.A, Scene.Diary());
        scene.Begin(scene.A, scene.Operation(Scene.Diary()));

        var result = scene.TryRead(scene.A, Scene.Diary());

        (result.Points[0].Sequence, result.Points[0].Position).ShouldBe((2ul, 2ul));
    }

    private static ReadCondition Token(WritePoint point, bool collapsed) => collapsed
        ? new ReadCondition([], [new Frontier(point.Origin, point.Position, point.Position)])
        : new ReadCondition([new VersionVector.Slot(point.Origin, point.Sequence)], []);

    /// <summary>A's journal lost a row that C has from it and B has not; A goes on writing, or is silent.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Row_DamagedAtItsOrigin_IsTakenFromWhoeverHasIt(bool goesOn)
    {
        var scene = new Scene(3);
        scene.Done(scene.A, Scene.Diary());
        scene.Converge();
        scene.B.Kill();
        var damaged = scene.Done(scene.A, Scene.Diary("damaged"));
        scene.RunUntil(() => scene.Knows(scene.C, damaged), "the event in C");
        scene.A.Disk.Damaged.Add((damaged.Entity, 1));
        var other = Enumerable.Range(0, 1_000).Select(i => Scene.Diary($"other{i}")).First(e => e.Lane == damaged.Lane);
        scene.Group.Network.Cut(scene.B.Name, scene.C.Name);
        scene.B.Start();
        scene.RunUntil(() => scene.A.Alarms.Any(a => a.Kind == AlarmKind.RowsDamaged), "B's request for it");
        scene.Group.Network.Heal();
        if (goesOn)
        {
            for (var i = 0; i < 60; i++)
            {
                scene.Done(scene.A, other);
                scene.Group.Run(500);
            }
            scene.Knows(scene.B, damaged).ShouldBeTrue("while A writes");
        }

        scene.Converge();

        scene.Knows(scene.B, damaged).ShouldBeTrue();
        var life = scene.B.Describe()!.Lanes[damaged.Lane].FinalThrough.Single(f => f.Origin.Equals(damaged.Origin));
        life.Held.ShouldBeGreaterThanOrEqualTo(damaged.Position, "B's frontier has passed it");
    }
}
