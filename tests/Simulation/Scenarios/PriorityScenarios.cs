using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>What is live does not wait for a backlog. How frames that wait in one process are ordered is shown by
/// <c>OutgoingFramesTests</c>.</summary>
public sealed class PriorityScenarios
{
    private const int Backlog = 20_000;

    [Fact]
    public void Live_EventInALane_IsSentBeforeABacklogOfAnotherOne()
    {
        var scene = new Scene(2);
        var (behind, live) = (Scene.Diary(), Enumerable.Range(0, 99).Select(i => Scene.Diary($"x{i}"))
            .First(k => k.Lane != Scene.Diary().Lane));
        scene.Done(scene.A, live);
        scene.Converge();
        scene.B.Kill();
        var last = default(WritePoint);
        for (var written = 0; written < Backlog; written += 100)
            last = scene.Done(scene.A, behind, new string('x', 200), lines: 100);
        scene.B.Start();
        scene.RunUntil(() => scene.Lines(scene.B, behind).Length > 100, "catching up");

        var (frames, found) = (0, false);
        scene.Group.Network.Sent = (from, frame) =>
        {
            if (from != scene.A.Name || found || frame is not EventsFrame events)
                return;
            frames++;
            found = events.Events.Any(e => e.Entity == live);
        };
        var point = scene.Done(scene.A, live);

        found.ShouldBeTrue("it is sent with its commit");
        frames.ShouldBeLessThan(4);
        scene.RunUntil(() => scene.Knows(scene.B, point), "the live event in B");
        scene.Knows(scene.B, last).ShouldBeFalse("else this shows nothing");
        scene.Converge();
    }
}
