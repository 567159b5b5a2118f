using Pelago.Client;
using Pelago.Journal;
using Pelago.Model;

namespace Pelago.Sdk;

/// <summary>Journal keys wrapped under the key-encryption keys that the region hands over at enrolment, and when it
/// makes a new one: they are in memory only, so whoever has the journal's files alone reads nothing.</summary>
/// <param name="enrolled">What the region handed over.</param>
/// <param name="renew">Has the region make a new key.</param>
internal sealed class EnrolledJournalKey(
    JournalKeySet enrolled, Func<CancellationToken, Task<JournalKeySet>> renew) : IKeyEncryption
{
    private volatile JournalKeySet keys = enrolled;

    public async ValueTask<KeyReply> ApplyAsync(KeyRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (request.Operation == KeyOperation.Unwrap)
            return new KeyReply(request.KekId, Unwrap(keys, request));
        if (request.Operation == KeyOperation.Renew)
            return new KeyReply((keys = await renew(cancellationToken)).Current.Id, []);
        var current = keys.Current;
        return new KeyReply(current.Id, KeyWrap.Wrap(current.Key, request.Content.Span, request.Context.Span));
    }

    private static byte[] Unwrap(JournalKeySet keys, KeyRequest request)
    {
        var key = keys.Former.Prepend(keys.Current).FirstOrDefault(k => k.Id == request.KekId) ?? throw new Failure(
            ErrorCodes.JournalKeyLost,
            $"The journal's keys are wrapped under key '{request.KekId}', which the region did not hand over.",
            "Restore that key in the region's folder of keys from a backup; without it the journal cannot be read.")
            .ToException();
        return KeyWrap.Unwrap(key.Key, request.Content.Span, request.Context.Span)
            ?? throw new Failure(ErrorCodes.JournalKeyWrong,
                $"The region's key '{key.Id}' does not open the journal's keys.",
                "Restore the region's key that belongs to this journal.").ToException();
    }
}
