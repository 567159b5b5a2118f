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
}
