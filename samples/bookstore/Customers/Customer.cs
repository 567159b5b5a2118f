using System.Text.Json.Serialization;
using Pelago.Replication;

namespace Bookstore;

/// <summary>Where a customer's books go. The address is sealed under a key of the customer, so that it can be forgotten
/// in every region: <c>pelago subject erase bookstore ID</c>.</summary>
/// <param name="Address">Null before the first one was given.</param>
public sealed record Customer(Sealed<Address>? Address) : IEntity<Customer>
{
    private const string Field = "address";

    /// <inheritdoc />
    public static void Define(EntityDefinition<Customer> entity) => entity
        .Named("customer")
        .Merge(MergeStrategy.Ordered)
        .State(_ => new Customer(Address: null), CustomerJson.Default.Customer)
        .Event("moved", CustomerJson.Default.Moved, (_, e) => new Customer(e.Address))
        .Command<Move, CustomerView>(CustomerJson.Default.CustomerView, (_, command, context) => Effect
            .Persist(new Moved(context.Seal(context.EntityId, Field, command.To, CustomerJson.Default.Address)))
            .ThenReply<Customer, CustomerView>(_ => new CustomerView(context.EntityId, "Known", command.To)));

    /// <summary>What a client sees, as far as it can be read here.</summary>
    public CustomerView View(string id, QueryContext context)
        => Address is null ? new CustomerView(id, "None", null)
            : context.Open(Address, CustomerJson.Default.Address).Match(
                address => new CustomerView(id, "Known", address), why => new CustomerView(id, $"{why}", null));
}

/// <summary>An address.</summary>
public sealed record Address(string Name, string Street, string Town);

/// <summary>Gives a customer's address.</summary>
public sealed record Move(Address To) : ICommand<CustomerView>;

/// <summary>Event: the customer lives there now.</summary>
public sealed record Moved(Sealed<Address> Address);

/// <summary>A customer as the client sees it.</summary>
/// <param name="Id">The customer.</param>
/// <param name="State"><c>Known</c>, <c>None</c>, or why it cannot be read: <c>Forgotten</c>, <c>NoKey</c>.</param>
/// <param name="Address">The address, if it is known.</param>
public sealed record CustomerView(string Id, string State, Address? Address);

/// <summary>JSON of customers.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Customer))]
[JsonSerializable(typeof(Moved))]
[JsonSerializable(typeof(CustomerView))]
internal sealed partial class CustomerJson : JsonSerializerContext;
