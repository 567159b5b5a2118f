using Pelago.Replication;
using Pelago.Sdk.Testing;

namespace Pelago.Tests.Simulation;

/// <summary>Keys that are lost, and forgettings that may be: what is shown of personal members then.</summary>
public sealed class SealedLossScenarios
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Fact]
    public void Member_WhoseKeyWasLostWithItsRegion_IsLostAndNotForgotten()
    {
        using var world = PelagoWorld.Create(31, "eu", "us", "ap");
        world.LimitKeys("eu", "us");
        var before = world.Writes("eu");
        world.Cut("eu", "us");
        world.Region("eu").Get<Patient>("p").Send(new NamePatient("Ada"));
        world.RunUntil(() => world.Region("us").Get<Patient>("p").Read().Name is not null, Soon);
        Show(world, "us").ShouldBe(nameof(Unreadable.NoKey), "it may come yet");
        world.SetBack("eu", before);
        world.Heal();

        foreach (var region in new[] { "eu", "us" })
            Await(world, region, nameof(Unreadable.Lost));
        Show(world, "ap").ShouldBe(nameof(Unreadable.NoKey), "it never was to have it");
        world.Region("us").Alarms.ShouldContain(a => a.Kind == AlarmKind.SubjectKeysLost && !a.Text.Contains("4711"));
        var asked = world.Count("us", Probe.SubjectKeysAsked);
        world.Run(TimeSpan.FromSeconds(50));
        world.Count("us", Probe.SubjectKeysAsked).ShouldBe(asked, "it is given up");
        world.Region("us").Forget(Patient.Subject);
        Await(world, "eu", nameof(Unreadable.Forgotten));
    }

    [Fact]
    public void Journal_SetBackWhileCutOff_ShowsNothingBeforeItHasCaughtUp()
    {
        using var world = PelagoWorld.Create(32, "eu", "us");
        world.Region("eu").Get<Patient>("p").Send(new NamePatient("Ada"));
        Await(world, "us", "Ada");
        world.Converged();
        var backup = world.Writes("us");
        world.Region("eu").Forget(Patient.Subject);
        world.Converged();
        world.Isolate("us");
        world.Stop("us"); // so that it knows at its start that it is not what it was
        world.SetBack("us", backup);

        world.KeysIn("us").ShouldHaveSingleItem("the backup has it");
        Show(world, "us").ShouldBe(nameof(Unreadable.Unclear));
        world.Run(Soon); // its next life begins, in which its guard file finds nothing amiss
        Show(world, "us").ShouldBe(nameof(Unreadable.Unclear), "time makes it no newer");
        world.Restart("us");
        Show(world, "us").ShouldBe(nameof(Unreadable.Unclear), "nor does a restart");
        world.Heal();
        Await(world, "us", nameof(Unreadable.Forgotten));
    }

    // The one that it reaches first has not heard of the forgetting either.
    [Fact]
    public void Journal_SetBackInAGroupOfThree_ShowsNothingBeforeItHasCaughtUpWithBothOthers()
    {
        using var world = PelagoWorld.Create(35, "eu", "us", "ap");
        world.Region("eu").Get<Patient>("p").Send(new NamePatient("Ada"));
        Await(world, "us", "Ada");
        Await(world, "ap", "Ada");
        world.Converged();
        var backup = world.Writes("us");
        world.Isolate("ap");
        world.Region("eu").Forget(Patient.Subject);
        world.RunUntil(() => world.KeysIn("us").Count == 0, Soon);
        world.Isolate("eu");
        world.Stop("us");
        world.SetBack("us", backup);
        world.Heal("us", "ap");
        world.Run(Soon);

        Show(world, "us").ShouldBe(nameof(Unreadable.Unclear), "two of three have forgotten, and it was one of them");
        world.Restart("us");
        world.Run(Soon);
        Show(world, "us").ShouldBe(nameof(Unreadable.Unclear), "nor does a restart change that");
        world.Heal();
        Await(world, "us", nameof(Unreadable.Forgotten));
        Await(world, "ap", nameof(Unreadable.Forgotten));
    }

    [Fact]
    public void Journal_LeftBehindByACrashWhileCutOff_IsReadAsEver()
    {
        using var world = PelagoWorld.Create(33, "eu", "us");
        world.Region("eu").Get<Patient>("p").Send(new NamePatient("Ada"));
        Await(world, "us", "Ada");
        world.Isolate("us");
        world.Crash("us");
        world.Restart("us");

        Show(world, "us").ShouldBe("Ada", "a process that died has lost nothing that was durable");
    }

    // ap is far from us: what it writes is at eu long before, and eu has seen it when it forgets.
    [Fact]
    public void Forgetting_ThatWaitsForItsCauses_IsObeyedBeforeTheyCome()
    {
        using var world = PelagoWorld.Create(34, "eu", "us", "ap");
        world.Latency("us", "ap", TimeSpan.FromSeconds(1));
        world.Run(Soon);
        world.Region("us").Get<Patient>("p").Send(new NamePatient("Ada"));
        world.Region("ap").Get<Patient>("q").Send(new NamePatient("Ada A."));
        world.RunUntil(() => world.KeysIn("eu").Count == 2, TimeSpan.FromMilliseconds(500));
        Show(world, "us").ShouldBe("Ada");

        world.Region("eu").Forget(Patient.Subject);

        world.RunUntil(() => Show(world, "us") == nameof(Unreadable.Forgotten), TimeSpan.FromMilliseconds(300));
        world.Count("us", Probe.ForgottenAhead).ShouldBe(1);
        world.Converged();
        world.Regions.ShouldAllBe(r => world.KeysIn(r.Name).Count == 0);
    }

    private static string Show(PelagoWorld world, string region)
        => world.Region(region).Get<Patient>("p").Query(Patient.NameOf);

    private static void Await(PelagoWorld world, string region, string shown)
        => world.RunUntil(() => Show(world, region) == shown, Soon);
}
