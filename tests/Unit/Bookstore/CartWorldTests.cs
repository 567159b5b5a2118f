using Bookstore;
using Pelago.Sdk.Testing;

namespace Pelago.Tests.Unit.Bookstore;

/// <summary>The bookstore's entities in several regions, as its developers test them.</summary>
public sealed class CartWorldTests
{
    private static readonly string[] Regions = ["us-east-1", "eu-west-1", "ap-southeast-1"];

    [Fact]
    public void Carts_FilledInThreeRegionsDuringAPartition_HoldEverythingAfterwards()
    {
        using var world = PelagoWorld.Create(Regions);
        world.Region("us-east-1").Get<Cart>("c1").Send(new AddItem("moby-dick", 1));
        world.Converged();

        world.Cut("us-east-1", "eu-west-1");
        world.Isolate("ap-southeast-1");
        world.Region("us-east-1").Get<Cart>("c1").Send(new AddItem("emma", 2));
        world.Region("eu-west-1").Get<Cart>("c1").Send(new RemoveItem("moby-dick"));
        world.Region("ap-southeast-1").Get<Cart>("c1").Send(new AddItem("dracula", 3)).Items.Count.ShouldBe(2);
        world.Heal();
        world.Converged();

        foreach (var region in world.Regions)
            region.Get<Cart>("c1").Read().View("c1").Items.ShouldBe([new("dracula", 3), new("emma", 2)]);
    }

    [Fact]
    public void Carts_OverfilledByTwoRegionsTogether_KeepWhatCameFirstAndSaySo()
    {
        using var world = PelagoWorld.Create(Regions);
        world.Isolate("eu-west-1");
        world.Region("us-east-1").Get<Cart>("c1").Send(new AddItem("emma", Cart.MaxQuantity));
        world.Run(TimeSpan.FromMilliseconds(10));
        world.Region("eu-west-1").Get<Cart>("c1").Send(new AddItem("emma", 1));
        world.Heal();
        world.Converged();

        foreach (var region in world.Regions)
        {
            region.Get<Cart>("c1").Read().Items["emma"].ShouldBe(Cart.MaxQuantity);
            region.Conflicts.ShouldHaveSingleItem().Reason.ShouldBe("the cart would hold more than 1000 of 'emma'");
        }
    }

    [Fact]
    public void Cart_ThatKeepsWhatArrivesLast_IsCaught()
    {
        var world = PelagoWorld.Create(Regions);
        world.Cut("us-east-1", "eu-west-1");
        world.Isolate("ap-southeast-1");
        world.Region("us-east-1").Get<HastyCart>("c1").Send(new SetQuantity("emma", 1));
        world.Region("eu-west-1").Get<HastyCart>("c1").Send(new SetQuantity("emma", 2));

        Should.Throw<WorldException>(world.Dispose).Message.ShouldContain(
            "They differ first in items.emma: 2 in us-east-1, 1 in eu-west-1.");
    }

    [Fact]
    public void Stock_ChangedEverywhereInAnyWeather_IsTheExactSum()
        => PelagoWorld.Explore(5, world =>
        {
            world.Storm(TimeSpan.FromSeconds(10), WorldFaults.All & ~WorldFaults.Crashes & ~WorldFaults.Restarts);
            for (var i = 0; i < 30; i++)
            {
                world.Run(TimeSpan.FromMilliseconds(300));
                world.Regions[i % 3].Get<Stock>("emma").Send(new ChangeStock(i - 10));
            }
            world.Heal();
            world.Converged();
            world.Regions[0].Get<Stock>("emma").Read().Count.Value.ShouldBe(Enumerable.Range(-10, 30).Sum());
        }, Regions);
}
