using Bookstore;
using Pelago.Sdk;

var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
builder.AddPelago(p => p.Entity<Cart>().Entity<Book>().Entity<Stock>());
builder.Services.ConfigureHttpJsonOptions(json =>
{
    json.SerializerOptions.TypeInfoResolverChain.Insert(0, CartJson.Default);
    json.SerializerOptions.TypeInfoResolverChain.Insert(0, BookJson.Default);
});

var app = builder.Build();
app.MapGet("/healthz", () => Results.Ok());
app.MapCarts();
app.MapBooks();
await app.RunAsync();
