using System.Text.Json;
using System.Text.Json.Nodes;
using Pelago.Model;
using YamlDotNet.Serialization;

namespace Pelago.Cli;

/// <summary>Values of <c>-o</c>.</summary>
internal enum OutputFormat
{
    /// <summary>Columns for people.</summary>
    Table,

    /// <summary>More columns.</summary>
    Wide,

    /// <summary>The stable form for scripts.</summary>
    Json,

    /// <summary>The same as YAML.</summary>
    Yaml,

    /// <summary>Names only, one a line.</summary>
    Name,
}

/// <summary>Writes documents for scripts.</summary>
internal static class Formats
{
    private static readonly JsonSerializerOptions Options = new(WorldJson.Options)
    {
        // Written to a terminal and never into HTML.
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>JSON, two spaces, camel case.</summary>
    public static string Json<T>(T document) => JsonSerializer.Serialize(document, Options);

    /// <summary>YAML of the same document.</summary>
    public static string Yaml<T>(T document)
        => new SerializerBuilder().Build()
            .Serialize(Plain(JsonSerializer.SerializeToNode(document, Options))!).TrimEnd();

    private static object? Plain(JsonNode? node) => node switch
    {
        JsonObject members => members.ToDictionary(member => member.Key, member => Plain(member.Value)),
        JsonArray items => items.Select(Plain).ToList(),
        JsonValue value => value.GetValueKind() switch
        {
            JsonValueKind.Number => value.TryGetValue<long>(out var whole) ? whole : value.GetValue<double>(),
            JsonValueKind.True or JsonValueKind.False => value.GetValue<bool>(),
            _ => value.ToString(),
        },
        _ => null,
    };
}
