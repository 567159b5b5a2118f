using Npgsql;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>Rows that go with a group, and what stands for them. Used by the writer only.</summary>
internal sealed class RemovalRows
{
    private readonly SideSealer sealer;
    private readonly LastWins<long, (int Lane, EntityCheckpoint Stored)> checkpoints = new();
    private readonly Dictionary<(int Lane, long Word), long> bits = [];
    private readonly GatedRows checkpointRows, snapshotRows, eventRows, bitRows;

    public RemovalRows(PostgresSchema schema, SideSealer sealer)
    {
        this.sealer = sealer;
        checkpointRows = GatedRows.Insert(schema, "checkpoint", ["entity", "through", "nonce"], ["salt"],
            keepsLane: true, hash: false, "ON CONFLICT (entity) DO UPDATE SET through = excluded.through, "
            + "nonce = excluded.nonce, salt = excluded.salt, lane = excluded.lane, sealed = excluded.sealed");
        snapshotRows = GatedRows.Delete(schema, "snapshot", ["entity"], [], hash: false);
        eventRows = GatedRows.Delete(schema, "event", ["entity", "local_sequence"], [], hash: false);
        bitRows = GatedRows.Insert(schema, "removed", ["word", "bits"], [], keepsLane: true, hash: false,
            "ON CONFLICT (lane, word) DO UPDATE SET bits = removed.bits | excluded.bits", box: false);
    }

    private GatedRows[] Tables => [eventRows, bitRows, checkpointRows, snapshotRows];

    /// <summary>Takes what goes with a batch.</summary>
    public void Add(LaneBatch batch, Func<Model.EntityKey, long> entityOf)
    {
        foreach (var stored in batch.Checkpoints)
            checkpoints.Set(entityOf(stored.Entity), (batch.Lane, stored));
        foreach (var removed in batch.Removed)
        {
            eventRows.Add([entityOf(removed.Entity), (long)removed.LocalSequence], [], batch.Lane);
            var word = (batch.Lane, (long)(removed.Position / 64));
            bits[word] = bits.GetValueOrDefault(word) | (long)(1ul << (int)(removed.Position % 64));
        }
    }

    /// <summary>Seals everything that was added.</summary>
    public void Seal()
    {
        foreach (var (entity, (lane, stored)) in checkpoints.All)
        {
            var box = sealer.Checkpoint(entity, lane, stored, out var nonce).ToArray();
            checkpointRows.Add([entity, (long)stored.Through, nonce], [(int)sealer.Salt], lane, box: box);
            snapshotRows.Add([entity], [], lane);
        }
        foreach (var ((lane, word), set) in bits)
            bitRows.Add([word, set], [], lane);
    }

    /// <summary>Adds the statements.</summary>
    public void AddTo(NpgsqlBatch batch, long stamp)
    {
        foreach (var table in Tables)
            table.AddTo(batch, stamp);
    }

    public void Clear()
    {
        checkpoints.Clear();
        bits.Clear();
        foreach (var table in Tables)
            table.Clear();
    }
}
