using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pelago.Model;

/// <summary>How records of a local world are written in files and on its control interfaces: camel case, indented,
/// unknown members refused, so that a typo or a file of another version is an error and not a silent default.</summary>
public static class WorldJson
{
    /// <summary>The options; immutable.</summary>
    public static JsonSerializerOptions Options { get; } = Create();

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            WriteIndented = true,
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            NumberHandling = JsonNumberHandling.Strict,
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
