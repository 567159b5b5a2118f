using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>Writes what commits beside the rows: frontiers, owed gaps, replies, conflicts, snapshots. Used by the
/// writer's thread only.</summary>
internal sealed class SideRecords
{
    private readonly SideSealer sealer;
    private readonly Statement frontier, mark, owed, settled, reply, forgotten, conflict, snapshot, checkpoint,
        noSnapshot, note, oldConflicts;

    public SideRecords(Database database, Sealer sealer, KeyRing keys)
    {
        this.sealer = new SideSealer(sealer, keys);
        Subjects = new SubjectRecords(database, this.sealer);
        frontier = database.Prepare("INSERT OR REPLACE INTO frontier VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
        mark = database.Prepare("INSERT OR REPLACE INTO effect_mark VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
        owed = database.Prepare("INSERT OR REPLACE INTO owed VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
        settled = database.Prepare("DELETE FROM owed WHERE lane = ?1 AND entity = ?2 AND origin = ?3");
        reply = database.Prepare("INSERT OR REPLACE INTO reply VALUES (?1, ?2, ?3, ?4, ?5)");
        forgotten = database.Prepare("DELETE FROM reply WHERE entity = ?1 AND hash = ?2");
        conflict = database.Prepare(
            "INSERT INTO conflict (entity, kind, origin, sequence, recorded_at, salt, nonce, sealed) "
            + "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (entity, kind, origin, sequence) DO UPDATE SET "
            + "recorded_at = excluded.recorded_at, salt = excluded.salt, nonce = excluded.nonce, sealed = "
            + "excluded.sealed");
        oldConflicts = database.Prepare(
            "DELETE FROM conflict WHERE number IN (SELECT number FROM conflict WHERE kind <> 3 AND recorded_at < ?1 "
            + "ORDER BY recorded_at LIMIT ?2)");
        snapshot = database.Prepare("INSERT OR REPLACE INTO snapshot VALUES (?1, ?2, ?3, ?4, ?5)");
        checkpoint = database.Prepare("INSERT OR REPLACE INTO checkpoint VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
        noSnapshot = database.Prepare("DELETE FROM snapshot WHERE entity = ?1");
        note = database.Prepare("INSERT OR REPLACE INTO note VALUES (?1, ?2, ?3, ?4, ?5)");
    }

    /// <summary>Keys of subjects.</summary>
    public SubjectRecords Subjects { get; }

    /// <summary>The note that was written last; who rolls back sets it back.</summary>
    public NoteMark? NewestNote { get; set; }

    public void Frontier(int lane, uint origin, ulong position, ulong highest)
    {
        var box = sealer.Frontier(lane, origin, position, highest, out var nonce);
        frontier.Bind(1, lane).Bind(2, origin).Bind(3, (long)position).Bind(4, (long)highest)
            .Bind(5, sealer.Salt).Bind(6, nonce).Bind(7, box).Run();
    }

    public void Mark(int lane, uint origin, ulong position)
    {
        var box = sealer.Mark(lane, origin, position, out var nonce);
        mark.Bind(1, lane).Bind(2, origin).Bind(3, (long)position).Bind(4, sealer.Salt).Bind(5, nonce).Bind(6, box)
            .Run();
    }

    public void Owed(int lane, long entity, uint origin, ulong fromSequence, ulong position)
    {
        var box = sealer.Owed(lane, entity, origin, fromSequence, position, out var nonce);
        owed.Bind(1, lane).Bind(2, entity).Bind(3, origin).Bind(4, (long)fromSequence).Bind(5, (long)position)
            .Bind(6, sealer.Salt).Bind(7, nonce).Bind(8, box).Run();
    }

    public void Settle(int lane, long entity, uint origin)
        => settled.Bind(1, lane).Bind(2, entity).Bind(3, origin).Run();

    public void Reply(long entity, RememberedReply remembered)
    {
        Span<byte> hash = stackalloc byte[16];
        sealer.Hash(remembered.Entity, remembered.IdempotencyKey, hash);
        var box = sealer.Reply(entity, hash, remembered, out var nonce);
        reply.Bind(1, entity).Bind(2, hash).Bind(3, sealer.Salt).Bind(4, nonce).Bind(5, box).Run();
    }

    public void Forget(long entity, ForgottenReply reply)
    {
        Span<byte> hash = stackalloc byte[16];
        sealer.Hash(reply.Entity, reply.IdempotencyKey, hash);
        forgotten.Bind(1, entity).Bind(2, hash).Run();
    }

    public void Conflict(long entity, uint origin, ConflictRecord record)
    {
        var box = sealer.Conflict(entity, origin, record, out var nonce);
        conflict.Bind(1, entity).Bind(2, (long)record.Kind).Bind(3, origin).Bind(4, (long)record.Sequence)
            .Bind(5, record.RecordedAtMilliseconds).Bind(6, sealer.Salt).Bind(7, nonce).Bind(8, box).Run();
    }

    public void RemoveConflicts(long before, int max) => oldConflicts.Bind(1, before).Bind(2, max).Run();

    public void Snapshot(long entity, EntitySnapshot taken)
    {
        var box = sealer.Snapshot(entity, taken, out var nonce);
        snapshot.Bind(1, entity).Bind(2, (long)taken.LocalSequence).Bind(3, sealer.Salt).Bind(4, nonce).Bind(5, box)
            .Run();
    }

    public void Checkpoint(long entity, int lane, EntityCheckpoint stored)
    {
        var box = sealer.Checkpoint(entity, lane, stored, out var nonce);
        checkpoint.Bind(1, entity).Bind(2, lane).Bind(3, (long)stored.Through).Bind(4, sealer.Salt).Bind(5, nonce)
            .Bind(6, box).Run();
        noSnapshot.Bind(1, entity).Run();
    }

    public void Note(int lane, LaneNote noted)
    {
        Span<byte> hash = stackalloc byte[16];
        sealer.Hash(lane, noted.Name, hash);
        var box = sealer.Note(lane, hash, noted, out var nonce);
        note.Bind(1, lane).Bind(2, hash).Bind(3, sealer.Salt).Bind(4, nonce).Bind(5, box).Run();
        NewestNote = new NoteMark(sealer.Salt, nonce);
    }
}
