using Pelago.Model;
using Pelago.Sdk.Testing;

namespace Pelago.Tests.Unit.Testing;

public sealed class EntityTestTests
{
    [Fact]
    public void When_CommandPersists_ShowsEventsReplyAndState()
    {
        var till = new EntityTest<Till>().Given(new Paid(10), new Paid(5));

        var result = till.When(new Pay(-3));

        result.Events.ShouldBe([new Paid(-3)]);
        result.Reply.ShouldBe(12);
        result.Rejection.ShouldBeNull();
        result.State.ShouldBe(new Till(12));
        till.State.ShouldBe(new Till(12));
    }

    [Fact]
    public void When_CommandIsRejected_ChangesNothing()
    {
        var till = new EntityTest<Till>().Given(new Paid(10));

        var result = till.When(new Pay(-30));

        result.Rejection.ShouldNotBeNull().Error.ShouldBe(ErrorCodes.InvalidField);
        result.Events.ShouldBeEmpty();
        result.State.ShouldBe(new Till(10));
    }

    [Fact]
    public void When_HandlerPersistsWhatTheFoldRefuses_SaysSo()
        => Should.Throw<TestKitException>(() => new EntityTest<Till>().When(new Pay(-1, Careless: true)))
            .Message.ShouldContain("not enough money");

    [Fact]
    public void Given_EventThatTheFoldRefuses_IsListed()
    {
        var till = new EntityTest<Till>().Given(new Paid(1)).GivenFrom("eu", new Paid(-5));

        till.Refusals.ShouldBe(["paid: not enough money"]);
        till.State.ShouldBe(new Till(1));
    }

    [Fact]
    public void State_OfATypeThatHidesSomethingFromItsJson_IsWhatARestartWouldGive()
        => new EntityTest<Forgetful>().Given(new Written("abc"), new Written("d")).State.Sum.ShouldBe(0);

    [Fact]
    public void Given_StateThatReadsAnotherThanItWrites_IsNamed()
        => Should.Throw<TestKitException>(() => new EntityTest<Lossy>().Given(new Lossy(3)))
            .Message.ShouldContain("does not survive its own JSON");

    [Fact]
    public void When_NoHandler_SaysSo()
        => Should.Throw<TestKitException>(() => new EntityTest<Forgetful>().When(new Pay(1)))
            .Message.ShouldContain("no handler for Pay");

    [Fact]
    public void Given_HandlerThrows_SaysWhatItThrew()
    {
        var thrown = Should.Throw<TestKitException>(()
            => new EntityTest<Board>().Given(new BoardChanged("tag", null!)));

        thrown.Message.ShouldContain("is parked");
        thrown.InnerException.ShouldNotBeNull();
    }
}
