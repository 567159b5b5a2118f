using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>Remembered replies: JSON, by the contract that the entity type registered for the reply, behind the
/// fingerprint of the request that was answered, when it had one.</summary>
/// <remarks>The kernel and the journal pass these bytes on without looking into them. The fingerprint is of the
/// *request*, as its client sent it, and not of the command: a command is an object without a stored form, and a
/// handler may well put the time or a fresh id into it, so that two commands of one repeated request differ.</remarks>
internal static class ReplyCodec<TReply>
{
    // No JSON begins with this byte: replies without a fingerprint are read as they always were.
    private const byte Fingerprinted = 1;

    /// <summary>Writes replies of a request.</summary>
    /// <param name="fingerprint">Of the request; empty for none, else
    /// <see cref="RequestOptions.FingerprintBytes"/>.</param>
    public static Func<object?, byte[]>? Encoder(EntityType type, ReadOnlyMemory<byte> fingerprint)
        => type.ReplyJson(typeof(TReply)) is JsonTypeInfo<TReply> json
            ? reply =>
            {
                var bytes = JsonSerializer.SerializeToUtf8Bytes((TReply)reply!, json);
                return fingerprint.IsEmpty ? bytes : [Fingerprinted, .. fingerprint.Span, .. bytes];
            }
            : null;

    /// <summary>Reads the reply that is remembered for a request's key; <see cref="ReusedKey"/> when it was given to
    /// another request.</summary>
    public static Func<ReadOnlyMemory<byte>, object?>? Decoder(EntityType type, ReadOnlyMemory<byte> fingerprint)
        => type.ReplyJson(typeof(TReply)) is JsonTypeInfo<TReply> json
            ? bytes =>
            {
                if (bytes.Length <= RequestOptions.FingerprintBytes || bytes.Span[0] != Fingerprinted)
                    return JsonSerializer.Deserialize(bytes.Span, json);
                var remembered = bytes.Span.Slice(1, RequestOptions.FingerprintBytes);
                return fingerprint.IsEmpty || remembered.SequenceEqual(fingerprint.Span)
                    ? JsonSerializer.Deserialize(bytes.Span[(1 + RequestOptions.FingerprintBytes)..], json)
                    : ReusedKey.Instance;
            }
            : null;
}

/// <summary>Stands for the reply that must not be given.</summary>
internal sealed class ReusedKey
{
    public static readonly ReusedKey Instance = new();

    private ReusedKey()
    {
    }
}
