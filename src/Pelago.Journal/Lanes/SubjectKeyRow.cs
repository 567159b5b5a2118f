using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>A subject's key as it lies in the store: sealed like every record, under the entity that stands for the
/// subject. Neither the subject nor the key's name can be seen.</summary>
internal readonly record struct SubjectKeyRow(byte[] Hash, long Salt, long Nonce, byte[] Sealed)
{
    /// <summary>Its columns as they are selected.</summary>
    public const string Columns = "hash, salt, nonce, sealed";

    /// <summary>The key, or null when it was damaged or altered.</summary>
    public SubjectKey? Open(Opener opener, EntityKey subject, long entity)
        => IsSound(entity, opener, out var content)
            ? new SubjectKey(subject, SubjectKeyId.Of(subject.Id, content), content) : null;

    /// <summary>False when it was damaged or altered.</summary>
    public bool IsSound(long entity, Opener opener, out byte[] content)
    {
        content = [];
        return Hash.Length == EntityBox.HashBytes && opener.TryOpen(SealDomain.SubjectKey, Salt, Nonce,
            SideSealer.ReplyColumns(entity, Hash), Sealed, out content) && content.Length == SubjectKey.KeyBytes;
    }

    /// <summary>Opens the keys of a subject.</summary>
    /// <param name="damage">Set when one did not open.</param>
    public static IReadOnlyList<SubjectKey> OpenAll(
        Opener opener, EntityKey subject, long entity, IEnumerable<SubjectKeyRow> rows, out Failure? damage)
    {
        (damage, var found) = (null, new List<SubjectKey>());
        foreach (var row in rows)
        {
            if (row.Open(opener, subject, entity) is { } key)
                found.Add(key);
            else
                damage = Damage.Failure($"a key of {subject} is damaged or was altered");
        }
        return found;
    }
}
