using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Pelago.Replication;

/// <summary>Values as they are sealed: in JSON.</summary>
internal static class SealedValues
{
    public static Sealed<T> Seal<T>(
        ISealing? sealing, string subject, string field, int inEvent, T value, JsonTypeInfo<T> json)
    {
        var content = JsonSerializer.SerializeToUtf8Bytes(value, json);
        try
        {
            return new Sealed<T>(Here(sealing).Seal(subject, field, inEvent, content));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    public static Opened<T> Open<T>(ISealing? sealing, Sealed<T> member, JsonTypeInfo<T> json)
    {
        ArgumentNullException.ThrowIfNull(member);
        if (Here(sealing).Open(member.Parts, out var why) is not { } content)
            return new Opened<T>(why);
        try
        {
            return new Opened<T>(JsonSerializer.Deserialize(content, json)!);
        }
        catch (JsonException) // sealed as something else; the parser's own words could quote it
        {
            return new Opened<T>(Unreadable.Altered);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    private static ISealing Here(ISealing? sealing) => sealing
        ?? throw new InvalidOperationException("There is nothing here that seals or opens personal members.");
}
