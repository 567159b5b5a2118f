using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Sdk.Testing;
using Pelago.Tests.Unit.Guide;

namespace Pelago.Tests.Unit.Testing;

/// <summary>Types that one region takes the commands of, in regions of the kernel of production.</summary>
public sealed class PrimaryWorldTests
{
    private static readonly RequestOptions AtPrimary = new() { AtPrimary = true };

    [Fact]
    public void Send_ElsewhereThanThePrimary_IsCarriedOutThereAndAnswered()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");

        world.Region("us").Get<Turnstile>("t").Send(new Pass("ada")).ShouldBe(1);
        world.Region("ap").Get<Turnstile>("t").Send(new Pass("bob")).ShouldBe(2);
        world.Region("eu").Get<Turnstile>("t").Send(new Pass("cleo")).ShouldBe(3);

        world.Converged();
        world.Journals.SelectMany(rows => rows).Select(r => r.Event.Origin.Region).Distinct().ShouldBe(["eu"]);
        world.Region("us").Get<Turnstile>("t").Read().Passed.ShouldBe(3);
    }

    [Fact]
    public void Send_UnderTheTokenOfAForwardedWrite_IsReadInTheClientsOwnRegion()
    {
        using var world = PelagoWorld.Create("eu", "us");
        world.Latency("eu", "us", TimeSpan.FromMilliseconds(200));
        var ada = world.Client();

        ada.At("us").Get<Turnstile>("t").Send(new Pass("ada")).ShouldBe(1);

        ada.At("us").Get<Turnstile>("t").Read().Passed.ShouldBe(1, "the answer's token names the write");
    }

    [Fact]
    public void Send_UnderTheTokenOfAForwardedWrite_IsReadWhereTheWriteArrivesLate()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");
        world.Latency("eu", "ap", TimeSpan.FromSeconds(2));
        world.Latency("us", "ap", TimeSpan.FromSeconds(2));
        var ada = world.Client();

        ada.At("us").Get<Turnstile>("t").Send(new Pass("ada")).ShouldBe(1);

        ada.At("ap").Get<Turnstile>("t").Read().Passed.ShouldBe(1, "the answer's token names the write");
    }

    [Fact]
    public void Send_ThePrimaryRefuses_ItsOwnCodeAndWordsArrive()
    {
        using var world = PelagoWorld.Create("eu-west-1", "us");
        for (var i = 0; i < Flight.Seats; i++)
            world.Region("us").Get<Flight>("f").Send(new TakeSeat("ada"));

        var reply = world.Region("us").Get<Flight>("f").TrySend(new TakeSeat("bob"));

        reply.Failure.ShouldBe(new Failure(Flight.Full, "There is no seat left for bob.", "Take another flight."));
    }

    [Fact]
    public void Send_PrimaryIsCutOff_IsRefusedSoonAndNothingIsChanged()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");
        world.Region("us").Get<Turnstile>("t").Send(new Pass("ada"));
        world.Converged();
        world.Isolate("eu");
        world.Run(TimeSpan.FromSeconds(5));
        var before = world.Elapsed;

        var reply = world.Region("us").Get<Turnstile>("t").TrySend(new Pass("bob"));

        reply.Failure!.Error.ShouldBe(ErrorCodes.PrimaryUnreachable);
        reply.Failure.Message.ShouldContain("does not reach region 'eu'");
        (world.Elapsed - before).ShouldBeLessThan(TimeSpan.FromSeconds(2));
        world.Region("us").Get<Turnstile>("t").TryRead(AtPrimary).Failure!.Error
            .ShouldBe(ErrorCodes.PrimaryUnreachable);
        world.Region("us").Get<Turnstile>("t").Read().Passed.ShouldBe(1, "what is here can be read");
        world.Region("eu").Get<Turnstile>("t").Send(new Pass("cleo")).ShouldBe(2, "the primary asks nobody");
    }

    [Fact]
    public void Send_PrimaryDiesMeanwhile_AKeyedCommandIsAnsweredOnce()
    {
        using var world = PelagoWorld.Create("eu", "us");
        world.Latency("eu", "us", TimeSpan.FromMilliseconds(100));
        for (var i = 1; i <= 12; i++)
        {
            RequestOptions once = new() { IdempotencyKey = $"k{i}", Deadline = TimeSpan.FromSeconds(30) };
            var pending = world.Region("us").Get<Turnstile>("t").Begin(new Pass("ada"), once);
            world.Run(TimeSpan.FromMilliseconds(96 + (2 * i))); // before it arrived, before and after it was written
            world.Crash("eu");
            world.Restart("eu");

            pending.Value.ShouldBe(i);
        }
        world.Converged();
        world.Region("eu").Get<Turnstile>("t").Read().Passed.ShouldBe(12);
    }

    [Fact]
    public void Send_PrimaryDiesMeanwhile_ACommandWithoutAKeyIsSaidToBeUnknown()
    {
        using var world = PelagoWorld.Create("eu", "us");
        world.Region("us").Get<Turnstile>("t").Send(new Pass("first"));
        world.Latency("eu", "us", TimeSpan.FromMilliseconds(100));

        var pending = world.Region("us").Get<Turnstile>("t").Begin(new Pass("ada"));
        world.Run(TimeSpan.FromMilliseconds(60)); // it is on its way
        world.Crash("eu");
        world.Restart("eu");

        pending.Reply.Failure!.Error.ShouldBe(ErrorCodes.PrimaryUnanswered);
        pending.Reply.Failure.Message.ShouldContain("may have been carried out");
    }

    [Fact]
    public void Send_AtALevel_WaitsAtThePrimary()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");
        world.Cut("eu", "ap");
        RequestOptions all = new() { Acknowledgement = Acknowledgement.Regions(3), Deadline = TimeSpan.FromSeconds(2) };

        var reply = world.Region("us").Get<Turnstile>("t").TrySend(new Pass("ada"), all);

        reply.Failure!.Error.ShouldBe(ErrorCodes.NotAcknowledged);
        reply.Failure.Next.ShouldContain("ap");
    }

    [Fact]
    public void Send_ToATypeWhoseRegionsRefuse_NamesThePrimary()
    {
        using var world = PelagoWorld.Create("eu", "us");

        var reply = world.Region("us").Get<Desk>("d").TrySend(new Pass("ada"));

        reply.Failure!.Error.ShouldBe(ErrorCodes.NotPrimary);
        reply.Failure.Next.ShouldContain("'eu'");
        world.Region("eu").Get<Desk>("d").Send(new Pass("ada")).ShouldBe(1);
        world.Region("us").Get<Desk>("d").Read(AtPrimary).Passed.ShouldBe(1, "reads are forwarded all the same");
    }

    [Fact]
    public void Send_ToATypeWithoutAPrimary_IsRefusedInEveryRegion()
    {
        using var world = PelagoWorld.Create("eu", "us");
        foreach (var region in world.Regions)
        {
            region.Get<Museum>("m").TrySend(new Pass("ada")).Failure!.Error.ShouldBe(ErrorCodes.NoPrimary);
            region.Get<Museum>("m").TryRead(AtPrimary).Failure!.Error.ShouldBe(ErrorCodes.NoPrimary);
            region.Get<Museum>("m").Read().Passed.ShouldBe(0);
        }
    }

    [Fact]
    public void Send_ToATypePinnedOutsideOfTheGroup_NamesTheMembers()
    {
        using var world = PelagoWorld.Create("eu", "us");

        var failure = world.Region("us").Get<Outpost>("o").TrySend(new Pass("ada")).Failure!;

        failure.Error.ShouldBe(ErrorCodes.PrimaryUnreachable);
        (failure.Message + failure.Next).ShouldContain("'moon', which is not a member of the group");
        failure.Next.ShouldContain("eu, us");
    }

    [Fact]
    public void Send_WhereThereIsOneRegionOnly_ItIsThePrimary()
    {
        using var world = PelagoWorld.Create("laptop");

        world.Region("laptop").Get<Outpost>("o").Send(new Pass("ada")).ShouldBe(1);
        world.Region("laptop").Get<Outpost>("o").Read(AtPrimary).Passed.ShouldBe(1);
    }

    [Fact]
    public void ReadPrimary_OfATypeThatEveryRegionWrites_IsRefused()
    {
        using var world = PelagoWorld.Create("eu", "us");

        world.Region("us").Get<Deed>("d").TryRead(AtPrimary).Failure!.Error.ShouldBe(ErrorCodes.NoPrimary);
    }

    [Fact]
    public void ReadPrimary_BeforeTheWriteHasArrivedHere_ShowsIt()
    {
        using var world = PelagoWorld.Create("eu", "us");
        world.Region("eu").Get<Turnstile>("t").Send(new Pass("ada"));
        world.Converged();
        world.Latency("eu", "us", TimeSpan.FromMilliseconds(300));
        world.Region("eu").Get<Turnstile>("t").Send(new Pass("bob"));

        world.Region("us").Get<Turnstile>("t").Read().Passed.ShouldBe(1, "else this shows nothing");
        world.Region("us").Get<Turnstile>("t").Read(AtPrimary).Passed.ShouldBe(2);
    }

    // A counter's history is linearizable when no two passes got one number, each got a higher one than every pass that
    // was answered before it began, and each read lies between those that were answered before it and those that had
    // begun when it was answered.
    [Fact]
    public void History_InAnyWeather_IsThatOfOneCopy()
    {
        var (answered, repeated) = (0, 0);
        PelagoWorld.Explore(seeds: 12, world =>
        {
            var history = new CounterHistory();
            world.Storm(TimeSpan.FromSeconds(20));
            for (var i = 0; i < 60; i++)
            {
                world.Run(TimeSpan.FromMilliseconds(50 + (i * 37 % 250)));
                var at = world.Regions[i % 3];
                if (!at.IsUp)
                    continue;
                if (i % 4 == 3)
                    history.Read(world, at.Get<Turnstile>("t").BeginRead(AtPrimary));
                else
                    history.Pass(world, at.Get<Turnstile>("t").Begin(new Pass($"p{i}"), new RequestOptions
                    {
                        IdempotencyKey = i % 4 == 0 ? $"k{i}" : "", Deadline = TimeSpan.FromSeconds(10),
                    }));
            }
            world.Heal();
            world.Run(TimeSpan.FromSeconds(30));
            history.Check();
            answered += history.Answered;
            repeated += history.Unknown;
            world.Converged();
            world.Journals.SelectMany(rows => rows).ShouldAllBe(r => r.Event.Origin.Region == "eu");
        }, "eu", "us", "ap");
        answered.ShouldBeGreaterThan(200, "else this shows nothing");
        repeated.ShouldBePositive("some were under way when something broke");
    }
}
