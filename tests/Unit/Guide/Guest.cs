using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pelago.Replication;
using Pelago.Sdk;

namespace Pelago.Tests.Unit.Guide;

// The code of docs/guide/personal-data.md: a test of tests/Tidy compares it with the page.

public sealed record Guest(Sealed<Address>? Address, int Orders) : IEntity<Guest>
{
    public static void Define(EntityDefinition<Guest> entity) => entity
        .Named("guest")
        .Merge(MergeStrategy.Ordered)
        .State(_ => new Guest(null, 0), GuestJson.Default.Guest)
        .Event("moved", GuestJson.Default.Moved, (guest, e) => guest with { Address = e.Address })
        .Event("ordered", GuestJson.Default.Ordered, (guest, _) => guest with { Orders = guest.Orders + 1 })
        .Command<Move, string>(GuestJson.Default.String, (_, move, context) => Effect
            .Persist(new Moved(context.Seal(
                context.EntityId, "address", move.To, GuestJson.Default.Address)))
            .ThenReply<Guest, string>(_ => "moved"))
        .Command<PlaceOrder, string>(GuestJson.Default.String, (guest, _, context) =>
        {
            if (guest.Address is not { } sealedAddress
                || !context.Open(sealedAddress, GuestJson.Default.Address).TryGet(out var address))
                return Effect.Reject(ShopErrors.NoAddress, "We do not know where to send it.");
            return Effect.Persist(new Ordered()).ThenReply<Guest, string>(_ => $"goes to {address.Town}");
        });
}

public sealed record Moved(Sealed<Address> Address);

public sealed record Address(string Street, string Town);

public sealed record Ordered;

public sealed record Move(Address To) : ICommand<string>;

public sealed record PlaceOrder : ICommand<string>;

internal static class ShopErrors
{
    public static readonly Model.ErrorCode NoAddress = new("SHOP1", "No address", 5, 409);
}

internal static class GuestEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/guests/{id}/town", async (string id, IEntities entities, CancellationToken ct) =>
            await entities.Get<Guest>(id).Read((guest, context) => guest.Address is not { } address ? "none"
                : context.Open(address, GuestJson.Default.Address).Match(a => a.Town, why => $"not shown: {why}"), ct));

        app.MapDelete("/guests/{id}/personal", async (string id, IEntities entities, CancellationToken ct) =>
            await entities.ForgetSubjectAsync(id, ct) ? Results.NoContent() : Results.NotFound());
    }
}

[JsonSerializable(typeof(Guest))]
[JsonSerializable(typeof(Moved))]
[JsonSerializable(typeof(Ordered))]
[JsonSerializable(typeof(Address))]
[JsonSerializable(typeof(string))]
internal sealed partial class GuestJson : JsonSerializerContext;
