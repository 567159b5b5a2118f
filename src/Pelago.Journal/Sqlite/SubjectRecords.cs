using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>Writes and deletes keys of subjects. Used by the writer's thread only.</summary>
internal sealed class SubjectRecords
{
    private readonly SideSealer sealer;
    private readonly Statement keep, forget;

    public SubjectRecords(Database database, SideSealer sealer)
    {
        this.sealer = sealer;
        keep = database.Prepare("INSERT OR REPLACE INTO subject_key VALUES (?1, ?2, ?3, ?4, ?5)");
        forget = database.Prepare("DELETE FROM subject_key WHERE entity = ?1");
    }

    /// <summary>Takes what goes with a batch.</summary>
    public void Write(LaneBatch batch, Func<Model.EntityKey, int, long> numberOf)
    {
        foreach (var key in batch.SubjectKeys)
            Keep(numberOf(key.Subject, batch.Lane), key);
        foreach (var subject in batch.ForgottenSubjects)
            forget.Bind(1, numberOf(subject, batch.Lane)).Run();
    }

    private void Keep(long entity, SubjectKey key)
    {
        Span<byte> hash = stackalloc byte[EntityBox.HashBytes];
        sealer.Hash(key, hash);
        var box = sealer.SubjectKey(entity, hash, key, out var nonce);
        keep.Bind(1, entity).Bind(2, hash).Bind(3, sealer.Salt).Bind(4, nonce).Bind(5, box).Run();
    }
}
