using Pelago.Model;
using Pelago.Replication;
using Pelago.Sdk.Testing;

namespace Pelago.Tests.Simulation;

/// <summary>Personal members, the keys that open them, and their subjects' being forgotten. Every world demands at its
/// end that all regions have equal states, whoever can read them.</summary>
public sealed class SealedScenarios
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Fact]
    public void Member_SealedInOneRegion_IsReadInAll()
    {
        using var world = PelagoWorld.Create(1, "eu", "us", "ap");
        world.Region("eu").Get<Patient>("p").Send(new NamePatient("Ada"));
        world.Converged();

        foreach (var region in world.Regions)
        {
            Await(world, region.Name, "Ada");
            region.Get<Patient>("p").Send(new GreetPatient()).ShouldBe("Ada");
        }
        world.KeysIn("eu").ShouldHaveSingleItem();
    }

    [Fact]
    public void Member_KeyMadeInTwoRegionsAtOnce_BothKeysStayAndBothBoxesOpenEverywhere()
    {
        using var world = PelagoWorld.Create(2, "eu", "us");
        world.Cut("eu", "us");
        world.Region("eu").Get<Patient>("p").Send(new NamePatient("Ada"));
        world.Region("us").Get<Patient>("q").Send(new NamePatient("Ada L."));
        world.Heal();
        world.Converged();

        foreach (var region in new[] { "eu", "us" })
        {
            Await(world, region, "Ada");
            Await(world, region, "Ada L.", "q");
            world.KeysIn(region).Count.ShouldBe(2);
        }
    }

    [Fact]
    public void Member_TwoCommandsAtOnce_MakeOneKey()
    {
        using var world = PelagoWorld.Create(3, "eu", "us");
        var region = world.Region("eu");
        var first = region.Get<Patient>("p").Begin(new NamePatient("Ada"));
        var second = region.Get<Patient>("q").Begin(new NamePatient("Ada"));
        (first.Value, second.Value).ShouldBe(("named", "named"));

        world.KeysIn("eu").ShouldHaveSingleItem();
    }

    [Fact]
    public void Member_MovedToAnotherEntity_DoesNotOpenThere()
    {
        using var world = PelagoWorld.Create(4, "eu", "us");
        var region = world.Region("eu");
        region.Get<Patient>("p").Send(new NamePatient("Ada"));
        var box = region.Get<Patient>("p").Read().Name!;
        region.Get<Patient>("q").Send(new MovePatientName(box));

        region.Get<Patient>("q").Query(Patient.NameOf).ShouldBe(nameof(Unreadable.Altered));
        region.Get<Patient>("p").Query(Patient.NameOf).ShouldBe("Ada");
    }

    [Fact]
    public void Member_RegionThatMayNotHaveKeys_HoldsTheSameAndReadsNothing()
    {
        using var world = PelagoWorld.Create(5, "eu", "de", "us");
        world.LimitKeys("eu", "de");
        world.Region("eu").Get<Patient>("p").Send(new NamePatient("Ada"));
        world.Converged();
        Await(world, "de", "Ada");
        world.Run(Soon);

        world.Region("us").Get<Patient>("p").Query(Patient.NameOf).ShouldBe(nameof(Unreadable.NoKey));
        world.KeysIn("us").ShouldBeEmpty();
        world.Region("us").Get<Patient>("p").Send(new GreetPatient()).ShouldBe(nameof(Unreadable.NoKey));
        world.Region("us").Get<Patient>("p").TrySend(new NamePatient("Eve")).Failure!.Error
            .ShouldBe(ErrorCodes.SubjectKeysElsewhere);
        world.Converged();
    }

    [Fact]
    public void Subject_Forgotten_IsUnreadableEverywhereAndNothingIsSealedForIt()
    {
        using var world = PelagoWorld.Create(6, "eu", "us");
        world.Region("eu").Get<Patient>("p").Send(new NamePatient("Ada"));
        Await(world, "us", "Ada");

        world.Region("us").Forget(Patient.Subject).ShouldBeTrue();
        world.KeysIn("us").ShouldBeEmpty("before it is answered");
        world.Region("us").Forget(Patient.Subject).ShouldBeFalse();
        world.Converged();

        foreach (var region in world.Regions)
        {
            world.KeysIn(region.Name).ShouldBeEmpty();
            region.Get<Patient>("p").Query(Patient.NameOf).ShouldBe(nameof(Unreadable.Forgotten));
            region.Get<Patient>("p").TrySend(new NamePatient("Ada")).Failure!.Error
                .ShouldBe(ErrorCodes.SubjectForgotten);
        }
    }

    [Fact]
    public void Subject_ForgottenDuringAPartition_KeyMadeOnTheOtherSideGoesToo()
    {
        using var world = PelagoWorld.Create(7, "eu", "us", "ap");
        world.Region("eu").Get<Patient>("p").Send(new NamePatient("Ada"));
        world.Converged();
        Await(world, "us", "Ada");
        world.Isolate("us");
        world.Region("eu").Forget(Patient.Subject);
        world.Region("us").Get<Patient>("q").Send(new NamePatient("Ada, still"));
        world.Region("us").Get<Patient>("q").Query(Patient.NameOf).ShouldBe("Ada, still", "it has not heard of it");
        world.Heal();
        world.Converged();

        foreach (var region in world.Regions)
        {
            world.KeysIn(region.Name).ShouldBeEmpty();
            region.Get<Patient>("q").Query(Patient.NameOf).ShouldBe(nameof(Unreadable.Forgotten));
        }
    }

    [Fact]
    public void Key_ArrivesAfterItsSubjectWasForgotten_IsRefused()
    {
        using var world = PelagoWorld.Create(8, "eu", "us", "ap");
        // us hears of the key by name through ap, which has none itself: it asks eu, whose answer takes seconds.
        world.LimitKeys("eu", "us");
        world.Cut("eu", "us");
        world.Region("eu").Get<Patient>("p").Send(new NamePatient("Ada"));
        world.RunUntil(() => world.Region("us").Get<Patient>("p").Read().Name is not null, Soon);
        world.Latency("eu", "us", TimeSpan.FromSeconds(1));
        world.Heal("eu", "us");
        world.RunUntil(() => world.Count("us", Probe.SubjectKeysAsked) > 0, Soon);
        world.Run(TimeSpan.FromSeconds(1.2)); // eu has answered, and the answer is on its way
        world.Region("us").Forget(Patient.Subject);
        world.Run(TimeSpan.FromSeconds(5));
        world.Converged();

        world.Count("us", Probe.LateKeyRefused).ShouldBePositive();
        world.KeysIn("us").ShouldBeEmpty();
        world.KeysIn("eu").ShouldBeEmpty();
        world.Region("us").Get<Patient>("p").Query(Patient.NameOf).ShouldBe(nameof(Unreadable.Forgotten));
    }

    [Fact]
    public void Key_RegionWasAwayWhenItWasMade_IsFetchedWhereverItIsAlthoughItsMakerIsGone()
    {
        using var world = PelagoWorld.Create(9, "eu", "us", "ap");
        world.Stop("ap");
        world.Region("eu").Get<Patient>("p").Send(new NamePatient("Ada"));
        Await(world, "us", "Ada");
        world.Crash("eu");
        world.Restart("ap");

        Await(world, "ap", "Ada");
    }

    [Fact]
    public void Key_ProcessDiesBetweenEventAndKey_IsAskedForAfterTheStart()
    {
        using var world = PelagoWorld.Create(10, "eu", "us", "ap");
        world.LimitKeys("eu", "us");
        world.Cut("eu", "us");
        world.Region("eu").Get<Patient>("p").Send(new NamePatient("Ada"));
        world.RunUntil(() => world.Region("us").Get<Patient>("p").Read().Name is not null, Soon);
        world.Run(TimeSpan.FromSeconds(1));
        world.Crash("us"); // it knows the key's name, durably, and that it asks is forgotten
        world.Restart("us");
        world.Heal();

        // Nobody reads: a comparison with its own journal finds it.
        world.RunUntil(() => world.KeysIn("us").Count == 1, TimeSpan.FromMinutes(5));
    }

    [Fact]
    public void Journal_SetBackToBeforeAForgetting_DeletesTheKeysAgain()
    {
        using var world = PelagoWorld.Create(11, "eu", "us");
        world.Region("eu").Get<Patient>("p").Send(new NamePatient("Ada"));
        Await(world, "us", "Ada");
        world.Converged();
        var backup = world.Writes("us");
        world.Region("eu").Forget(Patient.Subject);
        world.Converged();
        world.KeysIn("us").ShouldBeEmpty();

        world.SetBack("us", backup);
        world.KeysIn("us").ShouldHaveSingleItem("the backup has it");
        world.Converged();
        world.KeysIn("us").ShouldBeEmpty();
        world.Region("us").Get<Patient>("p").Query(Patient.NameOf).ShouldBe(nameof(Unreadable.Forgotten));
    }

    [Fact]
    public void Key_StoreTakesNoWrite_NothingIsSealedUnderIt()
    {
        using var world = PelagoWorld.Create(12, "eu", "us");
        world.Region("eu").Get<Patient>("p").Read();
        world.Region("eu").DiskIsFull = true;
        world.Region("eu").Get<Patient>("p").TrySend(new NamePatient("Ada")).Failure.ShouldNotBeNull();
        world.Region("eu").DiskIsFull = false;
        world.KeysIn("eu").ShouldBeEmpty();

        world.Region("eu").Get<Patient>("p").Send(new NamePatient("Ada"));
        world.KeysIn("eu").ShouldHaveSingleItem();
        Await(world, "us", "Ada");
    }

    [Fact]
    public void Subjects_InAnyWeather_EveryBoxOpensWhereItMayOrItsSubjectIsForgotten()
        => PelagoWorld.Explore(6, Weather, "eu", "us", "ap");

    private static void Weather(PelagoWorld world)
    {
        world.LimitKeys("eu", "us");
        world.Storm(TimeSpan.FromSeconds(40));
        for (var i = 0; i < 30; i++)
        {
            var region = world.Regions[i % 2];
            if (region.IsUp)
                region.Get<Patient>($"p{i % 7}").TrySend(new NamePatient($"name {i}", $"subject-{i % 5}"));
            if (i == 20 && region.IsUp)
                region.Get<Patient>("p0").TrySend(new GreetPatient());
            world.Run(TimeSpan.FromSeconds(1));
        }
        world.Heal();
        foreach (var region in world.Regions.Where(r => !r.IsUp))
            world.Restart(region.Name);
        world.Converged();
        world.Region("eu").Forget("subject-0");
        world.Converged();
        foreach (var region in new[] { "eu", "us" })
        {
            for (var p = 0; p < 7; p++)
            {
                var id = $"p{p}";
                world.RunUntil(() => world.Region(region).Get<Patient>(id).Query(IsAsItShouldBe), Soon);
            }
        }
        world.KeysIn("ap").ShouldBeEmpty();
    }

    private static bool IsAsItShouldBe(Patient patient, QueryContext context) => patient.Name is not { } member
        || context.Open(member, PatientJson.Default.String).Match(
            name => name.StartsWith("name ", StringComparison.Ordinal) && member.Subject != "subject-0",
            why => why == Unreadable.Forgotten && member.Subject == "subject-0");

    private static void Await(PelagoWorld world, string region, string name, string id = "p")
        => world.RunUntil(() => world.Region(region).Get<Patient>(id).Query(Patient.NameOf) == name, Soon);
}
