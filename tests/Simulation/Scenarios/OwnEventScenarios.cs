using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>A region's own events that come back to it.</summary>
public sealed class OwnEventScenarios
{
    [Fact]
    public void OwnEvent_ComesBackAndIsHere_IsADuplicateAndChangesNothing()
    {
        var scene = Warm();
        var own = scene.Events(scene.A, Scene.Diary()).Single(e => e.Origin.Region == scene.A.Name);

        Scene.Deliver(scene.A, scene.B, new EventsFrame(Scene.Diary().Lane, own.Origin, [own], own.OriginPosition));
        scene.Group.Run(1_000);

        scene.A.Probes![Probe.DuplicateDropped].ShouldBePositive();
        scene.A.Alarms.ShouldBeEmpty();
        scene.Events(scene.A, Scene.Diary()).Count.ShouldBe(2);
        scene.A.Disk.State.Lanes.Sum(l => l.Rows.Count).ShouldBe(2);
        scene.Done(scene.A, Scene.Diary()).Origin.ShouldBe(own.Origin);
        scene.Converge();
    }

    [Fact]
    public void OwnEvent_AfterATornTail_IsTakenAgainAsOneOfAClosedLife()
    {
        var scene = Warm();
        var before = scene.A.Disk.Writes;
        var torn = scene.Done(scene.A, Scene.Diary(), "torn");
        scene.RunUntil(() => scene.Knows(scene.B, torn), "the event in B");

        scene.A.Kill();
        scene.Group.Oracles.RolledBack(scene.A, scene.A.Disk.RollBack(before));
        scene.A.Start();
        scene.RunUntil(() => scene.Knows(scene.A, torn), "the own event back in A");

        scene.A.Describe()!.Newest.ShouldNotBe(torn.Origin);
        scene.Events(scene.A, Scene.Diary()).Count(e => EventBook.Text(e).EndsWith("torn", StringComparison.Ordinal))
            .ShouldBe(1);
        scene.Converge();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void OwnEvent_BeyondSeenInTheCurrentLife_StopsTheWriterAndBeginsANewLifeWithAnAlarm(bool asEvent)
    {
        var scene = Warm();
        var own = scene.Events(scene.A, Scene.Diary()).Single(e => e.Origin.Region == scene.A.Name);
        var lane = Scene.Diary().Lane;
        var underWay = scene.Begin(scene.A, scene.Operation(Scene.Diary("other")));

        if (asEvent)
            Scene.Deliver(scene.A, scene.B, new EventsFrame(lane, own.Origin, [Beyond(own)], 0));
        else
            Scene.Deliver(scene.A, scene.B, new ReportFrame(lane, null, 0, [new LaneHolding(lane, own.Origin, 99)]));
        scene.RunUntil(() => scene.A.Describe()!.Newest is { } newest && !newest.Equals(own.Origin), "the new life");

        scene.A.Probes![Probe.OwnEventBeyondSeen].ShouldBe(1);
        scene.A.Alarms.Select(a => a.Kind).ShouldBe([AlarmKind.OwnEventBeyondSeen, AlarmKind.NewIncarnation]);
        scene.RunUntil(() => underWay.Value is not null, "the answer");
        var next = scene.Done(scene.A, Scene.Diary());
        (next.Origin.Equals(own.Origin), next.Sequence).ShouldBe((false, 1ul));
        scene.Events(scene.A, Scene.Diary()).ShouldAllBe(e => e.Sequence < 3); // the stranger was not taken
        scene.B.Kill(); // its claim was false: the next process does not repeat it
        scene.Converge();
    }

    private static Scene Warm()
    {
        var scene = new Scene(2);
        scene.Done(scene.A, Scene.Diary());
        scene.Done(scene.B, Scene.Diary());
        scene.Converge();
        scene.A.Alarms.Clear();
        return scene;
    }

    private static EventRecord Beyond(EventRecord own) => new()
    {
        Entity = own.Entity, Origin = own.Origin, Sequence = own.Sequence + 2,
        Vector = own.Vector.With(own.Origin, own.Sequence + 2), Timestamp = own.Timestamp, BatchLength = 1,
        PayloadName = own.PayloadName, PayloadVersion = own.PayloadVersion, Payload = own.Payload,
        OriginPosition = own.OriginPosition + 2,
    };
}
