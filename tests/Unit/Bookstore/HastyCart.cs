using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Pelago.Replication;

namespace Pelago.Tests.Unit.Bookstore;

/// <summary>A cart as it is written in a hurry: quantities are set as they arrive. Wrong, because concurrent events
/// arrive in another order elsewhere.</summary>
internal sealed record HastyCart(ImmutableSortedDictionary<string, int> Items) : IEntity<HastyCart>
{
    public static void Define(EntityDefinition<HastyCart> entity) => entity
        .Named("hasty-cart").Merge(MergeStrategy.Custom)
        .State(_ => new HastyCart(ImmutableSortedDictionary<string, int>.Empty), HastyJson.Default.HastyCart)
        .Event("quantity-set", HastyJson.Default.QuantitySet, (cart, e)
            => new HastyCart(cart.Items.SetItem(e.Sku, e.Quantity)))
        .Command<SetQuantity, int>(HastyJson.Default.Int32, (_, command, _) => Effect
            .Persist(new QuantitySet(command.Sku, command.Quantity))
            .ThenReply<HastyCart, int>(cart => cart.Items[command.Sku]));
}

internal sealed record SetQuantity(string Sku, int Quantity) : ICommand<int>;

internal sealed record QuantitySet(string Sku, int Quantity);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(HastyCart))]
[JsonSerializable(typeof(QuantitySet))]
[JsonSerializable(typeof(int))]
internal sealed partial class HastyJson : JsonSerializerContext;
