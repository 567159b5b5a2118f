using Npgsql;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>What commits beside the rows of one group. Used by the writer only.</summary>
internal sealed class SideRows
{
    private readonly SideSealer sealer;
    private readonly RemovalRows removals;
    private readonly SubjectRows subjects;
    private readonly LastWins<(int Lane, uint Origin), Frontier> frontiers = new();
    private readonly LastWins<(int Lane, uint Origin), EffectMark> marks = new();
    private readonly LastWins<(int Lane, long Entity, uint Origin), Owed?> owed = new();
    private readonly LastWins<(long Entity, UInt128 Hash), (int Lane, RememberedReply? Reply)> replies = new();
    private readonly LastWins<(long Entity, ConflictKind Kind, uint Origin, ulong Sequence),
        (int Lane, ConflictRecord Record)> conflicts = new();
    private readonly LastWins<long, (int Lane, EntitySnapshot Taken)> snapshots = new();
    private readonly LastWins<(int Lane, string Name), LaneNote> notes = new();
    private readonly GatedRows frontierRows, markRows, owedRows, settledRows, replyRows, forgottenRows, conflictRows,
        snapshotRows, noteRows;

    public SideRows(PostgresSchema schema, Sealer sealer, KeyRing keys)
    {
        this.sealer = new SideSealer(sealer, keys);
        removals = new RemovalRows(schema, this.sealer);
        subjects = new SubjectRows(schema, this.sealer);
        frontierRows = GatedRows.Insert(schema, "frontier", ["position", "highest", "nonce"], ["origin", "salt"],
            keepsLane: true, hash: false, "ON CONFLICT (lane, origin) DO UPDATE SET position = excluded.position, "
            + "highest = excluded.highest, nonce = excluded.nonce, salt = excluded.salt, sealed = excluded.sealed");
        markRows = GatedRows.Insert(schema, "effect_mark", ["position", "nonce"], ["origin", "salt"], keepsLane: true,
            hash: false, "ON CONFLICT (lane, origin) DO UPDATE SET position = excluded.position, "
            + "nonce = excluded.nonce, salt = excluded.salt, sealed = excluded.sealed");
        owedRows = GatedRows.Insert(schema, "owed", ["entity", "from_sequence", "position", "nonce"],
            ["origin", "salt"], keepsLane: true, hash: false, "ON CONFLICT (lane, entity, origin) DO UPDATE SET "
            + "from_sequence = excluded.from_sequence, position = excluded.position, nonce = excluded.nonce, "
            + "salt = excluded.salt, sealed = excluded.sealed");
        settledRows = GatedRows.Delete(schema, "owed", ["entity"], ["origin"], hash: false);
        replyRows = GatedRows.Insert(schema, "reply", ["entity", "nonce"], ["salt"], keepsLane: false, hash: true,
            "ON CONFLICT (entity, hash) DO UPDATE SET nonce = excluded.nonce, salt = excluded.salt, "
            + "sealed = excluded.sealed");
        forgottenRows = GatedRows.Delete(schema, "reply", ["entity"], [], hash: true);
        conflictRows = GatedRows.Insert(schema, "conflict", ["entity", "sequence", "recorded_at", "nonce"],
            ["kind", "origin", "salt"], keepsLane: false, hash: false, "ORDER BY at ON CONFLICT (entity, kind, origin, "
            + "sequence) DO UPDATE SET recorded_at = excluded.recorded_at, nonce = excluded.nonce, "
            + "salt = excluded.salt, sealed = excluded.sealed");
        snapshotRows = GatedRows.Insert(schema, "snapshot", ["entity", "local_sequence", "nonce"], ["salt"],
            keepsLane: false, hash: false, "ON CONFLICT (entity) DO UPDATE SET "
            + "local_sequence = excluded.local_sequence, nonce = excluded.nonce, salt = excluded.salt, "
            + "sealed = excluded.sealed");
        noteRows = GatedRows.Insert(schema, "note", ["nonce"], ["salt"], keepsLane: true, hash: true,
            "ON CONFLICT (lane, hash) DO UPDATE SET nonce = excluded.nonce, salt = excluded.salt, "
            + "sealed = excluded.sealed");
    }

    private IEnumerable<GatedRows> Tables
        => [settledRows, owedRows, frontierRows, markRows, forgottenRows, replyRows, conflictRows, snapshotRows,
            noteRows];

    /// <summary>Takes what a batch has besides rows.</summary>
    public void Add(LaneBatch batch, Func<EntityKey, long> entityOf, Func<Origin, uint> originOf)
    {
        var lane = batch.Lane;
        foreach (var moved in batch.Frontiers)
            frontiers.Set((lane, originOf(moved.Origin)), moved);
        foreach (var mark in batch.Marks)
            marks.Set((lane, originOf(mark.Origin)), mark);
        foreach (var gap in batch.Settled)
            owed.Set((lane, entityOf(gap.Entity), originOf(gap.Origin)), null);
        foreach (var gap in batch.Owed)
            owed.Set((lane, entityOf(gap.Entity), originOf(gap.Origin)), gap);
        foreach (var forgotten in batch.Forgotten)
            replies.Set((entityOf(forgotten.Entity), Hash(forgotten.Entity, forgotten.IdempotencyKey)), (lane, null));
        foreach (var reply in batch.Replies)
            replies.Set((entityOf(reply.Entity), Hash(reply.Entity, reply.IdempotencyKey)), (lane, reply));
        foreach (var record in batch.Conflicts)
            conflicts.Set((entityOf(record.Entity), record.Kind, originOf(record.Origin), record.Sequence),
                (lane, record));
        removals.Add(batch, entityOf);
        subjects.Add(batch, entityOf);
        foreach (var taken in batch.Snapshots)
            snapshots.Set(entityOf(taken.Entity), (lane, taken));
        foreach (var note in batch.Notes)
            notes.Set((lane, note.Name), note);
    }

    /// <summary>Seals everything that was added.</summary>
    public void Seal()
    {
        var salt = (int)sealer.Salt;
        removals.Seal();
        subjects.Seal();
        foreach (var (key, moved) in frontiers.All)
            Frontier(key.Lane, key.Origin, moved.Position, moved.Highest);
        foreach (var ((lane, origin), mark) in marks.All)
        {
            var box = sealer.Mark(lane, origin, mark.Position, out var nonce).ToArray();
            markRows.Add([(long)mark.Position, nonce], [(int)origin, salt], lane, box: box);
        }
        foreach (var ((lane, entity, origin), gap) in owed.All)
        {
            if (gap is null)
            {
                settledRows.Add([entity], [(int)origin], lane);
                continue;
            }
            var box = sealer.Owed(lane, entity, origin, gap.FromSequence, gap.Position, out var nonce).ToArray();
            owedRows.Add([entity, (long)gap.FromSequence, (long)gap.Position, nonce], [(int)origin, salt], lane,
                box: box);
        }
        foreach (var ((entity, hash), (lane, reply)) in replies.All)
        {
            var bytes = hash.ToBytes();
            if (reply is null)
                forgottenRows.Add([entity], [], lane, bytes);
            else
                Reply(entity, bytes, lane, reply);
        }
        foreach (var ((entity, kind, origin, sequence), (lane, record)) in conflicts.All)
        {
            var box = sealer.Conflict(entity, origin, record, out var nonce).ToArray();
            conflictRows.Add([entity, (long)sequence, record.RecordedAtMilliseconds, nonce],
                [(int)kind, (int)origin, salt], lane, box: box);
        }
        foreach (var (entity, (lane, taken)) in snapshots.All)
        {
            var box = sealer.Snapshot(entity, taken, out var nonce).ToArray();
            snapshotRows.Add([entity, (long)taken.LocalSequence, nonce], [salt], lane, box: box);
        }
        foreach (var ((lane, _), note) in notes.All)
        {
            var hash = new byte[EntityBox.HashBytes];
            sealer.Hash(lane, note.Name, hash);
            var box = sealer.Note(lane, hash, note, out var nonce).ToArray();
            noteRows.Add([nonce], [salt], lane, hash, box);
        }
    }

    /// <summary>Adds the statements.</summary>
    public void AddTo(NpgsqlBatch batch, long stamp)
    {
        removals.AddTo(batch, stamp); // first: a snapshot of the same group is newer than what it takes away
        foreach (var table in Tables)
            table.AddTo(batch, stamp);
        subjects.AddTo(batch, stamp);
    }

    public void Clear()
    {
        frontiers.Clear();
        marks.Clear();
        owed.Clear();
        replies.Clear();
        conflicts.Clear();
        snapshots.Clear();
        notes.Clear();
        removals.Clear();
        subjects.Clear();
        foreach (var table in Tables)
            table.Clear();
    }

    private void Frontier(int lane, uint origin, ulong position, ulong highest)
    {
        var box = sealer.Frontier(lane, origin, position, highest, out var nonce).ToArray();
        frontierRows.Add([(long)position, (long)highest, nonce], [(int)origin, (int)sealer.Salt], lane, box: box);
    }

    private void Reply(long entity, byte[] hash, int lane, RememberedReply reply)
    {
        var box = sealer.Reply(entity, hash, reply, out var nonce).ToArray();
        replyRows.Add([entity, nonce], [(int)sealer.Salt], lane, hash, box);
    }

    private UInt128 Hash(EntityKey entity, string idempotencyKey)
    {
        Span<byte> bytes = stackalloc byte[EntityBox.HashBytes];
        sealer.Hash(entity, idempotencyKey, bytes);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
