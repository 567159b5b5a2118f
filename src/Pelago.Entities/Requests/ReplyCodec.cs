using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>Remembered replies as JSON, by the contract that the entity type registered for the reply.</summary>
internal static class ReplyCodec<TReply>
{
    public static Func<object?, byte[]>? Encoder(EntityType type)
        => type.ReplyJson(typeof(TReply)) is JsonTypeInfo<TReply> json
        ? reply => JsonSerializer.SerializeToUtf8Bytes((TReply)reply!, json)
        : null;

    public static Func<ReadOnlyMemory<byte>, object?>? Decoder(EntityType type)
        => type.ReplyJson(typeof(TReply)) is JsonTypeInfo<TReply> json
            ? bytes => JsonSerializer.Deserialize(bytes.Span, json)
            : null;
}
