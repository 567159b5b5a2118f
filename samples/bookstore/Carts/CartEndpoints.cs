using Pelago.Sdk;

namespace Bookstore;

/// <summary><c>/carts</c>.</summary>
internal static class CartEndpoints
{
    public static void MapCarts(this IEndpointRouteBuilder app)
    {
        app.MapPost("/carts/{id}/items", async (string id, HttpContext http, IEntities entities,
            CancellationToken ct) =>
        {
            using var fields = await RequestFields.ReadAsync(http, ct);
            var command = new AddItem(fields.Sku(), (int)fields.Number("quantity", 1, Cart.MaxQuantity));
            fields.ThrowIfInvalid();
            return TypedResults.Ok(await entities.Get<Cart>(id).Send(command, ct));
        });
        app.MapDelete("/carts/{id}/items/{sku}", async (string id, string sku, IEntities entities, CancellationToken ct)
            => TypedResults.Ok(await entities.Get<Cart>(id).Send(new RemoveItem(Fields.CheckSku(sku)), ct)));
        app.MapGet("/carts/{id}", async (string id, IEntities entities, CancellationToken ct)
            => TypedResults.Ok(await entities.Get<Cart>(id).Read(cart => cart.View(id), ct)));
    }
}
