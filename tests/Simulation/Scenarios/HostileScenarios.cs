using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>A member that does not keep to the protocol; <see cref="FuzzTests"/> tries many more.</summary>
public sealed class HostileScenarios
{
    [Fact]
    public void Peer_ClaimsToHaveSentAllOfAnOriginThatItWasNotAskedFor_IsNotBelieved()
    {
        var scene = new Scene(3);
        var first = scene.Done(scene.B, Scene.Diary());
        scene.RunUntil(() => scene.Knows(scene.A, first), "the first event in A");

        Scene.Deliver(scene.A, scene.C, new EventsFrame(first.Lane, first.Origin, [], Through: 1_000_000));

        scene.A.Alarms.ShouldContain(a => a.Kind == AlarmKind.Protocol && a.Text.Contains("was not asked for"));
        scene.A.Kill(); // whatever it had noted would count from here on
        scene.A.Start();
        var second = scene.Done(scene.B, Scene.Diary());
        scene.RunUntil(() => scene.Knows(scene.A, second), "the second event in A");
        scene.Converge();
    }

    [Fact]
    public void FetchOfAHistory_BeyondTheHead_IsAnsweredAndOver()
    {
        var scene = new Scene(2);
        var point = scene.Done(scene.A, Scene.Diary());
        scene.Converge();
        var answers = new List<FetchedFrame>();
        scene.Group.Network.Sent = (_, frame) =>
        {
            if (frame is FetchedFrame answer)
                answers.Add(answer);
        };
        var link = scene.A.Links.Values.Select(l => l.End).Where(e => e.Dialled is null).MaxBy(e => e.Number)!;
        var before = scene.Group.Inputs;
        scene.Group.Run(1_000);
        var quiet = scene.Group.Inputs - before;
        before = scene.Group.Inputs;
        var frame = new FetchTypeFrame(1, point.Lane, new OpenedHistory("none", point.Origin, 0, 10))
        {
            Until = ulong.MaxValue,
        };

        scene.A.Enter(scene.A.Life, (kernel, now) => kernel.Received(link.Number, frame, now));
        scene.Group.Run(1_000);

        var answer = answers.ShouldHaveSingleItem();
        (answer.More, answer.Lacks).ShouldBe((false, false), "there is nothing beyond the head");
        (scene.Group.Inputs - before).ShouldBeLessThan(2 * quiet, "its journal is not read for ever");
    }
}
