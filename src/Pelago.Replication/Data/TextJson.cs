using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pelago.Replication;

/// <summary>A value as its text form in JSON.</summary>
/// <param name="parse">Reads the text form; throws <see cref="FormatException"/> when it is something else.</param>
public abstract class TextJson<T>(Func<string, T> parse) : JsonConverter<T> where T : struct
{
    /// <inheritdoc />
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        try
        {
            return parse(reader.GetString() ?? "");
        }
        catch (FormatException wrong)
        {
            throw new JsonException(wrong.Message, wrong);
        }
    }

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
        => writer.WriteStringValue(value.ToString());
}
