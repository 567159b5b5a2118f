using System.Buffers.Binary;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Finds the numbers of entities. One for each connection.</summary>
internal sealed class EntityRegistry
{
    private readonly KeyRing keys;
    private readonly Opener opener;
    private readonly EntityCache cache;
    private readonly RecentEntities recent;
    private readonly Statement byHash, byNumber, scan;

    public EntityRegistry(Database database, KeyRing keys, Opener opener, EntityCache cache, RecentEntities recent)
    {
        (this.keys, this.opener, this.cache, this.recent) = (keys, opener, cache, recent);
        byHash = database.Prepare("SELECT number FROM entity_hash WHERE hash = ?1");
        byNumber = database.Prepare("SELECT lane, hash, salt, nonce, sealed FROM entity WHERE number = ?1");
        scan = database.Prepare("SELECT number FROM entity WHERE hash = ?1");
    }

    /// <summary>An entity's entry, or null when the journal does not know it.</summary>
    /// <exception cref="StoreException">The index of hashes knows it, and nothing shows that it tells the
    /// truth.</exception>
    public EntityEntry? Find(EntityKey key)
    {
        var (entry, isProven) = Look(key, out _);
        return isProven ? entry
            : throw new StoreException(SQLitePCL.raw.SQLITE_CORRUPT, "an entity is not what its index says");
    }

    /// <summary>An entity's entry; or null, and then the hash that a new entry has. For the writer: what it notes of an
    /// entity that nobody can read is not worth a group that fails.</summary>
    public EntityEntry? FindOrHash(EntityKey key, out UInt128 hash) => Look(key, out hash).Entry;

    // The index is not sealed: where it is damaged or was altered, it would show one entity as another. So the entity's
    // own row has to agree; else all rows are looked at, which is slow, and rare. What is not proven is not remembered.
    private (EntityEntry? Entry, bool IsProven) Look(EntityKey key, out UInt128 hash)
    {
        hash = default;
        if (cache.TryFind(key, out var known))
            return (known, true);
        hash = EntityBox.Hash(keys, key);
        Span<byte> bytes = stackalloc byte[EntityBox.HashBytes];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, hash);
        if (recent.Find(hash) is > 0 and var number)
            return (cache.Add(new EntityEntry(key, number)), true);
        if (NumberBy(byHash, bytes) is not { } indexed)
            return (null, true);
        if (Names(indexed, key))
            return (cache.Add(new EntityEntry(key, indexed)), true);
        return Sought(bytes) is { } found ? (cache.Add(new EntityEntry(key, found)), true)
            : (new EntityEntry(key, indexed), false);
    }

    private bool Names(long number, EntityKey key)
    {
        try
        {
            return TryKey(number, out var named) && named == key;
        }
        catch (StoreException e) when (e.IsDamage)
        {
            return false;
        }
    }

    private long? Sought(ReadOnlySpan<byte> hash)
    {
        try
        {
            return NumberBy(scan, hash);
        }
        catch (StoreException e) when (e.IsDamage)
        {
            return null;
        }
    }

    private static long? NumberBy(Statement statement, ReadOnlySpan<byte> hash)
    {
        statement.Bind(1, hash);
        try
        {
            return statement.Step() ? statement.Long(0) : null;
        }
        finally
        {
            statement.Reset();
        }
    }

    /// <summary>The key of a number; false when its row is missing, damaged or altered.</summary>
    public bool TryKey(long number, out EntityKey key)
    {
        key = default;
        if (cache.TryFind(number, out var known))
        {
            key = known.Key;
            return true;
        }
        try
        {
            byNumber.Bind(1, number);
            if (!byNumber.Step() || !TryOpen(opener, byNumber, number, out key))
                return false;
        }
        finally
        {
            byNumber.Reset();
        }
        cache.Add(new EntityEntry(key, number));
        return true;
    }

    /// <summary>Opens a row of columns lane, hash, salt, nonce, sealed, which begin at <paramref name="firstColumn"/>.
    /// </summary>
    public static bool TryOpen(Opener opener, Statement row, long number, out EntityKey key, int firstColumn = 0)
        => EntityBox.TryOpen(opener, number, row.Long(firstColumn), row.Blob(firstColumn + 1),
            row.Long(firstColumn + 2), row.Long(firstColumn + 3), row.Blob(firstColumn + 4), out key);

    /// <summary>Seals an entity's row and binds it to the statement that inserts it.</summary>
    public static void BindRow(Statement insert, Sealer sealer, EntityEntry entry, int lane)
    {
        Span<byte> hash = stackalloc byte[EntityBox.HashBytes];
        BinaryPrimitives.WriteUInt128BigEndian(hash, entry.Hash);
        var box = EntityBox.Seal(sealer, entry.Key, entry.Number, lane, hash, out var nonce);
        insert.Bind(1, entry.Number).Bind(2, lane).Bind(3, hash).Bind(4, sealer.Salt).Bind(5, nonce).Bind(6, box);
    }
}
