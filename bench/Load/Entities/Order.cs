using System.Text.Json.Serialization;
using Pelago.Replication;

namespace Pelago.Bench.Load;

/// <summary>An entity whose event has a payload of some 300 bytes, so that a stored row is about as large as a row
/// of the reference.</summary>
public sealed record Order(long Count, string Last) : IEntity<Order>
{
    private static readonly string Padding = new('x', 260);

    /// <inheritdoc />
    public static void Define(EntityDefinition<Order> entity) => entity
        .Named("order")
        .Merge(MergeStrategy.Ordered)
        .State(_ => new Order(0, ""), OrderJson.Default.Order)
        .Event("line-added", OrderJson.Default.LineAdded, (order, e) => new Order(order.Count + 1, e.Sku))
        .Command<AddLine, long>(OrderJson.Default.Int64, (_, command, _) => Effect
            .Persist(new LineAdded(command.Sku, 1, Padding)).ThenReply<Order, long>(order => order.Count));
}

/// <summary>Adds a line.</summary>
public sealed record AddLine(string Sku) : ICommand<long>;

/// <summary>Event: a line was added.</summary>
public sealed record LineAdded(string Sku, int Quantity, string Note);

[JsonSerializable(typeof(Order))]
[JsonSerializable(typeof(LineAdded))]
[JsonSerializable(typeof(long))]
internal sealed partial class OrderJson : JsonSerializerContext;
