using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Sdk.Testing;

namespace Pelago.Tests.Simulation;

/// <summary>What a level of acknowledgement says about the keys of personal members. Events go from eu through ap to us
/// while eu and us are cut off from each other; ap may have no keys.</summary>
public sealed class SealedLevelScenarios
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Fact]
    public void Write_AtMajority_IsNotAnsweredBeforeItsKeyIsInAsManyRegionsAsMayHaveIt()
    {
        using var world = Cut(21);
        var refused = Name(world, "eu", TimeSpan.FromSeconds(8));

        world.Region("us").Get<Patient>("p").Read().Name.ShouldNotBeNull("the event is in all three regions");
        refused.Failure!.Error.ShouldBe(ErrorCodes.NotAcknowledged);
        refused.Failure.Message.ShouldContain("the keys of what is sealed in it are in 2 regions");
        refused.Failure.Next.ShouldEndWith("Not yet heard of: us.");
        world.Heal();
        Name(world, "eu", Soon).Failure!.Error.ShouldBe(ErrorCodes.AlreadyDone, "that is all that is remembered of it");

        world.Crash("eu");
        world.Region("us").Get<Patient>("p").Query(Patient.NameOf).ShouldBe("Ada");
    }

    [Fact]
    public void Write_WhoseRegionIsLostBeforeItsKeyWasAnywhereElse_IsNotAnsweredElsewhere()
    {
        using var world = Cut(22);
        Name(world, "eu", TimeSpan.FromSeconds(2)).Failure!.Error.ShouldBe(ErrorCodes.NotAcknowledged);
        world.Crash("eu");
        world.Heal();

        Name(world, "us", TimeSpan.FromSeconds(5)).Failure!.Error.ShouldBe(ErrorCodes.NotAcknowledged);
        world.Restart("eu");
        Name(world, "us", Soon).Failure.ShouldBeNull();
        world.KeysIn("us").ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData("eu")]
    [InlineData("us")]
    public void Write_WhoseSubjectIsForgottenMeanwhile_IsAnswered(string forgets)
    {
        using var world = Cut(24);
        var waits = Begin(world, "eu", Soon);
        world.Run(TimeSpan.FromSeconds(2));
        waits.IsDone.ShouldBeFalse();
        world.Region(forgets).Forget(Patient.Subject);

        world.RunUntil(() => waits.IsDone, TimeSpan.FromSeconds(5));
        waits.Reply.Failure.ShouldBeNull("nobody is to have the key");
    }

    [Fact]
    public void Write_ThatMovesAMemberWhoseKeyIsNowhere_IsNotHeldUpByIt()
    {
        using var world = Cut(25);
        world.Region("eu").Get<Patient>("p").Send(new NamePatient("Ada"));
        world.RunUntil(() => world.Region("us").Get<Patient>("p").Read().Name is not null, Soon);
        world.Crash("eu");
        var box = world.Region("us").Get<Patient>("p").Read().Name!;

        world.Region("us").Get<Patient>("p").TrySend(new MovePatientName(box), Majority(Soon, "")).Failure
            .ShouldBeNull("what this write promises, others can keep");
    }

    [Fact]
    public void Write_ThatMovesAMemberWhoseKeyIsHereAlone_WaitsForTheKey()
    {
        using var world = Cut(26);
        world.Region("eu").Get<Patient>("p").Send(new NamePatient("Ada"));
        var box = world.Region("eu").Get<Patient>("p").Read().Name!;

        world.Region("eu").Get<Patient>("p").TrySend(new MovePatientName(box), Majority(TimeSpan.FromSeconds(2), ""))
            .Failure!.Error.ShouldBe(ErrorCodes.NotAcknowledged);
    }

    [Fact]
    public void Write_ThatOnlyMovesAMember_WaitsForItsKeyAlsoWhenItIsRepeatedAfterItIsFinal()
    {
        using var world = PelagoWorld.Create(29, "eu", "us", "ap");
        world.LimitKeys("eu", "us");
        world.Region("eu").Get<Patient>("p").Send(new NamePatient("Ada"));
        var box = world.Region("eu").Get<Patient>("p").Read().Name!;
        Move(Soon).Failure.ShouldBeNull();
        world.Converged();
        world.Run(TimeSpan.FromSeconds(5));
        world.Region("eu").Get<Patient>("p").Send(new MovePatientName(box)); // what is final leaves memory with it
        world.Converged();
        world.Cut("eu", "us");

        var refused = Move(TimeSpan.FromSeconds(2)).Failure!;
        refused.Error.ShouldBe(ErrorCodes.NotAcknowledged);
        refused.Next.ShouldEndWith("Not yet heard of: us.");
        world.Heal();
        Move(Soon).Failure.ShouldBeNull();
        world.Count("eu", Probe.MembersSearched).ShouldBe(2);

        EntityReply<string> Move(TimeSpan deadline) => world.Region("eu").Get<Patient>("p")
            .TrySend(new MovePatientName(box), Majority(deadline));
    }

    [Fact]
    public void Write_WithOneRegionThatMayHaveKeys_IsAnsweredByItsEventsAlone()
    {
        using var world = PelagoWorld.Create(27, "eu", "us", "ap");
        world.LimitKeys("eu");

        Name(world, "eu", Soon).Failure.ShouldBeNull();
    }

    [Fact]
    public void Forgetting_AtALevel_IsAnsweredOnceTheKeysAreGoneInAsManyRegions()
    {
        using var world = PelagoWorld.Create(28, "eu", "us", "ap");
        world.Region("eu").Get<Patient>("p").Send(new NamePatient("Ada"));
        world.Converged();
        world.RunUntil(() => world.Regions.All(r => world.KeysIn(r.Name).Count == 1), Soon);
        world.Isolate("eu");

        Should.Throw<PelagoException>(() => world.Region("eu").Forget(Patient.Subject, Acknowledgement.Majority))
            .Failure.Error.ShouldBe(ErrorCodes.NotAcknowledged);
        world.KeysIn("eu").ShouldBeEmpty("it stands");
        Should.Throw<PelagoException>(() => world.Region("eu").Forget(Patient.Subject, Acknowledgement.Majority))
            .Failure.Error.ShouldBe(ErrorCodes.NotAcknowledged, "asked again, it waits for what was forgotten before");
        world.Heal();

        world.Region("eu").Forget(Patient.Subject, Acknowledgement.Regions(3)).ShouldBeFalse();
        world.Regions.ShouldAllBe(r => world.KeysIn(r.Name).Count == 0);
        world.Converged();
        world.Run(TimeSpan.FromSeconds(5));
        world.Isolate("eu");
        world.Region("eu").Forget(Patient.Subject, Acknowledgement.Regions(3)).ShouldBeFalse("it is final");
    }

    [Fact]
    public void Writes_InAnyWeather_AreAnsweredOnceTwoRegionsHaveTheirKeys()
        => PelagoWorld.Explore(6, Weather, "eu", "us", "ap");

    private static void Weather(PelagoWorld world)
    {
        world.Storm(TimeSpan.FromSeconds(60));
        var answered = 0;
        for (var i = 0; i < 40; i++)
        {
            var (region, subject) = (world.Regions[i % 3], $"subject-{i}");
            if (region.IsUp && region.Get<Patient>($"p{i % 7}").TrySend(new NamePatient($"name {i}", subject),
                Majority(TimeSpan.FromSeconds(3), "")).Failure is null)
            {
                answered++;
                world.Regions.Count(r => world.KeysIn(r.Name).Any(k => k.Subject.Id == subject))
                    .ShouldBeGreaterThanOrEqualTo(2, $"regions that have the key of {subject}");
            }
            world.Run(TimeSpan.FromMilliseconds(300));
        }
        answered.ShouldBeGreaterThan(5);
        world.Heal();
    }

    private static PelagoWorld Cut(ulong seed)
    {
        var world = PelagoWorld.Create(seed, "eu", "us", "ap");
        world.LimitKeys("eu", "us");
        world.Cut("eu", "us");
        return world;
    }

    private static EntityReply<string> Name(PelagoWorld world, string region, TimeSpan deadline)
        => world.Region(region).Get<Patient>("p").TrySend(new NamePatient("Ada"), Majority(deadline));

    private static PendingReply<string> Begin(PelagoWorld world, string region, TimeSpan deadline)
        => world.Region(region).Get<Patient>("p").Begin(new NamePatient("Ada"), Majority(deadline));

    private static RequestOptions Majority(TimeSpan deadline, string key = "k") => new()
    {
        Acknowledgement = Acknowledgement.Majority, Deadline = deadline, IdempotencyKey = key,
    };
}
