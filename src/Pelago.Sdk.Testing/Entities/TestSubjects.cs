using System.Security.Cryptography;
using System.Text;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>Keys of subjects in a test of one entity: each subject has one, always the same, until it is forgotten or
/// its key is taken away.</summary>
/// <remarks>Boxes are those of production but for their nonces, which count up: the same test seals the same bytes.
/// Never use it for anything but tests.</remarks>
public sealed class TestSubjects
{
    private readonly HashSet<string> forgotten = new(StringComparer.Ordinal);
    private readonly HashSet<string> lost = new(StringComparer.Ordinal);
    private ulong nonces;

    /// <summary>Forgets a subject: nothing of it opens any more, and nothing is sealed for it.</summary>
    public void Forget(string subject) => forgotten.Add(subject);

    /// <summary>From now on this region does not have the subject's key, as one that may not have it.</summary>
    public void TakeKeyAway(string subject) => lost.Add(subject);

    /// <summary>Seals and opens for a handler of an entity.</summary>
    /// <param name="entity">The entity.</param>
    /// <param name="origin">Where its events are written.</param>
    /// <param name="sequence">The number of the command's first event.</param>
    internal ISealing For(EntityKey entity, Origin origin, ulong sequence)
        => new OfEntity(this, entity, origin, sequence);

    private static SubjectKey KeyOf(string subject)
    {
        var key = SHA256.HashData(Encoding.UTF8.GetBytes($"test key of {subject}"));
        return new SubjectKey(SubjectType.KeyOf(subject), SubjectKeyId.Of(subject, key), key);
    }

    private byte[] Nonce()
    {
        var nonce = new byte[SealedBox.NonceBytes];
        BitConverter.TryWriteBytes(nonce, ++nonces);
        return nonce;
    }

    private sealed class OfEntity(TestSubjects subjects, EntityKey entity, Origin origin, ulong sequence)
        : ISealing
    {
        public byte[] Seal(string subject, string field, int inEvent, ReadOnlySpan<byte> content)
        {
            if (subjects.forgotten.Contains(subject) || subjects.lost.Contains(subject))
                throw new TestKitException($"Nothing can be sealed for '{subject}' here: its key is gone.");
            return SealedBox.Seal(
                KeyOf(subject), entity, origin, sequence + (ulong)inEvent, field, subjects.Nonce(), content);
        }

        public byte[]? Open(SealedBox box, out Unreadable why)
        {
            why = subjects.forgotten.Contains(box.Subject) ? Unreadable.Forgotten
                : subjects.lost.Contains(box.Subject) ? Unreadable.NoKey : Unreadable.Altered;
            return why == Unreadable.Altered ? box.Open(KeyOf(box.Subject).Key, entity) : null;
        }
    }
}
