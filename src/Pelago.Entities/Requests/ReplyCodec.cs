using System.Text.Json;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>Remembered replies: JSON, by the contract that the entity type registered for the reply, behind the
/// fingerprint of the request that was answered, when it had one. Of a reply without such a contract, and of one to a
/// handler that sealed or opened something personal, only the fingerprint is kept: enough to carry nothing out twice
/// and to refuse another request.</summary>
/// <remarks>The kernel and the journal pass these bytes on without looking into them. The fingerprint is of the
/// *request*, as its client sent it, and not of the command: a command is an object without a stored form, and a
/// handler may well put the time or a fresh id into it, so that two commands of one repeated request differ.</remarks>
internal static class ReplyCodec
{
    // No JSON begins with one of these bytes: replies without a fingerprint are read as they always were.
    private const byte Fingerprinted = 1;
    private const byte WithoutReply = 2;

    /// <summary>Writes replies of a request.</summary>
    /// <param name="fingerprint">Of the request; empty for none, else
    /// <see cref="RequestOptions.FingerprintBytes"/>.</param>
    public static ReplyEncoder Encoder(EntityType type, Type reply, ReadOnlyMemory<byte> fingerprint)
        => (value, isKept) =>
        {
            if (!isKept || type.ReplyJson(reply) is not { } json)
                return [WithoutReply, .. fingerprint.Span];
            var bytes = JsonSerializer.SerializeToUtf8Bytes(value, json);
            return fingerprint.IsEmpty ? bytes : [Fingerprinted, .. fingerprint.Span, .. bytes];
        };

    /// <summary>Reads the reply that is remembered for a request's key; <see cref="UnfitReply.OfAnotherRequest"/> when
    /// it was given to another request, <see cref="UnfitReply.NotKept"/> when it cannot be given again.</summary>
    public static Func<ReadOnlyMemory<byte>, object?> Decoder(
        EntityType type, Type reply, ReadOnlyMemory<byte> fingerprint)
        => bytes =>
        {
            var stored = bytes.Span;
            var isMarked = stored is [Fingerprinted or WithoutReply, ..];
            var isKept = stored is not [WithoutReply, ..];
            if (isMarked && stored.Length > RequestOptions.FingerprintBytes)
            {
                var remembered = stored.Slice(1, RequestOptions.FingerprintBytes);
                if (!fingerprint.IsEmpty && !remembered.SequenceEqual(fingerprint.Span))
                    return UnfitReply.OfAnotherRequest;
                stored = stored[(1 + RequestOptions.FingerprintBytes)..];
            }
            return isKept && type.ReplyJson(reply) is { } json
                ? JsonSerializer.Deserialize(stored, json)
                : UnfitReply.NotKept;
        };
}

/// <summary>Stands for the reply that must not, or cannot, be given.</summary>
internal enum UnfitReply
{
    OfAnotherRequest,
    NotKept,
}
