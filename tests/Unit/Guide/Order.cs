using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using Pelago.Replication;

namespace Pelago.Tests.Unit.Guide;

// The code of docs/guide/final-effects.md: a test of tests/Tidy compares it with the page.

public sealed record Order(int Cents) : IEntity<Order>
{
    public static void Define(EntityDefinition<Order> entity) => entity
        .Named("order")
        .Merge(MergeStrategy.Ordered)
        .State(_ => new Order(0), OrderJson.Default.Order)
        .Event("placed", 1, OrderJson.Default.Placed, (order, placed, _) => order.Cents > 0
            ? Folded.Refuse("it was placed before")
            : Folded.To(new Order(placed.Cents)))
        .Command<Place, int>(OrderJson.Default.Int32, (_, place, _) => Effect
            .Persist(new Placed(place.Cents)).ThenReply<Order, int>(order => order.Cents))
        .Final<Placed>("charge", async (placed, final, ct) =>
        {
            if (final.Verdict == FinalVerdict.Counted)
                await final.Services.GetRequiredService<IPayments>().ChargeAsync(final.Key, placed.Cents, ct);
        })
        .Final<Placed>("ship", async (_, final, ct) =>
        {
            if (final.Verdict == FinalVerdict.Counted)
                await final.SendAsync<Shipment, int>(final.EntityId, new Ship(), ct);
        });
}

public sealed record Place(int Cents) : ICommand<int>;

public sealed record Placed(int Cents);

/// <summary>How often something was sent.</summary>
public sealed record Shipment(int Parcels) : IEntity<Shipment>
{
    public static void Define(EntityDefinition<Shipment> entity) => entity
        .Named("shipment")
        .Merge(MergeStrategy.Ordered)
        .State(_ => new Shipment(0), OrderJson.Default.Shipment)
        .Event("shipped", OrderJson.Default.Shipped, (shipment, _) => new Shipment(shipment.Parcels + 1))
        .Command<Ship, int>(OrderJson.Default.Int32, (_, _, _) => Effect
            .Persist(new Shipped()).ThenReply<Shipment, int>(shipment => shipment.Parcels));
}

public sealed record Ship : ICommand<int>;

public sealed record Shipped;

/// <summary>Somebody else's service.</summary>
public interface IPayments
{
    ValueTask ChargeAsync(string idempotencyKey, int cents, CancellationToken cancellationToken);
}

[JsonSerializable(typeof(Order))]
[JsonSerializable(typeof(Placed))]
[JsonSerializable(typeof(Shipment))]
[JsonSerializable(typeof(Shipped))]
[JsonSerializable(typeof(int))]
internal sealed partial class OrderJson : JsonSerializerContext;
