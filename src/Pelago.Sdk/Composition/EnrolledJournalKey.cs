using System.Security.Cryptography;
using Pelago.Client;
using Pelago.Journal;
using Pelago.Model;

namespace Pelago.Sdk;

/// <summary>Journal keys wrapped under the key-encryption key that the region hands over at enrolment: it is in
/// memory only, so whoever has the journal's files alone reads nothing. AES-256-GCM, a nonce before and a tag
/// behind.</summary>
internal sealed class EnrolledJournalKey(WrappingKey key) : IKeyEncryption
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    public ValueTask<KeyReply> ApplyAsync(KeyRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var cipher = new AesGcm(key.Key, TagBytes);
        return ValueTask.FromResult(new KeyReply(key.Id, request.Operation == KeyOperation.Wrap
            ? Wrap(cipher, request) : Unwrap(cipher, request)));
    }

    private static byte[] Wrap(AesGcm cipher, KeyRequest request)
    {
        var wrapped = new byte[NonceBytes + request.Content.Length + TagBytes];
        RandomNumberGenerator.Fill(wrapped.AsSpan(0, NonceBytes));
        cipher.Encrypt(wrapped.AsSpan(0, NonceBytes), request.Content.Span,
            wrapped.AsSpan(NonceBytes, request.Content.Length), wrapped.AsSpan(^TagBytes), request.Context.Span);
        return wrapped;
    }

    private byte[] Unwrap(AesGcm cipher, KeyRequest request)
    {
        if (request.KekId != key.Id)
        {
            throw new Failure(ErrorCodes.JournalKeyLost, $"The journal's keys are wrapped under key '{request.KekId}'.",
                "The region must hand over that key.").ToException();
        }
        var wrapped = request.Content.Span;
        var content = new byte[Math.Max(0, wrapped.Length - NonceBytes - TagBytes)];
        try
        {
            cipher.Decrypt(wrapped[..NonceBytes], wrapped[NonceBytes..^TagBytes], wrapped[^TagBytes..], content,
                request.Context.Span);
            return content;
        }
        catch (Exception e) when (e is AuthenticationTagMismatchException or ArgumentException)
        {
            throw new Failure(ErrorCodes.JournalKeyWrong, "The region's key does not open the journal's keys.",
                "Restore the region's key that belongs to this journal.").ToException(e);
        }
    }
}
