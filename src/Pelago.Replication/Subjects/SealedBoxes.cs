using System.Text.Json;

namespace Pelago.Replication;

/// <summary>Finds the personal members in an event or a state that is JSON, without knowing its type: whatever a
/// <see cref="Sealed{T}"/> has been written as.</summary>
internal static class SealedBoxes
{
    /// <summary>Adds what is found; the list is made for the first one.</summary>
    public static void Find(ReadOnlySpan<byte> json, ref List<SealedBox>? found)
    {
        if (json.IndexOf("\"box\""u8) < 0)
            return; // of nearly all events this is all that it costs
        var reader = new Utf8JsonReader(json);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("box"u8) && reader.Read()
                    && reader.TokenType == JsonTokenType.String && reader.TryGetBytesFromBase64(out var bytes)
                    && SealedBox.TryRead(bytes, out var box))
                {
                    (found ??= []).Add(box);
                }
            }
        }
        catch (JsonException)
        {
            // Another form than JSON, in which nobody can look for members.
        }
    }
}
