using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Types whose events stay in their region, and what happens when they are opened. The oracles fail when a
/// region takes an event that stays elsewhere.</summary>
public sealed class LocalTypeScenarios
{
    [Fact]
    public void Local_WrittenInTwoRegions_EachHasItsOwnAndNothingWaits()
    {
        var scene = new Scene(3);
        var shared = SameLane(Scene.Diary);
        for (var i = 0; i < 5; i++)
        {
            scene.Done(scene.A, Draft("d"), "mine");
            scene.Done(scene.B, Draft("d"), "yours");
            scene.Done(scene.A, shared);
            scene.Group.Run(200); // subscriptions stand: the rest is pushed
        }

        scene.Converge(); // frontiers pass what stays: everything else becomes equal, and final
        scene.Lines(scene.A, Draft("d")).ShouldAllBe(l => l.EndsWith(":mine", StringComparison.Ordinal));
        scene.Lines(scene.B, Draft("d")).ShouldAllBe(l => l.EndsWith(":yours", StringComparison.Ordinal));
        scene.Events(scene.C, Draft("d")).ShouldBeEmpty();
        scene.Events(scene.C, shared).Count.ShouldBe(5);
    }

    [Fact]
    public void Local_PeerIsAway_ItsEventsAreFinalAtOnce()
    {
        var scene = new Scene(2);
        scene.B.Kill();
        scene.Done(scene.A, Draft("d"));
        scene.Done(scene.A, Scene.Diary());

        scene.RunUntil(() => scene.Read(scene.A, Draft("d")).Tail.Count == 0, "the local event is final");
        scene.Read(scene.A, Scene.Diary()).Tail.ShouldNotBeEmpty("the replicated one waits for its peer");
        scene.Converge();
    }

    [Fact]
    public void Local_TokenOfAnotherRegionsEntity_IsNotWaitedFor()
    {
        var scene = new Scene(2);
        var point = scene.Done(scene.A, Draft("d"));
        var token = new ReadCondition([new VersionVector.Slot(point.Origin, point.Sequence)], []);

        scene.Read(scene.B, Draft("d"), token).Count.ShouldBe(0UL, "it is another entity");
        scene.Read(scene.A, Draft("d"), token).Count.ShouldBe(1UL);
    }

    [Fact]
    public void Local_MoreRegionsAsked_IsRefusedAndChangesNothing()
    {
        var scene = new Scene(3);
        var answer = scene.Begin(scene.A, scene.Operation(Draft("d")) with { Level = Acknowledgement.Majority });

        scene.RunUntil(() => answer.Value is not null, "an answer");
        answer.Value!.Value.Failure!.Error.ShouldBe(ErrorCodes.LevelImpossible);
        scene.Events(scene.A, Draft("d")).ShouldBeEmpty();
    }

    [Fact]
    public void Local_MadeReplicated_HistoryIsVisibleEverywhereAlthoughFrontiersPassedIt()
    {
        var scene = new Scene(3, o => o with { PageRows = 4, SnapshotRows = 3 });
        for (var i = 0; i < 20; i++)
        {
            scene.Done(scene.A, Draft("d"), "mine", lines: 1 + (i % 3));
            scene.Done(scene.A, Draft($"d{i}"));
            scene.Done(scene.B, Draft("d"), "yours");
            scene.Done(scene.A, SameLane(Scene.Diary));
        }
        scene.Converge();
        scene.Group.Run(2_000); // frontiers that have passed it are durable
        scene.A.Disk.State.Lanes.Sum(l => (long)l.Rows.Count).ShouldBeGreaterThan(
            scene.C.Disk.State.Lanes.Sum(l => (long)l.Rows.Count), "else this shows nothing");

        Open(scene);
        foreach (var region in scene.Group.Regions)
        {
            region.Stop();
            region.Start();
            scene.Group.Run(2_000);
        }
        scene.Done(scene.C, Draft("d"), "third");

        scene.Converge();
        scene.Lines(scene.C, Draft("d")).Count(l => l.EndsWith(":mine", StringComparison.Ordinal)).ShouldBe(39);
        scene.Lines(scene.C, Draft("d")).Count(l => l.EndsWith(":yours", StringComparison.Ordinal)).ShouldBe(20);
        scene.Lines(scene.B, Draft("d7")).ShouldHaveSingleItem();
        scene.Group.Oracles.Alarms.GetValueOrDefault(AlarmKind.EventsMended).ShouldBe(0);
    }

    [Fact]
    public void Local_OpenedInOneRegionOnly_OthersTakeItAndKeepTheirOwn()
    {
        var scene = new Scene(2);
        scene.Done(scene.A, Draft("d"), "mine");
        scene.Done(scene.B, Draft("d"), "yours");
        scene.Converge();

        Open(scene);
        scene.A.Stop();
        scene.A.Start();
        scene.RunUntil(() => scene.Events(scene.B, Draft("d")).Count == 2, "the history of the one that is opened");
        scene.Group.Run(10_000);
        scene.Lines(scene.A, Draft("d")).ShouldHaveSingleItem().ShouldEndWith(":mine");

        scene.B.Kill();
        scene.B.Start();
        scene.Converge();
    }

    [Fact]
    public void Local_OpenedAndThenLost_HistoryOutlivesItsRegionInWhoeverHasTakenIt()
    {
        var scene = new Scene(3);
        for (var i = 0; i < 8; i++)
            scene.Done(scene.A, Draft($"d{i}"));
        scene.Converge();
        scene.Group.Run(2_000); // frontiers that have passed it are durable
        Open(scene);
        scene.Group.Network.Cut(scene.A.Name, scene.C.Name);
        scene.Group.Network.Cut(scene.B.Name, scene.C.Name);
        foreach (var region in scene.Group.Regions)
        {
            region.Stop();
            region.Start();
        }
        scene.RunUntil(() => Enumerable.Range(0, 8).All(i => scene.Events(scene.B, Draft($"d{i}")).Count == 1),
            "B has taken it");
        scene.Group.Run(5_000);
        scene.A.Kill();
        scene.B.Kill();
        scene.B.Start();
        scene.Group.Network.Heal();

        scene.RunUntil(() => Enumerable.Range(0, 8).All(i => scene.Events(scene.C, Draft($"d{i}")).Count == 1),
            "C has it from B", 60_000);
        scene.Converge();
    }

    [Fact]
    public void Local_NotesLost_NothingLeavesAllTheSame()
    {
        var scene = new Scene(2);
        scene.Done(scene.A, Draft("d"));
        scene.Converge();
        scene.A.Kill();
        scene.B.Kill();
        scene.A.Disk.NotesDamaged = true;
        scene.A.Start();
        scene.B.Start();
        // B asks for everything of A once more, and for the entity itself.
        var origin = scene.Events(scene.A, Draft("d"))[0].Origin;
        scene.Group.Run(2_000);
        Deliver(scene, new FetchFrame(90_001, Draft("d"), origin, 1, ulong.MaxValue));
        Deliver(scene, new SubscribeFrame(Draft("d").Lane, origin, 0, Stop: false));
        Deliver(scene, new FetchTypeFrame(90_002, Draft("d").Lane, new OpenedHistory("draft", origin, 0, 1_000)));

        scene.Group.Run(5_000);
        scene.Events(scene.B, Draft("d")).ShouldBeEmpty();
        scene.Converge();
    }

    [Fact]
    public void Local_AskedForByAPeer_NothingIsSent()
    {
        var scene = new Scene(2);
        for (var i = 0; i < 3; i++)
            scene.Done(scene.A, Draft("d"));
        scene.Converge();
        var origin = scene.Events(scene.A, Draft("d"))[0].Origin;
        var sent = new List<Frame>();
        scene.Group.Network.Sent = (from, frame) =>
        {
            if (from == scene.A.Name)
                sent.Add(frame);
        };

        Deliver(scene, new FetchFrame(90_001, Draft("d"), origin, 1, ulong.MaxValue));
        Deliver(scene, new SubscribeFrame(Draft("d").Lane, origin, 0, Stop: false));
        Deliver(scene, new FetchTypeFrame(90_002, Draft("d").Lane, new OpenedHistory("draft", origin, 0, 1_000)));
        scene.Group.Run(40_000); // it compares what it holds meanwhile, too

        sent.OfType<FetchedFrame>().Count().ShouldBe(2, "both questions are answered");
        sent.OfType<FetchedFrame>().ShouldAllBe(f => f.Events.Count == 0);
        sent.OfType<EventsFrame>().ShouldAllBe(f => f.Events.All(e => e.Entity.Type != "draft"));
        sent.OfType<DigestsFrame>().ShouldAllBe(f => f.Entities.All(d => d.Entity.Type != "draft"));
    }

    [Fact]
    public void Replicated_MadeLocal_WhatWasSharedStaysSharedAndTheRestStays()
    {
        var scene = new Scene(3);
        Open(scene);
        foreach (var region in scene.Group.Regions)
        {
            region.Stop();
            region.Start();
        }
        scene.Done(scene.A, Draft("d"), "shared");
        scene.Converge();
        scene.Group.Network.Cut(scene.A.Name, scene.C.Name);
        scene.Group.Network.Cut(scene.B.Name, scene.C.Name);
        scene.Done(scene.A, Draft("d"), "shared");
        scene.Group.Run(1_000);
        scene.A.Stop();

        scene.Group.Oracles.Book.LocalTypes.Add("draft");
        scene.Group.Declare(TestTypes.Draft);
        scene.A.Start();
        scene.Done(scene.A, Draft("d"), "kept");
        scene.Group.Network.Cut(scene.A.Name, scene.C.Name, cut: false);

        scene.RunUntil(() => scene.Events(scene.C, Draft("d")).Count == 2, "what was written before, from A itself");
        scene.Group.Network.Heal();
        scene.Group.Run(10_000);
        scene.Lines(scene.C, Draft("d")).ShouldAllBe(l => l.EndsWith(":shared", StringComparison.Ordinal));
        scene.Lines(scene.B, Draft("d")).Length.ShouldBe(2);
        Open(scene);
        foreach (var region in scene.Group.Regions)
        {
            region.Stop();
            region.Start();
        }
        scene.Converge();
        scene.Lines(scene.C, Draft("d")).Length.ShouldBe(3);
    }

    private static EntityKey Draft(string id) => new("draft", id);

    // One whose lane is that of the draft "d".
    private static EntityKey SameLane(Func<string, EntityKey> make)
        => Enumerable.Range(0, 10_000).Select(i => make($"e{i}")).First(e => e.Lane == Draft("d").Lane);

    private static void Open(Scene scene)
    {
        scene.Group.Oracles.Book.LocalTypes.Clear();
        scene.Group.Declare(TestTypes.Draft.In(EntityMode.Replicated));
    }

    // As if B had asked A.
    private static void Deliver(Scene scene, Frame frame)
    {
        var link = scene.A.Links.Values.Select(l => l.End).Where(e => e.Dialled is null)
            .MaxBy(e => e.Number)!;
        scene.A.Enter(scene.A.Life, (kernel, now) => kernel.Received(link.Number, frame, now));
    }
}
