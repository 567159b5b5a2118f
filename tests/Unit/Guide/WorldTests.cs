using Bookstore;
using Pelago.Entities;
using Pelago.Model;
using Pelago.Sdk.Testing;

namespace Pelago.Tests.Unit.Guide;

// The code of docs/guide/testing.md: a test of tests/Tidy compares it with the page.

public sealed class WorldTests
{
    [Fact]
    public void Carts_FilledDuringACut_HoldEverythingAfterwards()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");

        world.Cut("eu", "us");
        world.Isolate("ap");
        world.Region("eu").Get<Cart>("c1").Send(new AddItem("moby-dick", 1));
        world.Region("us").Get<Cart>("c1").Send(new AddItem("emma", 2));
        world.Region("ap").Get<Cart>("c1").Send(new AddItem("emma", 1));
        world.Heal();
        world.Converged();

        world.Region("ap").Get<Cart>("c1").Read().Items["emma"].ShouldBe(3);
    }

    [Fact]
    public void Carts_FilledAtTheSameMoment_HoldBoth()
    {
        using var world = PelagoWorld.Create("eu", "us");

        var here = world.Region("eu").Get<Cart>("c1").Begin(new AddItem("moby-dick", 1));
        var there = world.Region("us").Get<Cart>("c1").Begin(new AddItem("emma", 1));

        here.Value.Items.Count.ShouldBe(1);
        there.Value.Items.Count.ShouldBe(1);
        world.Converged();
        world.Region("eu").Get<Cart>("c1").Read().Items.Count.ShouldBe(2);
    }

    [Fact]
    public void Client_MovesToAnotherRegion_ReadsItsOwnWrite()
    {
        using var world = PelagoWorld.Create("eu", "us");
        var ada = world.Client();

        ada.At("eu").Get<Cart>("c1").Send(new AddItem("emma", 1));
        ada.At("us").Get<Cart>("c1").Read().Items["emma"].ShouldBe(1);

        world.Cut("eu", "us");
        ada.At("eu").Get<Cart>("c1").Send(new AddItem("emma", 1));
        var reply = ada.At("us").Get<Cart>("c1").TryRead(new() { Deadline = TimeSpan.FromSeconds(2) });
        reply.Failure!.Error.ShouldBe(ErrorCodes.TokenNotReached);
    }

    [Fact]
    public void Order_RetriedElsewhereAfterACrash_CountsOnce()
    {
        using var world = PelagoWorld.Create("eu", "us");
        RequestOptions once = new() { IdempotencyKey = "order-7" };

        var pending = world.Region("eu").Get<Cart>("c1").Begin(new AddItem("emma", 1), once);
        world.Run(TimeSpan.FromMilliseconds(4));
        world.Crash("eu");
        pending.Reply.Failure.ShouldNotBeNull();
        world.Region("us").Get<Cart>("c1").Send(new AddItem("emma", 1), once);

        world.Restart("eu");
        world.Converged();
        world.Region("eu").Get<Cart>("c1").Read().Items["emma"].ShouldBe(1);
    }

    [Fact]
    public void Carts_InAnyWeather_HoldWhatWasAcknowledged()
    {
        PelagoWorld.Explore(seeds: 5, world =>
        {
            world.Storm(TimeSpan.FromSeconds(10));
            var acknowledged = 0;
            for (var i = 0; i < 30; i++)
            {
                world.Run(TimeSpan.FromMilliseconds(300));
                var cart = world.Regions[i % 3].Get<Cart>("c1");
                if (cart.TrySend(new AddItem("emma", 1)).Failure is null)
                    acknowledged++;
            }
            world.Heal();
            world.Converged();
            world.Region("eu").Get<Cart>("c1").Read().Items["emma"].ShouldBeGreaterThanOrEqualTo(acknowledged);
        }, "eu", "us", "ap");
    }
}
