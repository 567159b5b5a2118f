using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Pelago.Model;
using Pelago.Replication;

namespace Bookstore;

/// <summary>A shopping cart: concurrent changes are folded in one order everywhere, so two regions never disagree
/// about what is in it.</summary>
/// <param name="Items">Quantity by sku; never zero.</param>
public sealed record Cart(ImmutableSortedDictionary<string, int> Items) : IEntity<Cart>
{
    /// <summary>Most of one book in a cart.</summary>
    public const int MaxQuantity = 1_000;

    /// <summary>Most different books in a cart.</summary>
    public const int MaxItems = 200;

    private static readonly Cart Empty = new(ImmutableSortedDictionary.Create<string, int>(StringComparer.Ordinal));

    /// <inheritdoc />
    public static void Define(EntityDefinition<Cart> entity) => entity
        .Named("cart")
        .Merge(MergeStrategy.Ordered)
        .State(_ => Empty, CartJson.Default.Cart)
        .Event("item-added", 1, CartJson.Default.ItemAdded, (cart, e, _) => cart.Apply(e))
        .Event("item-removed", CartJson.Default.ItemRemoved, (cart, e) => new Cart(cart.Ordinal.Remove(e.Sku)))
        .Command<AddItem, CartView>(CartJson.Default.CartView, (cart, command, context)
            => cart.Handle(command, context))
        .Command<RemoveItem, CartView>(CartJson.Default.CartView, (cart, command, context)
            => cart.Handle(command, context));

    /// <summary>What a client sees.</summary>
    public CartView View(string id) => new(id, [.. Ordinal.Select(i => new CartItem(i.Key, i.Value))]);

    private Effect<Cart, CartView> Handle(AddItem command, CommandContext context)
    {
        if (Refusal(command.Sku, command.Quantity) is { } rule)
            return Effect.Reject(ErrorCodes.InvalidField, $"The cart {rule}.", "Remove something first.", "quantity");
        return Effect.Persist(new ItemAdded(command.Sku, command.Quantity))
            .ThenReply<Cart, CartView>(cart => cart.View(context.EntityId));
    }

    private Effect<Cart, CartView> Handle(RemoveItem command, CommandContext context)
        => Ordinal.ContainsKey(command.Sku)
            ? Effect.Persist(new ItemRemoved(command.Sku)).ThenReply<Cart,
                CartView>(cart => cart.View(context.EntityId))
            : Effect.Reply<Cart, CartView>(View(context.EntityId));

    // Two regions may each add what fits and together add too much: the one that comes later in the total order is
    // refused by the fold, in every region alike, and entered in the conflict ledger.
    private Folded Apply(ItemAdded e) => Refusal(e.Sku, e.Quantity) is { } rule
        ? Folded.Refuse($"the cart {rule}")
        : Folded.To(new Cart(Ordinal.SetItem(e.Sku, Ordinal.GetValueOrDefault(e.Sku) + e.Quantity)));

    private string? Refusal(string sku, int quantity)
    {
        var present = Ordinal.GetValueOrDefault(sku);
        if (present + quantity > MaxQuantity)
            return $"would hold more than {MaxQuantity} of '{sku}'";
        return present == 0 && Ordinal.Count >= MaxItems ? $"holds {MaxItems} different books already" : null;
    }

    // A state read back from its JSON form has the default order of keys, which depends on culture.
    private ImmutableSortedDictionary<string, int> Ordinal => Items.KeyComparer == StringComparer.Ordinal
        ? Items : Items.WithComparers(StringComparer.Ordinal);
}

/// <summary>Puts books into the cart.</summary>
public sealed record AddItem(string Sku, int Quantity) : ICommand<CartView>;

/// <summary>Takes a book out of the cart; nothing happens when it is not there.</summary>
public sealed record RemoveItem(string Sku) : ICommand<CartView>;

/// <summary>Event: books were put into the cart.</summary>
public sealed record ItemAdded(string Sku, int Quantity);

/// <summary>Event: a book was taken out.</summary>
public sealed record ItemRemoved(string Sku);

/// <summary>A cart as its client sees it.</summary>
public sealed record CartView(string Id, IReadOnlyList<CartItem> Items);

/// <summary>One line of a cart.</summary>
public sealed record CartItem(string Sku, int Quantity);

/// <summary>JSON of carts.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Cart))]
[JsonSerializable(typeof(ItemAdded))]
[JsonSerializable(typeof(ItemRemoved))]
[JsonSerializable(typeof(CartView))]
internal sealed partial class CartJson : JsonSerializerContext;
