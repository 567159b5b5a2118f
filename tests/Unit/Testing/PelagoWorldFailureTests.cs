using Pelago.Model;
using Pelago.Sdk.Testing;

namespace Pelago.Tests.Unit.Testing;

/// <summary>What a world says when something is wrong.</summary>
public sealed class PelagoWorldFailureTests
{
    [Fact]
    public void Converged_DuringACut_SaysWhoLacksWhatAndWhichWaysAreCut()
    {
        using var world = PelagoWorld.Create("eu", "us");
        world.Cut("eu", "us");
        world.Region("eu").Get<Till>("t").Send(new Pay(1));
        world.Region("eu").Get<Till>("t").Send(new Pay(2));
        world.Region("us").Get<Till>("t").Send(new Pay(4));

        var error = Should.Throw<WorldException>(() => world.Converged(TimeSpan.FromSeconds(10)));

        error.Message.ShouldStartWith("""
            After 10.000 s of virtual time the regions do not hold the same.
            till 't' has not reached every region:
              eu has 2 of its 3 events and lacks us#1
              us has 1 of its 3 events and lacks eu#1, eu#2
            Cut: eu → us, us → eu. world.Heal() mends every way.
            What happened:
            """);
        error.Message.ShouldEndWith(
            """
            Seed 1. To replay: set PELAGO_SEED=1 in the environment, or begin with PelagoWorld.Create(1, "eu", "us").
            """);
        error.Seed.ShouldBe(1UL);
    }

    [Fact]
    public void Converged_RegionIsDown_SaysSo()
    {
        using var world = PelagoWorld.Create("eu", "us");
        world.Crash("us");

        Should.Throw<WorldException>(() => world.Converged(TimeSpan.FromSeconds(1))).Message.ShouldContain(
            """Region 'us' is down since 1.000 s. world.Restart("us") starts it.""");
    }

    [Fact]
    public void Converged_HandlerThatDoesNotCommute_ShowsBothStatesAndTheEvents()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");
        world.Cut("eu", "us");
        world.Cut("eu", "ap");
        world.Region("eu").Get<LastArrived>("w").Send(new Write("x"));
        world.Region("us").Get<LastArrived>("w").Send(new Write("y"));
        world.Run(TimeSpan.FromSeconds(1));
        world.Heal();

        var message = Should.Throw<WorldException>(() => world.Converged()).Message;

        message.ShouldStartWith("""
            Regions hold the same events of last-arrived 'w' and different states.
              eu: {"value":"y"}
              us: {"value":"x"}
              ap: {"value":"x"}
            They differ first in value: "y" in eu, "x" in us.
            Its events, in the total order:
              eu#1 written {"value":"x"} has seen nothing (clock +0 ms)
              us#1 written {"value":"y"} has seen nothing (clock
            """);
        message.ShouldContain("""
              in eu they arrived as eu#1, us#1
              in us they arrived as us#1, eu#1
            """);
        message.ShouldContain("With Custom, concurrent events are applied as they arrive");
    }

    [Fact]
    public void Converged_HandlerThatLooksBesideItsState_IsFound()
    {
        using var world = PelagoWorld.Create("eu");
        world.Region("eu").Get<Counting>("c").Send(new Write("x"));

        Should.Throw<WorldException>(() => world.Converged()).Message
            .ShouldStartWith("Region 'eu' folds counting 'c' again from its journal and comes to another state");
    }

    [Fact]
    public void Dispose_RegionsThatDiffer_IsAFailure()
    {
        var world = PelagoWorld.Create("eu", "us");
        world.Cut("eu", "us");
        world.Region("eu").Get<LastArrived>("w").Send(new Write("x"));
        world.Region("us").Get<LastArrived>("w").Send(new Write("y"));

        Should.Throw<WorldException>(world.Dispose).Message.ShouldStartWith("Regions hold the same events");
        world.Dispose(); // what has failed is not said twice
    }

    [Fact]
    public void Dispose_RegionsCutAndDown_MendsThemFirst()
    {
        var world = PelagoWorld.Create("eu", "us", "ap");
        world.Isolate("eu");
        world.Region("eu").Get<Till>("t").Send(new Pay(1));
        world.Crash("us");

        world.Dispose();

        world.Region("us").Get<Till>("t").Read().Money.ShouldBe(1);
    }

    [Fact]
    public void Dispose_ChecksTurnedOff_LeavesTheWorldAsItIs()
    {
        var world = PelagoWorld.Create("eu", "us");
        world.Cut("eu", "us");
        world.Region("eu").Get<LastArrived>("w").Send(new Write("x"));
        world.Region("us").Get<LastArrived>("w").Send(new Write("y"));
        world.ChecksAtEnd = false;

        Should.NotThrow(world.Dispose);
    }

    [Fact]
    public void Send_HandlerThrows_IsTheInnerException()
    {
        using var world = PelagoWorld.Create("eu");
        var entity = world.Region("eu").Get<Breaking>("b");

        var command = Should.Throw<WorldException>(() => entity.Send(new Write("command")));
        var written = Should.Throw<WorldException>(() => entity.Send(new Write("event")));

        command.InnerException.ShouldBeOfType<InvalidTimeZoneException>();
        command.Message.ShouldContain("the command's own fault");
        written.InnerException.ShouldBeOfType<InvalidTimeZoneException>();
        written.Message.ShouldContain("the event's own fault");
    }

    [Fact]
    public void Send_StateThatDoesNotSurviveItsJson_IsTold()
    {
        using var world = PelagoWorld.Create("eu");
        world.ChecksAtEnd = false;

        Should.Throw<WorldException>(() => world.Region("eu").Get<Lossy>("l").Read()).Message
            .ShouldContain("The state of 'lossy' does not survive its own JSON.");
    }

    [Fact]
    public void Send_CommandIsRefused_ThrowsItsFailure()
    {
        using var world = PelagoWorld.Create("eu");

        Should.Throw<PelagoException>(() => world.Region("eu").Get<Till>("t").Send(new Pay(-1)))
            .Failure.Message.ShouldBe("Not enough money.");
    }

    [Fact]
    public void Explore_TestFailsWithOneSeed_NamesTheSeed()
    {
        var tried = new List<ulong>();

        var error = Should.Throw<WorldException>(() => PelagoWorld.Explore(10, world =>
        {
            tried.Add(world.Seed);
            world.Seed.ShouldNotBe(3UL);
        }, "eu", "us"));

        tried.ShouldBe([1UL, 2, 3]);
        error.Seed.ShouldBe(3UL);
        error.InnerException.ShouldBeOfType<ShouldAssertException>();
        error.Message.ShouldEndWith(
            """
            Seed 3. To replay: set PELAGO_SEED=3 in the environment, or begin with PelagoWorld.Create(3, "eu", "us").
            """);
    }

    [Fact]
    public void Region_ThatIsNotThere_NamesThoseThatAre()
    {
        using var world = PelagoWorld.Create("eu", "us");

        Should.Throw<TestKitException>(() => world.Region("uk")).Message
            .ShouldBe("There is no region 'uk' in this world. Regions: eu, us.");
        Should.Throw<TestKitException>(() => world.Cut("eu", "uk"));
        Should.Throw<TestKitException>(() => world.Cut("eu", "eu"));
        Should.Throw<TestKitException>(() => world.Crash("uk"));
    }

    [Fact]
    public void Create_BadRegions_SaysWhich()
    {
        Should.Throw<TestKitException>(() => PelagoWorld.Create());
        Should.Throw<TestKitException>(() => PelagoWorld.Create("eu", "eu"));
        Should.Throw<TestKitException>(() => PelagoWorld.Create("EU")).Message.ShouldContain("region");
    }
}
