using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Writes that do not know of each other.</summary>
public sealed class ConcurrencyScenarios
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Writes_AtTheSameTime_AreConcurrentAtBoth(bool restart)
    {
        var scene = new Scene(2);
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        scene.Done(scene.A, Scene.Diary());
        scene.Done(scene.B, Scene.Diary());
        if (restart)
        {
            scene.A.Kill();
            scene.B.Stop();
        }
        scene.Converge();

        foreach (var region in scene.Group.Regions)
        {
            var events = scene.Events(region, Scene.Diary());
            EventRecord.Concurrent(events[0], events[1]).ShouldBeTrue();
        }
    }

    [Fact]
    public void Writes_TakingTurns_AreNotConcurrent()
    {
        var scene = new Scene(2);
        for (var i = 0; i < 6; i++)
        {
            var (here, there) = i % 2 == 0 ? (scene.A, scene.B) : (scene.B, scene.A);
            var point = scene.Done(here, Scene.Diary());
            scene.RunUntil(() => scene.Knows(there, point), "the event in the other region");
        }
        var events = scene.Events(scene.A, Scene.Diary());
        events.SelectMany(_ => events, EventRecord.Concurrent).ShouldAllBe(concurrent
            => !concurrent || events.Count == 0);
    }

    [Fact]
    public void Batches_OnBothSides_AreConcurrentEventByEventAndStayWhole()
    {
        var scene = new Scene(2);
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        scene.Done(scene.A, Scene.Diary(), lines: 3);
        scene.Done(scene.B, Scene.Diary(), lines: 4);
        scene.Converge();

        var events = scene.Events(scene.A, Scene.Diary());
        var (ofA, ofB) = (events.Where(e => e.Origin.Region == scene.A.Name).ToArray(),
            events.Where(e => e.Origin.Region == scene.B.Name).ToArray());
        (ofA.Length, ofB.Length).ShouldBe((3, 4));
        ofA.SelectMany(_ => ofB, EventRecord.Concurrent).ShouldAllBe(concurrent => concurrent);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Chain_AnyLinkDelayed_AnswerIsNeverShownBeforeItsQuestion(int slow)
    {
        var scene = new Scene(4);
        scene.Group.Network.Path(scene.Group[slow].Name, scene.D.Name).DelayMilliseconds = 2_500;
        scene.Group.Run(3_000);

        var question = scene.Done(scene.A, Scene.Diary(), "question");
        scene.RunUntil(() => scene.Knows(scene.B, question), "the question in B");
        var answer = scene.Done(scene.B, Scene.Diary(), "answer");
        scene.RunUntil(() => scene.Knows(scene.C, answer), "the answer in C");
        var reply = scene.Done(scene.C, Scene.Diary(), "reply");

        scene.RunUntil(() => scene.Knows(scene.D, reply), "the reply in D"); // the oracle checks each step's causes
        scene.Lines(scene.D, Scene.Diary()).ShouldBe(["1:question", "2:answer", "3:reply"]);
    }

    [Fact]
    public void Accounts_FiveRegionsWithOverdraftRefusedByTheFold_AgreeEverywhere()
    {
        var scene = new Scene(5);
        var account = new EntityKey("account", "a");
        for (var round = 0; round < 120; round++)
        {
            var answers = scene.Group.Regions.Select(r => scene.Begin(
                r, scene.Operation(account, scene.Group.Dice.Between(-60, 50).ToString(
                    System.Globalization.CultureInfo.InvariantCulture)))).ToArray();
            scene.RunUntil(() => answers.All(a => a.Value is not null), "all answers");
        }
        scene.Converge();

        var refused = scene.A.Disk.Conflicts.Count(c => c.Kind == ConflictKind.RefusedByFold);
        refused.ShouldBePositive();
        ((long)scene.Read(scene.A, account).State).ShouldBeGreaterThanOrEqualTo(0);
    }

    [Fact]
    public void LateEvent_OlderThanTheNewestCheckpoint_IsFoldedAtItsPlace()
    {
        var scene = new Scene(2);
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        scene.Done(scene.B, Scene.Diary(), "early");
        for (var i = 0; i < 150; i++)
        {
            scene.Done(scene.A, Scene.Diary());
            _ = scene.Read(scene.A, Scene.Diary());
        }
        scene.A.Probes![Probe.RewoundOverCheckpoint].ShouldBe(0);

        scene.Converge(); // the oracle folds everything from the beginning, and compares

        scene.A.Probes![Probe.RewoundOverCheckpoint].ShouldBePositive();
        scene.Read(scene.A, Scene.Diary()).Count.ShouldBe(151ul);
    }

    [Fact]
    public void LowerStampedEvent_NewerOneAcknowledgedByAll_IsFoldedRight()
    {
        var scene = new Scene(3, o => o with { SnapshotRows = 1 });
        scene.B.ClockOffMilliseconds = -400;
        scene.Group.Network.Path(scene.B.Name, scene.A.Name).Cut = true;
        scene.Group.Network.Path(scene.B.Name, scene.C.Name).Cut = true;
        var low = scene.Begin(scene.B, scene.Operation(Scene.Diary(), "low"));
        for (var i = 0; i < 30; i++)
            scene.Done(scene.A, Scene.Diary());
        scene.RunUntil(() => low.Value is not null, "the low write");

        scene.Converge();

        var events = scene.Events(scene.A, Scene.Diary());
        events.MinBy(e => e.Timestamp)!.Origin.Region.ShouldBe(scene.B.Name);
        EventBook.Text(events[0]).ShouldNotBe("1:low"); // it came late and sorts first
    }

    [Fact]
    public void Book_EqualTimes_LowerRegionNameWinsEverywhere()
    {
        var scene = new Scene(2);
        var book = new EntityKey("book", "b");
        foreach (var region in scene.Group.Regions)
        {
            scene.Done(region, Scene.Diary()); // from now on it writes at once
            _ = scene.Read(region, book);
        }
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        var (first, second) = (scene.Begin(scene.A, scene.Operation(book, "tof-us")),
            scene.Begin(scene.B, scene.Operation(book, "tof-eu")));
        scene.RunUntil(() => first.Value is not null && second.Value is not null, "both writes");
        scene.Converge();

        var events = scene.Events(scene.A, book);
        events[0].Timestamp.ShouldBe(events[1].Timestamp);
        foreach (var region in scene.Group.Regions)
            TestTypes.TitleOf(scene.Read(region, book).State).ShouldBe("of-eu");
    }
}
