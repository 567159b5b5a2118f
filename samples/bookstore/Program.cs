using Bookstore;
using Pelago.Sdk;

var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
builder.AddPelago(p => p.Entity<Cart>().Entity<Book>().Entity<Stock>().Entity<Customer>());
builder.Services.ConfigureHttpJsonOptions(json =>
{
    json.SerializerOptions.TypeInfoResolverChain.Insert(0, CartJson.Default);
    json.SerializerOptions.TypeInfoResolverChain.Insert(0, BookJson.Default);
    json.SerializerOptions.TypeInfoResolverChain.Insert(0, CustomerJson.Default);
});

var app = builder.Build();
app.MapGet("/healthz", () => Results.Ok());
app.MapCarts();
app.MapBooks();
app.MapCustomers();
await app.RunAsync();
