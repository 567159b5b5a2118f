using Npgsql;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>Entities of the group under way: finds and gives their numbers, and counts their rows, so that a row that
/// does not follow the last one is refused before it is sent. Used by the writer only.</summary>
/// <remarks>A number is 32 times a counter of its lane, plus the lane: whoever owns the lane gives it, and no two
/// processes give the same.</remarks>
internal sealed class GroupEntities(PostgresParts parts)
{
    private readonly string find =
        $"SELECT e.number, e.lane, e.hash, e.salt, e.nonce, e.sealed, {Last(parts, "e.number")} "
        + $"FROM {parts.Schema["entity"]} e WHERE e.hash = ANY ($1)";

    private readonly string count = $"SELECT n, {Last(parts, "n")} FROM unnest($1) n";

    private readonly GatedRows rows = GatedRows.Insert(parts.Schema, "entity", ["number", "nonce"], ["salt"],
        keepsLane: true, hash: true);

    private readonly Opener opener = new(parts.Keys);
    private readonly long[] counters = [.. Enumerable.Repeat(-1L, EntityKey.Lanes)];
    private readonly Dictionary<EntityKey, EntityEntry> known = [];
    private readonly List<(EntityEntry Entry, int Lane)> given = [], touched = [];

    /// <summary>Notes the highest number of a lane that was acquired; its entities are counted anew.</summary>
    public void Acquired(int lane, long highest) => counters[lane] = highest / EntityKey.Lanes;

    /// <summary>True when this process has acquired a lane.</summary>
    public bool Owns(int lane) => counters[lane] >= 0;

    /// <summary>Makes every entity of a group known: number and count.</summary>
    public async Task ResolveAsync(
        NpgsqlConnection connection, IReadOnlyList<LaneBatch> batches, CancellationToken cancellationToken)
    {
        var unknown = new Dictionary<UInt128, EntityKey>();
        var uncounted = new Dictionary<long, EntityEntry>();
        foreach (var batch in batches)
        {
            foreach (var row in batch.Rows)
            {
                if (Look(row.Event.Entity, unknown) is { Counted: false } entry)
                    uncounted[entry.Number] = entry;
            }
            foreach (var key in Beside(batch))
                Look(key, unknown);
        }
        if (unknown.Count > 0)
            await FindAsync(connection, unknown, cancellationToken);
        if (uncounted.Count > 0)
            await CountAsync(connection, uncounted, cancellationToken);
    }

    /// <summary>Takes the next row of an entity into account.</summary>
    /// <returns>Null when the row does not follow the last one: somebody else has appended to the entity.</returns>
    public EntityEntry? Follow(EntityKey key, ulong localSequence, int lane)
    {
        var entry = known[key];
        if (localSequence != entry.Last + 1)
            return null;
        entry.Last++;
        touched.Add((entry, lane));
        return entry;
    }

    /// <summary>Takes back the last rows that <see cref="Follow"/> took into account.</summary>
    public void Unfollow(int rows)
    {
        for (; rows > 0; rows--)
        {
            touched[^1].Entry.Last--;
            touched.RemoveAt(touched.Count - 1);
        }
    }

    /// <summary>The number of an entity that the group mentions; the row of a new one goes with the group.</summary>
    public long NumberOf(EntityKey key, int lane)
    {
        var entry = known[key];
        if (entry.Number != 0)
            return entry.Number;
        entry.Number = (++counters[lane] * EntityKey.Lanes) + lane;
        given.Add((entry, lane));
        var hash = entry.Hash.ToBytes();
        var box = EntityBox.Seal(parts.Sealer, key, entry.Number, lane, hash, out var nonce).ToArray();
        rows.Add([entry.Number, nonce], [(int)parts.Sealer.Salt], lane, hash, box);
        return entry.Number;
    }

    /// <summary>Adds the statement that inserts new entities.</summary>
    public void AddTo(NpgsqlBatch batch, long stamp) => rows.AddTo(batch, stamp);

    /// <summary>After the group: what lies in lanes that moved is remembered, the rest never was.</summary>
    /// <param name="moved">One bit a lane.</param>
    public void Settle(uint moved)
    {
        foreach (var (entry, lane) in given)
        {
            if ((moved >> lane & 1) != 0)
                parts.Cache.Add(entry);
            else
                entry.Number = 0;
        }
        foreach (var (entry, lane) in touched)
        {
            if ((moved >> lane & 1) != 0)
                entry.Commit();
            else
                entry.Rollback();
        }
        Clear();
    }

    /// <summary>After a group that met what memory did not expect: its entities are looked up anew.</summary>
    public void Forget()
    {
        foreach (var (entry, _) in touched)
            parts.Cache.Forget(entry);
        Settle(0);
    }

    // Of an entity without rows a checkpoint knows how many there were.
    private static string Last(PostgresParts parts, string number)
        => $"greatest((SELECT max(v.local_sequence) FROM {parts.Schema["event"]} v WHERE v.entity = {number}), "
            + $"(SELECT c.through FROM {parts.Schema["checkpoint"]} c WHERE c.entity = {number}))";

    private void Clear()
    {
        given.Clear();
        touched.Clear();
        known.Clear();
        rows.Clear();
    }

    private EntityEntry? Look(EntityKey key, Dictionary<UInt128, EntityKey> unknown)
    {
        if (known.TryGetValue(key, out var entry))
            return entry.Number == 0 ? null : entry;
        if (parts.Cache.TryFind(key, out entry))
            return known[key] = entry;
        var hash = EntityBox.Hash(parts.Keys, key);
        known[key] = entry = new EntityEntry(key, 0) { Hash = hash };
        entry.Count(0);
        unknown[hash] = key;
        return null;
    }

    private static IEnumerable<EntityKey> Beside(LaneBatch batch)
        => batch.Owed.Select(o => o.Entity).Concat(batch.Settled.Select(o => o.Entity))
            .Concat(batch.Forgotten.Select(f => f.Entity)).Concat(batch.Replies.Select(r => r.Entity))
            .Concat(batch.Conflicts.Select(c => c.Entity)).Concat(batch.Snapshots.Select(s => s.Entity))
            .Concat(batch.Checkpoints.Select(c => c.Entity)).Concat(batch.Removed.Select(r => r.Entity))
            .Concat(batch.SubjectKeys.Select(k => k.Subject)).Concat(batch.ForgottenSubjects);

    // What an entity's row says is checked for what is remembered; a damaged one is used, and stays unreadable.
    private async Task FindAsync(
        NpgsqlConnection connection, Dictionary<UInt128, EntityKey> unknown, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(find, connection)
        {
            Parameters = { new() { Value = unknown.Keys.Select(h => h.ToBytes()).ToArray() } },
        };
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            var (number, hash) = (row.GetInt64(0), row.Bytes(2));
            if (!unknown.TryGetValue(
                System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash), out var key))
                continue;
            var entry = new EntityEntry(key, number);
            entry.Count(await row.IsDBNullAsync(6, cancellationToken) ? 0 : (ulong)row.GetInt64(6));
            var isProven = EntityBox.TryOpen(opener, number, row.GetInt16(1), hash, row.GetInt32(3), row.GetInt64(4),
                row.Bytes(5), out var named) && named == key;
            known[key] = isProven ? parts.Cache.Add(entry) : entry;
            if (!known[key].Counted)
                known[key].Count(entry.Last); // a reader was first
        }
    }

    private async Task CountAsync(
        NpgsqlConnection connection, Dictionary<long, EntityEntry> uncounted, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(count, connection)
        {
            Parameters = { new() { Value = uncounted.Keys.ToArray() } },
        };
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
            uncounted[row.GetInt64(0)].Count(
                await row.IsDBNullAsync(1, cancellationToken) ? 0 : (ulong)row.GetInt64(1));
    }
}
