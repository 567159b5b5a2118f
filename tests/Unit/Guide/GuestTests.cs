using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Sdk.Testing;

namespace Pelago.Tests.Unit.Guide;

/// <summary>What docs/guide/personal-data.md says of its example.</summary>
public sealed class GuestTests
{
    private static readonly Address Home = new("Rue 1", "Lyon");

    [Fact]
    public void Handlers_InAUnitTest_SealAndOpen()
    {
        var guest = new EntityTest<Guest>("4711");
        var moved = guest.When(new Move(Home)).Events.ShouldHaveSingleItem().ShouldBeOfType<Moved>();

        (moved.Address.Subject, moved.Address.Field).ShouldBe(("4711", "address"));
        guest.Query((state, context) => context.Open(state.Address!, GuestJson.Default.Address))
            .TryGet(out var address).ShouldBeTrue();
        address.ShouldBe(Home);
        guest.When(new PlaceOrder()).Reply.ShouldBe("goes to Lyon");
    }

    [Fact]
    public void Handlers_KeyIsNotThere_HaveToSayWhatItMeans()
    {
        var guest = new EntityTest<Guest>("4711");
        guest.When(new Move(Home));
        guest.Subjects.TakeKeyAway("4711");
        guest.When(new PlaceOrder()).Rejection!.Error.ShouldBe(ShopErrors.NoAddress);

        var forgotten = new EntityTest<Guest>("4711");
        forgotten.When(new Move(Home));
        forgotten.Subjects.Forget("4711");
        forgotten.Query((state, context) => context.Open(state.Address!, GuestJson.Default.Address).ToString())
            .ShouldBe(nameof(Unreadable.Forgotten));
        Should.Throw<TestKitException>(() => forgotten.When(new Move(Home)));
    }

    [Fact]
    public void Guest_InAWorld_IsForgottenInEveryRegion()
    {
        using var world = PelagoWorld.Create("eu", "us");
        world.Region("eu").Get<Guest>("4711").Send(new Move(Home));
        world.Converged();
        world.RunUntil(() => world.Region("us").Get<Guest>("4711").TrySend(new PlaceOrder()).Failure is null,
            TimeSpan.FromSeconds(10));

        world.Region("us").Forget("4711");
        world.Converged();

        world.Region("eu").Get<Guest>("4711").Query((state, context)
            => context.Open(state.Address!, GuestJson.Default.Address).ToString())
            .ShouldBe(nameof(Unreadable.Forgotten));
    }

    [Fact]
    public void Command_RepeatedWithItsKey_IsToldThatItWasDoneAndNothingPersonalOfItsReply()
    {
        using var world = PelagoWorld.Create("eu", "us");
        var guest = world.Region("eu").Get<Guest>("4711");
        RequestOptions move = new() { IdempotencyKey = "move" }, order = new() { IdempotencyKey = "order" };
        guest.Send(new Move(Home), move).ShouldBe("moved");
        guest.Send(new PlaceOrder(), order).ShouldBe("goes to Lyon");
        guest.TrySend(new PlaceOrder(), order).Failure!.Error.ShouldBe(ErrorCodes.AlreadyDone);

        world.Region("us").Forget("4711");
        world.Converged();

        guest.TrySend(new PlaceOrder(), order).Failure!.Error.ShouldBe(ErrorCodes.AlreadyDone);
        guest.TrySend(new Move(Home), move).Failure!.Error.ShouldBe(ErrorCodes.AlreadyDone);
        guest.Read().Orders.ShouldBe(1);
    }

    [Fact]
    public void Context_UsedAfterItsHandlerHasReturned_SaysSo()
    {
        using var world = PelagoWorld.Create("eu");
        QueryContext? kept = null;
        var guest = world.Region("eu").Get<Guest>("4711");
        guest.Send(new Move(Home));
        var member = guest.Query((state, context) =>
        {
            kept = context;
            return state.Address!;
        });

        Should.Throw<InvalidOperationException>(() => kept!.Open(member, GuestJson.Default.Address))
            .Message.ShouldContain("while a handler runs");
    }
}
