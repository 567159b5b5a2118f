using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Tests.Unit.Guide;

namespace Pelago.Tests.Unit.Entities;

public sealed class FinalEffectTests
{
    private static readonly EntityTypes Types = new([EntityType.Of<Order>(), EntityType.Of<Shipment>()]);
    private readonly Payments payments = new();

    [Fact]
    public async Task Effect_ThatFails_RunsAgainUnderTheSameKeyAndItsCommandIsDoneOnce()
    {
        await using var region = await StartAsync(Types);
        payments.FailuresLeft = 4;
        await PlaceAsync(region, "a", 100);
        await PlaceAsync(region, "a", 200); // refused by the fold

        await Eventually.BeTrue(async () => await ParcelsAsync(region, "a") == 1, "the parcel");
        payments.Keys.Distinct().ShouldHaveSingleItem().ShouldEndWith("/1/charge");
        payments.Keys.Count.ShouldBe(5);
        payments.Charged.ShouldBe([100]);
        var alarm = (await region.Runtime.DescribeAsync(TestContext.Current.CancellationToken)).Alarms
            .Single(a => a.Kind == nameof(AlarmKind.EffectsStopped)).Texts.ShouldHaveSingleItem();
        alarm.ShouldEndWith(nameof(TimeoutException), customMessage: "what an exception says may be anything");
    }

    [Fact]
    public async Task Effect_ThatWasNotDoneAtTheStop_RunsAtTheNextStartAndAfterwardsNeverAgain()
    {
        await using var region = await StartAsync(Types);
        payments.FailuresLeft = int.MaxValue;
        await PlaceAsync(region, "a", 100);
        await Eventually.BeTrue(() => Task.FromResult(!payments.Keys.IsEmpty), "an attempt");
        await region.Runtime.DisposeAsync();
        payments.Charged.ShouldBeEmpty();

        payments.FailuresLeft = 0;
        await region.StartAgainAsync();
        await Eventually.BeTrue(async () => await ParcelsAsync(region, "a") == 1, "the parcel");
        await Eventually.BeTrue(async () => await MarkAsync(region) > 0, "the mark");
        await region.Runtime.DisposeAsync();
        await region.StartAgainAsync();
        await PlaceAsync(region, "b", 300);
        await Eventually.BeTrue(async () => await ParcelsAsync(region, "b") == 1, "the other parcel");

        payments.Charged.ShouldBe([100, 300]);
        payments.Keys.Distinct().Count().ShouldBe(2);
    }

    [Fact]
    public async Task Effect_DefinedLater_DoesNotRunForWhatWasWrittenBefore()
    {
        var plain = new EntityDefinition<Order>().Named("order").Merge(MergeStrategy.Ordered)
            .State(_ => new Order(0), OrderJson.Default.Order)
            .Event("placed", OrderJson.Default.Placed, (_, placed) => new Order(placed.Cents))
            .Command<Place, int>(OrderJson.Default.Int32, (_, place, _) => Effect
                .Persist(new Placed(place.Cents)).ThenReply<Order, int>(order => order.Cents))
            .Build();
        await using var region = await StartAsync(new EntityTypes([plain]));
        await PlaceAsync(region, "a", 100);
        await region.Runtime.DisposeAsync();
        region.Runs = Types;
        await region.StartAgainAsync();

        await PlaceAsync(region, "b", 300);
        await Eventually.BeTrue(async () => await ParcelsAsync(region, "b") == 1, "the parcel");

        payments.Charged.ShouldBe([300]);
        (await ParcelsAsync(region, "a")).ShouldBe(0);
    }

    [Fact]
    public void Build_EffectsThatCannotBe_AreMistakesThatAreAllNamed()
    {
        var definition = new EntityDefinition<Shipment>().Named("shipment").Merge(MergeStrategy.Ordered)
            .State(_ => new Shipment(0), OrderJson.Default.Shipment)
            .Event("shipped", OrderJson.Default.Shipped, (shipment, _) => shipment)
            .Final<Shipped>("tell", (_, _, _) => ValueTask.CompletedTask)
            .Final<Shipped>("tell", (_, _, _) => ValueTask.CompletedTask)
            .Final<Shipped>("Tell me", (_, _, _) => ValueTask.CompletedTask)
            .Final<Placed>("charge", (_, _, _) => ValueTask.CompletedTask);

        var message = Should.Throw<PelagoException>(definition.Build).Failure.Message;
        message.ShouldContain("effect 'tell' is defined twice");
        message.ShouldContain("effect name must begin");
        message.ShouldContain("Placed has an effect and is no event");
    }

    [Theory]
    [InlineData("a", "order/a/00000000-0000-0000-0000-00000000003c/eu/7/charge")]
    [InlineData("a b/c", "order/a%20b%2Fc/00000000-0000-0000-0000-00000000003c/eu/7/charge")]
    [InlineData("日本", "order/%E6%97%A5%E6%9C%AC/00000000-0000-0000-0000-00000000003c/eu/7/charge")]
    public void KeyOf_AnEvent_IsTheSameForEver(string id, string key)
        => FinalEffect.KeyOf(EventOf(id), "charge").ShouldBe(key);

    [Fact]
    public void KeyOf_ALongId_FitsAndDiffers()
    {
        var keys = (string[])[new('x', 255), new string('x', 254) + "y", new('é', 127)];
        var made = keys.Select(id => FinalEffect.KeyOf(EventOf(id), "charge")).ToArray();
        made.Distinct().Count().ShouldBe(3);
        made.ShouldAllBe(k => k.Length < 240 && k.StartsWith("final/") && k.All(c => c >= '!' && c <= '~'));
    }

    private static EventRecord EventOf(string id)
    {
        var origin = new Origin("eu", new Incarnation(60));
        return new EventRecord
        {
            Entity = new EntityKey("order", id), Origin = origin, Sequence = 7,
            Vector = VersionVector.Empty.With(origin, 7), Timestamp = new HybridTimestamp(1), PayloadName = "placed",
            Payload = default,
        };
    }

    private async Task<TestRegion> StartAsync(EntityTypes types)
    {
        var region = await TestRegion.StartAsync("eu", ["eu"], new NoPeers(), types: types);
        var services = new ServiceCollection().AddSingleton<IPayments>(payments).BuildServiceProvider();
        region.Adjust = options => options with { Services = services, EffectBackoffMilliseconds = 10 };
        await region.Runtime.DisposeAsync();
        await region.StartAgainAsync();
        return region;
    }

    private static async Task PlaceAsync(TestRegion region, string id, int cents)
    {
        var reply = await region.Runtime.SendAsync(region.Runtime.Types.Of<Order>(), id, new Place(cents),
            RequestOptions.Default, TestContext.Current.CancellationToken);
        (reply.Failure is null || reply.Failure.Error == ErrorCodes.CommandFailed).ShouldBeTrue();
    }

    private static async Task<int> ParcelsAsync(TestRegion region, string id) => (await region.Runtime.ReadAsync(
        region.Runtime.Types.Of<Shipment>(), id, view => ((Shipment)view.State).Parcels, RequestOptions.Default,
        TestContext.Current.CancellationToken)).ValueOrThrow();

    private static async Task<ulong> MarkAsync(TestRegion region)
    {
        var lane = new EntityKey("order", "a").Lane;
        return await region.Runtime.InspectAsync(
            (kernel, now) => kernel.Describe(now).Lanes[lane].EffectsThrough, TestContext.Current.CancellationToken);
    }

    private sealed class Payments : IPayments
    {
        public int FailuresLeft { get; set; }

        public ConcurrentQueue<string> Keys { get; } = [];

        public ImmutableList<int> Charged { get; private set; } = [];

        public ValueTask ChargeAsync(string idempotencyKey, int cents, CancellationToken cancellationToken)
        {
            Keys.Enqueue(idempotencyKey);
            if (FailuresLeft > 0)
            {
                FailuresLeft--;
                throw new TimeoutException("nobody answers");
            }
            Charged = Charged.Add(cents);
            return ValueTask.CompletedTask;
        }
    }
}
