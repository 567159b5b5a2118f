using Pelago.Client;
using Pelago.Journal;
using Pelago.Model;

namespace Pelago.Sdk;

/// <summary>Journal keys wrapped under the key-encryption key that the region hands over at enrolment: it is in
/// memory only, so whoever has the journal's files alone reads nothing.</summary>
internal sealed class EnrolledJournalKey(WrappingKey key) : IKeyEncryption
{
    public ValueTask<KeyReply> ApplyAsync(KeyRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(new KeyReply(key.Id, request.Operation == KeyOperation.Wrap
            ? KeyWrap.Wrap(key.Key, request.Content.Span, request.Context.Span) : Unwrap(request)));
    }

    private byte[] Unwrap(KeyRequest request)
    {
        if (request.KekId != key.Id)
        {
            throw new Failure(ErrorCodes.JournalKeyLost, $"The journal's keys are wrapped under key '{request.KekId}'.",
                "The region must hand over that key.").ToException();
        }
        return KeyWrap.Unwrap(key.Key, request.Content.Span, request.Context.Span)
            ?? throw new Failure(ErrorCodes.JournalKeyWrong, "The region's key does not open the journal's keys.",
                "Restore the region's key that belongs to this journal.").ToException();
    }
}
