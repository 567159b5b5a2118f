using Pelago.Model;
using Pelago.Sdk;

namespace Bookstore;

/// <summary><c>/books</c>.</summary>
internal static class BookEndpoints
{
    private const int MaxTitle = 500;
    private const int MaxAuthor = 500;
    private const int MaxDescription = 100_000;
    private const int MaxVersion = 256;

    public static void MapBooks(this IEndpointRouteBuilder app)
    {
        app.MapPut("/books/{sku}", async (string sku, HttpContext http, IEntities entities, CancellationToken ct) =>
        {
            Fields.CheckSku(sku);
            using var fields = await RequestFields.ReadAsync(http, ct);
            var command = new WriteDetails(fields.Text("title", 1, MaxTitle), fields.Text("author", 0, MaxAuthor),
                fields.OptionalText("description", 0, MaxDescription), fields.OptionalText("version", 0, MaxVersion));
            fields.ThrowIfInvalid();
            return TypedResults.Ok(await entities.Get<Book>(sku).Send(command, ct));
        });
        app.MapGet("/books/{sku}", async (string sku, IEntities entities, CancellationToken ct) =>
        {
            Fields.CheckSku(sku);
            var book = await entities.Get<Book>(sku).Read(ct);
            if (!book.Exists)
                throw NoSuchBook(sku);
            var stock = await entities.Get<Stock>(sku).Read(s => s.Count.Value, ct);
            var view = book.View(sku);
            return TypedResults.Ok(
                new BookWithStock(sku, view.Title, view.Author, view.Description, view.Version, stock));
        });
        app.MapPost("/books/{sku}/stock", async (string sku, HttpContext http, IEntities entities,
            CancellationToken ct) =>
        {
            Fields.CheckSku(sku);
            using var fields = await RequestFields.ReadAsync(http, ct);
            var command = new ChangeStock(fields.Number("delta", -Stock.MaxDelta, Stock.MaxDelta));
            fields.ThrowIfInvalid();
            return TypedResults.Ok(await entities.Get<Stock>(sku).Send(command, ct));
        });
    }

    private static PelagoException NoSuchBook(string sku) => new Failure(
        ErrorCodes.NoSuchAddress, $"There is no book '{sku}'.", "Write it with PUT first.").ToException();
}
