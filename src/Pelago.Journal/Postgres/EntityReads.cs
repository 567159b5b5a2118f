using Npgsql;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>Loads entities: snapshot, rows and replies of one committed state, in one round trip.</summary>
internal sealed partial class EntityReads(PostgresParts parts)
{
    private readonly string entity =
        $"SELECT number, lane, hash, salt, nonce, sealed FROM {parts.Schema["entity"]} WHERE hash = $1";

    private readonly string snapshot =
        $"SELECT local_sequence, salt, nonce, sealed FROM {parts.Schema["snapshot"]} WHERE entity = {Number(parts)}";

    private readonly string checkpoint =
        $"SELECT lane, through, salt, nonce, sealed FROM {parts.Schema["checkpoint"]} WHERE entity = {Number(parts)}";

    private readonly string allRows = $"SELECT {StoredRow.Select} FROM {parts.Schema["event"]} "
        + $"WHERE entity = {Number(parts)} AND local_sequence > {Removed(parts)} ORDER BY local_sequence";

    private readonly string laterRows = $"SELECT {StoredRow.Select} FROM {parts.Schema["event"]} "
        + $"WHERE entity = {Number(parts)} AND local_sequence > coalesce((SELECT s.local_sequence "
        + $"FROM {parts.Schema["snapshot"]} s WHERE s.entity = {Number(parts)}), {Removed(parts)}) "
        + "ORDER BY local_sequence";

    private readonly string replies =
        $"SELECT hash, salt, nonce, sealed FROM {parts.Schema["reply"]} WHERE entity = {Number(parts)}";

    private readonly string subjectKeys =
        $"SELECT {SubjectKeyRow.Columns} FROM {parts.Schema["subject_key"]} WHERE entity = {Number(parts)}";

    /// <summary>An entity's snapshot (unless <paramref name="fromFirst"/>), the rows after it, and its
    /// replies.</summary>
    public async Task<EntityImage> LoadAsync(
        ServerReader reader, EntityKey key, bool fromFirst, CancellationToken cancellationToken)
    {
        var hash = EntityBox.Hash(parts.Keys, key).ToBytes();
        var stored = new Stored();
        try
        {
            (string, object[])[] statements = [(entity, [hash]), (snapshot, [hash]), (checkpoint, [hash]),
                (fromFirst ? allRows : laterRows, [hash]), (replies, [hash])];
            await using var batch = reader.Snapshot(
                key.Type == SubjectType.Name ? [.. statements, (subjectKeys, [hash])] : statements);
            await using var row = await batch.ExecuteReaderAsync(cancellationToken);
            await stored.ReadAsync(row, fromFirst, cancellationToken);
        }
        catch (PostgresException e) when (ServerTrouble.IsDamage(e))
        {
            await reader.BreakAsync();
            return new EntityImage(key, null, [], []) { Damage = ServerTrouble.Of(e) };
        }
        await reader.CatchUpAsync(stored.Rows, cancellationToken);
        return Open(reader.Opener, key, stored);
    }

    private EntityImage Open(Opener opener, EntityKey key, Stored stored)
    {
        if (stored.Entity is not { } row)
            return new EntityImage(key, null, [], []);
        if (!EntityBox.TryOpen(opener, row.Number, row.Lane, row.Hash, row.Salt, row.Nonce, row.Sealed, out var named)
            || named != key)
            return Damaged(key, $"the entry of {key} is damaged or was altered");
        parts.Cache.Add(new EntityEntry(key, row.Number));
        EntitySnapshot? taken = null;
        if (stored.Snapshot is { } s)
        {
            if (!opener.TryOpen(SealDomain.Snapshot, s.Salt, s.Nonce, [row.Number, s.Sequence], s.Sealed,
                out var content))
                return Damaged(key, $"the snapshot of {key} is damaged or was altered");
            taken = new EntitySnapshot(key, (ulong)s.Sequence, content);
        }
        EntityCheckpoint? left = null;
        if (stored.Checkpoint is { } c && (left = SideSealer.OpenCheckpoint(
            opener, key, row.Number, c.Lane, c.Through, c.Salt, c.Nonce, c.Sealed)) is null)
            return Damaged(key, $"the checkpoint of {key} is damaged or was altered");
        var (after, position) = (taken?.LocalSequence ?? left?.Through ?? 0, 0ul);
        var rows = new List<EventRow>(stored.Rows.Count);
        foreach (var found in stored.Rows)
        {
            var next = after + (ulong)rows.Count + 1;
            if ((ulong)found.Columns[2] != next)
                return Damaged(key, $"row {next} of {key} is missing");
            // A row's position is no part of what is sealed with it, but an entity's rows lie in its lane in order.
            if (found.Position <= position || found.Lane != key.Lane
                || found.Open(opener, parts.Origins, key) is not { } opened)
                return Damaged(key, $"row {next} of {key} is damaged, was altered, or is missing");
            position = found.Position;
            rows.Add(opened);
        }
        var remembered = new List<RememberedReply>(stored.Replies.Count);
        foreach (var (hash, salt, nonce, box) in stored.Replies)
        {
            if (SideSealer.OpenReply(opener, key, row.Number, hash, salt, nonce, box) is not { } reply)
                return Damaged(key, $"a remembered reply of {key} is damaged or was altered");
            remembered.Add(reply);
        }
        var ofSubject = SubjectKeyRow.OpenAll(opener, key, row.Number, stored.SubjectKeys, out var damage);
        return damage is null
            ? new EntityImage(key, taken, rows, remembered) { Checkpoint = left, SubjectKeys = ofSubject }
            : new EntityImage(key, null, [], []) { Damage = damage };
    }

    private static EntityImage Damaged(EntityKey key, string what)
        => new(key, null, [], []) { Damage = Damage.Failure(what) };

    private static string Removed(PostgresParts parts)
        => $"coalesce((SELECT c.through FROM {parts.Schema["checkpoint"]} c WHERE c.entity = {Number(parts)}), 0)";

    private static string Number(PostgresParts parts)
        => $"(SELECT n.number FROM {parts.Schema["entity"]} n WHERE n.hash = $1)";

    private sealed class Stored
    {
        public (long Number, long Lane, byte[] Hash, long Salt, long Nonce, byte[] Sealed)? Entity { get; private set; }

        public (long Sequence, long Salt, long Nonce, byte[] Sealed)? Snapshot { get; private set; }

        public (long Lane, long Through, long Salt, long Nonce, byte[] Sealed)? Checkpoint { get; private set; }

        public List<StoredRow> Rows { get; } = [];

        public List<(byte[] Hash, long Salt, long Nonce, byte[] Sealed)> Replies { get; } = [];

        public List<SubjectKeyRow> SubjectKeys { get; } = [];

        // 1 entity  2 snapshot  3 checkpoint  4 rows  5 replies  6 keys, of a subject
        public async Task ReadAsync(NpgsqlDataReader row, bool fromFirst, CancellationToken cancellationToken)
        {
            if (await row.ReadAsync(cancellationToken))
                Entity = (row.GetInt64(0), row.GetInt16(1), row.Bytes(2), row.GetInt32(3), row.GetInt64(4),
                    row.Bytes(5));
            await row.NextResultAsync(cancellationToken);
            if (await row.ReadAsync(cancellationToken) && !fromFirst)
                Snapshot = (row.GetInt64(0), row.GetInt32(1), row.GetInt64(2), row.Bytes(3));
            await row.NextResultAsync(cancellationToken);
            if (await row.ReadAsync(cancellationToken))
                Checkpoint = (row.GetInt16(0), row.GetInt64(1), row.GetInt32(2), row.GetInt64(3), row.Bytes(4));
            await row.NextResultAsync(cancellationToken);
            while (await row.ReadAsync(cancellationToken))
                Rows.Add(StoredRow.Of(row));
            await row.NextResultAsync(cancellationToken);
            while (await row.ReadAsync(cancellationToken))
                Replies.Add((row.Bytes(0), row.GetInt32(1), row.GetInt64(2), row.Bytes(3)));
            if (!await row.NextResultAsync(cancellationToken))
                return;
            while (await row.ReadAsync(cancellationToken))
                SubjectKeys.Add(new SubjectKeyRow(row.Bytes(0), row.GetInt32(1), row.GetInt64(2), row.Bytes(3)));
        }
    }
}
