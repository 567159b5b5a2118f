using Pelago.Sdk;

namespace Bookstore;

/// <summary><c>/customers</c>.</summary>
internal static class CustomerEndpoints
{
    private const int MaxText = 200;

    public static void MapCustomers(this IEndpointRouteBuilder app)
    {
        app.MapPut("/customers/{id}/address", async (string id, HttpContext http, IEntities entities,
            CancellationToken ct) =>
        {
            using var fields = await RequestFields.ReadAsync(http, ct);
            var command = new Move(new Address(
                fields.Text("name", 1, MaxText), fields.Text("street", 1, MaxText), fields.Text("town", 1, MaxText)));
            fields.ThrowIfInvalid();
            return TypedResults.Ok(await entities.Get<Customer>(id).Send(command, ct));
        });
        app.MapGet("/customers/{id}/address", async (string id, IEntities entities, CancellationToken ct)
            => TypedResults.Ok(await entities.Get<Customer>(id).Read(
                (customer, context) => customer.View(id, context), ct)));
    }
}
