using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Sdk.Testing;

namespace Pelago.Tests.Unit.Testing;

/// <summary>Types whose primary moves, in regions of the kernel of production.</summary>
public sealed class MovingPrimaryTests
{
    private static readonly RequestOptions AtPrimary = new() { AtPrimary = true };
    private static readonly RequestOptions Patient = new() { Deadline = TimeSpan.FromSeconds(20) };
    private static readonly RequestOptions Safe = new()
    {
        Acknowledgement = Acknowledgement.Majority, Deadline = TimeSpan.FromSeconds(20),
    };

    [Fact]
    public void Send_ElsewhereSoonAfterAMove_IsForwardedAndLaterMovesThePrimary()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");
        world.Region("us").Get<Booth>("b").Send(new Pass("ada")).ShouldBe(1);
        Origins(world).ShouldBe(["eu"]);

        world.Run(TimeSpan.FromSeconds(11));
        var before = world.Elapsed;
        world.Region("us").Get<Booth>("b").Send(new Pass("bob")).ShouldBe(2);

        (world.Elapsed - before).ShouldBeLessThan(TimeSpan.FromSeconds(2), "the former primary hands over");
        Origins(world).ShouldBe(["eu", "us"]);
        world.Region("ap").Get<Booth>("b").Send(new Pass("cleo"), Patient).ShouldBe(3);
        world.Region("eu").Get<Booth>("b").Send(new Pass("dan"), Patient).ShouldBe(4);
        world.Converged();
        Origins(world).ShouldBe(["eu", "us"], "those were forwarded");
        world.Regions.SelectMany(r => r.Conflicts).ShouldBeEmpty();
        world.Region("eu").Get<Booth>("b").Read().Passed.ShouldBe(4);
    }

    [Fact]
    public void RequestPrimary_OfARegion_MovesItAtOnceAndNothingIsLeftOut()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");
        world.Region("eu").Get<Booth>("b").Send(new Pass("ada")).ShouldBe(1);
        var before = world.Elapsed;

        world.Region("us").RequestPrimary<Booth>();
        world.Region("ap").RequestPrimary<Booth>();
        world.Region("ap").RequestPrimary<Booth>();

        (world.Elapsed - before).ShouldBeLessThan(TimeSpan.FromSeconds(4), "each hands over");
        world.Region("ap").Get<Booth>("b").Send(new Pass("bob")).ShouldBe(2);
        Primary(world, "ap").ShouldBe(new PrimaryDescription("booth", 2, "ap", true, true));
        world.Converged();
        world.Regions.SelectMany(r => r.Conflicts).ShouldBeEmpty();
    }

    [Fact]
    public void RequestPrimary_WithoutAMajorityOrOfAnotherMode_IsRefused()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");
        world.Region("eu").Get<Booth>("b").Send(new Pass("ada")).ShouldBe(1);
        Should.Throw<PelagoException>(() => world.Region("us").RequestPrimary<Turnstile>()).Failure.Error
            .ShouldBe(ErrorCodes.NoPrimary);
        world.Isolate("us");

        Should.Throw<PelagoException>(() => world.Region("us").RequestPrimary<Booth>()).Failure.Error
            .ShouldBe(ErrorCodes.PrimaryUnreachable);
    }

    [Fact]
    public void Primary_CutOffWithAnUnreplicatedWrite_IsReplacedAndItsEventIsOrphanedEverywhere()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");
        world.Region("eu").Get<Booth>("b").Send(new Pass("ada")).ShouldBe(1);
        world.Converged();
        world.Isolate("eu");
        world.Region("eu").Get<Booth>("b").Send(new Pass("lost")).ShouldBe(2, "it is durable in eu");
        world.Region("eu").Get<Booth>("other").Send(new Pass("lost")).ShouldBe(1);
        world.Run(TimeSpan.FromSeconds(5));

        world.Region("us").Get<Booth>("b").Send(new Pass("bob"), Patient).ShouldBe(2, "us has taken over without it");
        world.Region("us").Get<Booth>("b").Read(AtPrimary).Passed.ShouldBe(2);
        world.Heal();
        world.Converged();

        foreach (var region in world.Regions)
        {
            region.Get<Booth>("b").Read().Passed.ShouldBe(2);
            region.Get<Booth>("other").Read().Passed.ShouldBe(0);
            region.Conflicts.Select(c => (c.Entity.Id, c.Kind, c.Origin.Region)).ToHashSet()
                .ShouldBe([("b", ConflictKind.Orphaned, "eu"), ("other", ConflictKind.Orphaned, "eu")],
                    ignoreOrder: true);
        }
        world.Journals.ShouldAllBe(rows => rows.Count() == 4, "what does not count is kept all the same");
        world.Region("eu").Get<Booth>("b").Send(new Pass("cleo"), Patient).ShouldBe(3, "eu knows who is the primary");
    }

    [Fact]
    public void Primary_DownWithAnUnreplicatedWrite_ComesBackDemoted()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");
        world.Region("eu").Get<Booth>("b").Send(new Pass("ada")).ShouldBe(1);
        world.Converged();
        world.Isolate("eu");
        world.Region("eu").Get<Booth>("b").Send(new Pass("lost")).ShouldBe(2);
        world.Region("eu").Get<Booth>("untouched").Send(new Pass("lost")).ShouldBe(1);
        world.Crash("eu");
        world.Run(TimeSpan.FromSeconds(5));

        world.Region("us").Get<Booth>("b").Send(new Pass("bob"), Patient).ShouldBe(2);
        world.Heal();
        world.Restart("eu");
        world.Region("eu").Get<Booth>("b").Send(new Pass("cleo"), Patient).ShouldBe(3);
        world.RunUntil(() => world.Region("eu").Conflicts.Count(c => c.Kind == ConflictKind.Orphaned) == 2,
            TimeSpan.FromSeconds(10));
        world.Converged();
        world.Crash("eu");
        world.Restart("eu");
        world.Run(TimeSpan.FromSeconds(5));
        world.Region("eu").Get<Booth>("b").Read().Passed.ShouldBe(3, "a restart remembers what does not count");
    }

    [Fact]
    public void Primary_OfAMinority_GivesNoPromisesOnceItsLeaseIsOver()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");
        world.Region("eu").Get<Booth>("b").Send(new Pass("ada"), Safe).ShouldBe(1);
        world.Isolate("eu");
        world.Region("eu").Get<Booth>("b").Read(AtPrimary).Passed.ShouldBe(1, "nobody else can be the primary yet");

        world.Run(TimeSpan.FromSeconds(4));

        world.Region("eu").Get<Booth>("b").TryRead(AtPrimary).Failure!.Error.ShouldBe(ErrorCodes.LeaseLost);
        world.Region("eu").Get<Booth>("b").TrySend(new Pass("bob"), Safe).Failure!.Error
            .ShouldBe(ErrorCodes.NotAcknowledged);
        world.Region("eu").Get<Booth>("b").Read().Passed.ShouldBe(2, "a local read shows what is there");
    }

    [Fact]
    public void ReadPrimary_OfWhatIsInNoMajority_IsNotAnswered()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");
        world.Region("eu").Get<Booth>("b").Send(new Pass("ada"), Safe).ShouldBe(1);
        world.Isolate("eu");
        world.Region("eu").Get<Booth>("b").Send(new Pass("bob")).ShouldBe(2);

        world.Region("eu").Get<Booth>("b").TryRead(AtPrimary).Failure!.Error
            .ShouldBe(ErrorCodes.LeaseLost, "a move may take it back");
    }

    // eu is cut off from us, and ap answers it late: its lease is not over when us is decided on.
    [Fact]
    public void Primary_ThatHasItsLeaseStill_IsWaitedOut()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");
        world.Region("eu").Get<Booth>("b").Send(new Pass("ada"), Safe).ShouldBe(1);
        world.Path("ap", "eu").DelayMilliseconds = 1_000;
        world.Cut("eu", "us");
        world.Run(TimeSpan.FromSeconds(8));
        Primary(world, "eu").HasLease.ShouldBeTrue("else this shows nothing");

        world.Region("us").Get<Booth>("b").Send(new Pass("bob"), Safe).ShouldBe(2);

        var read = world.Region("eu").Get<Booth>("b").TryRead(AtPrimary);
        (read.Failure is not null || read.Value!.Passed == 2).ShouldBeTrue("what us confirmed is seen");
    }

    [Fact]
    public void Group_WithoutAMajority_DoesNotMoveThePrimary()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");
        world.Region("us").Get<Booth>("b").Send(new Pass("ada")).ShouldBe(1);
        world.Crash("eu");
        world.Crash("ap");
        world.Run(TimeSpan.FromSeconds(5));

        world.Region("us").Get<Booth>("b").TrySend(new Pass("bob"), Patient).Failure!.Error
            .ShouldBe(ErrorCodes.PrimaryUnreachable);

        world.Restart("ap");
        world.Run(TimeSpan.FromSeconds(5));
        world.Region("us").Get<Booth>("b").Send(new Pass("cleo"), Patient).ShouldBe(2);
    }

    [Fact]
    public void Candidate_DiesBeforeItsEpochStarts_AnotherRegionTakesOver()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");
        world.Region("eu").Get<Booth>("b").Send(new Pass("ada"), Safe).ShouldBe(1);
        world.Crash("eu");
        world.Region("us").Get<Booth>("b").Begin(new Pass("bob"), Patient with
        {
            IdempotencyKey = "k",
        });
        world.RunUntil(() => Primary(world, "ap") is { Region: "us", IsStarted: false }, TimeSpan.FromSeconds(10));
        world.Crash("us");
        world.Restart("eu");

        world.Region("ap").Get<Booth>("b").Send(new Pass("cleo"), new RequestOptions
        {
            Deadline = TimeSpan.FromSeconds(60),
        }).ShouldBe(2);

        world.Restart("us");
        world.Converged();
        world.Regions.SelectMany(r => r.Conflicts).ShouldBeEmpty();
    }

    [Fact]
    public void Service_WhereThereIsOneRegionOnly_IsThePrimary()
    {
        using var world = PelagoWorld.Create("laptop");

        world.Region("laptop").Get<Booth>("b").Send(new Pass("ada"), Safe).ShouldBe(1);
        world.Region("laptop").Get<Booth>("b").Read(AtPrimary).Passed.ShouldBe(1);
    }

    // Writes that a majority confirmed and reads of the primary, while the primary moves: as in the history of one
    // counter. Clocks run at rates that differ by as much as is allowed.
    [Fact]
    public void History_WhileThePrimaryMoves_IsThatOfOneCopy()
    {
        var (answered, moved, failures) = (0, 0u, "");
        PelagoWorld.Explore(seeds: 10, world =>
        {
            var history = new CounterHistory();
            world.Rate("eu", 15);
            world.Rate("us", -15);
            world.Storm(TimeSpan.FromSeconds(20));
            for (var i = 0; i < 80; i++)
            {
                world.Run(TimeSpan.FromMilliseconds(100 + (i * 37 % 700)));
                var at = world.Regions[i % 3];
                if (!at.IsUp)
                    continue;
                if (i % 13 == 6)
                    at.Pause(TimeSpan.FromMilliseconds(i * 60)); // up to five seconds: longer than the lease
                if (i % 4 == 3)
                    history.Read(world, at.Get<Booth>("b").BeginRead(AtPrimary));
                else
                    history.Pass(world, at.Get<Booth>("b").Begin(new Pass($"p{i}"), Safe with
                    {
                        IdempotencyKey = i % 4 == 0 ? $"k{i}" : "", Deadline = TimeSpan.FromSeconds(10),
                    }));
            }
            world.Heal();
            world.Run(TimeSpan.FromSeconds(30));
            history.Check();
            answered += history.Answered;
            failures = history.Failures;
            world.Converged();
            moved += Primary(world, "eu").Epoch;
        }, "eu", "us", "ap");
        answered.ShouldBeGreaterThan(200, $"else this shows nothing; of the last: {failures}");
        moved.ShouldBeGreaterThan(10u);
    }

    private static PrimaryDescription Primary(PelagoWorld world, string region) => world.Primaries(region).Single();

    private static string[] Origins(PelagoWorld world)
        => [.. world.Journals.SelectMany(rows => rows).Select(r => r.Event.Origin.Region).Distinct().Order()];
}
