using Npgsql;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>Keys of subjects that come and go with a group. Used by the writer only.</summary>
internal sealed class SubjectRows
{
    private readonly SideSealer sealer;
    private readonly Dictionary<(long Entity, SubjectKeyId Id), (int Lane, SubjectKey Key)> kept = [];
    private readonly Dictionary<long, int> forgotten = [];
    private readonly GatedRows keptRows, forgottenRows;

    public SubjectRows(PostgresSchema schema, SideSealer sealer)
    {
        this.sealer = sealer;
        keptRows = GatedRows.Insert(schema, "subject_key", ["entity", "nonce"], ["salt"], keepsLane: false, hash: true,
            "ON CONFLICT (entity, hash) DO UPDATE SET nonce = excluded.nonce, salt = excluded.salt, "
            + "sealed = excluded.sealed");
        forgottenRows = GatedRows.Delete(schema, "subject_key", ["entity"], [], hash: false);
    }

    /// <summary>Takes what goes with a batch.</summary>
    public void Add(LaneBatch batch, Func<Model.EntityKey, long> entityOf)
    {
        foreach (var key in batch.SubjectKeys)
            kept[(entityOf(key.Subject), key.Id)] = (batch.Lane, key);
        foreach (var subject in batch.ForgottenSubjects)
        {
            var entity = entityOf(subject);
            forgotten[entity] = batch.Lane;
            foreach (var before in kept.Keys.Where(k => k.Entity == entity).ToArray())
                kept.Remove(before);
        }
    }

    /// <summary>Seals everything that was added.</summary>
    public void Seal()
    {
        foreach (var (entity, lane) in forgotten)
            forgottenRows.Add([entity], [], lane);
        foreach (var ((entity, _), (lane, key)) in kept)
        {
            var hash = new byte[EntityBox.HashBytes];
            sealer.Hash(key, hash);
            var box = sealer.SubjectKey(entity, hash, key, out var nonce).ToArray();
            keptRows.Add([entity, nonce], [(int)sealer.Salt], lane, hash, box);
        }
    }

    /// <summary>Adds the statements: what a group keeps after a forgetting stays.</summary>
    public void AddTo(NpgsqlBatch batch, long stamp)
    {
        forgottenRows.AddTo(batch, stamp);
        keptRows.AddTo(batch, stamp);
    }

    public void Clear()
    {
        kept.Clear();
        forgotten.Clear();
        forgottenRows.Clear();
        keptRows.Clear();
    }
}
