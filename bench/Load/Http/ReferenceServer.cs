using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Pelago.Bench.Load;

/// <summary>The reference of P3: an empty Kestrel endpoint that reads the same JSON and answers JSON of the same
/// shape.</summary>
public static class ReferenceServer
{
    /// <summary>Serves until the process ends.</summary>
    public static async Task<int> RunAsync(string url)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        builder.Services.ConfigureHttpJsonOptions(
            json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, ReferenceJson.Default));
        var app = builder.Build();
        app.MapPost("/carts/{id}/items", (string id, Line line) => TypedResults.Ok(new Lines(id, [line])));
        await app.RunAsync();
        return 0;
    }

    /// <summary>What comes in.</summary>
    public sealed record Line(string Sku, int Quantity);

    /// <summary>What goes out.</summary>
    public sealed record Lines(string Id, Line[] Items);
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ReferenceServer.Line))]
[JsonSerializable(typeof(ReferenceServer.Lines))]
internal sealed partial class ReferenceJson : JsonSerializerContext;
