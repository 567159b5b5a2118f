using System.Buffers.Binary;
using Google.Protobuf;
using Pelago.Model;
using Pelago.Replication.Stored;

namespace Pelago.Journal;

/// <summary>Finds the numbers of entities, and for the writer, gives them. One for each connection.</summary>
/// <remarks>The store knows an entity by the HMAC of its type and id: the same entity is found again, and a dump says
/// nothing about who it is.</remarks>
internal sealed class EntityRegistry
{
    private const byte HashDomain = 1;

    private readonly KeyRing keys;
    private readonly Opener opener;
    private readonly EntityCache cache;
    private readonly Statement byHash, byNumber;
    private readonly List<(EntityKey Key, long Number)> pending = [];

    public EntityRegistry(Database database, KeyRing keys, Opener opener, EntityCache cache)
    {
        (this.keys, this.opener, this.cache) = (keys, opener, cache);
        byHash = database.Prepare("SELECT number FROM entity WHERE hash = ?1");
        byNumber = database.Prepare("SELECT lane, hash, salt, nonce, sealed FROM entity WHERE number = ?1");
    }

    /// <summary>The number of an entity, or 0 when the journal does not know it.</summary>
    public long Find(EntityKey key)
    {
        if (cache.TryNumber(key, out var number))
            return number;
        Span<byte> hash = stackalloc byte[16];
        keys.Hash(HashDomain, key.Type, key.Id, hash);
        byHash.Bind(1, hash);
        number = byHash.Step() ? byHash.Long(0) : 0;
        byHash.Reset();
        if (number > 0)
            cache.Add(key, number);
        return number;
    }

    /// <summary>The number of an entity; a new one is inserted in the open transaction.</summary>
    public long FindOrAdd(EntityKey key, int lane, EntityInsert insert, Sealer sealer)
    {
        var number = Find(key);
        if (number > 0)
            return number;
        Span<byte> hash = stackalloc byte[16];
        keys.Hash(HashDomain, key.Type, key.Id, hash);
        number = ++insert.Last;
        var content = new SealedEntity { Type = key.Type, Id = key.Id }.ToByteArray();
        var box = sealer.Seal(SealDomain.Entity, Columns(number, lane, hash), content, out var nonce);
        insert.Statement.Bind(1, number).Bind(2, lane).Bind(3, hash).Bind(4, sealer.Salt).Bind(5, nonce).Bind(6, box).Run();
        cache.Add(key, number);
        pending.Add((key, number));
        return number;
    }

    /// <summary>The key of a number; false when its row is missing, damaged or altered.</summary>
    public bool TryKey(long number, out EntityKey key)
    {
        if (cache.TryKey(number, out key))
            return true;
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
        cache.Add(key, number);
        return true;
    }

    /// <summary>Opens a row of columns lane, hash, salt, nonce, sealed, which begin at <paramref name="firstColumn"/>.
    /// </summary>
    public static bool TryOpen(Opener opener, Statement row, long number, out EntityKey key, int firstColumn = 0)
    {
        key = default;
        var hash = row.Blob(firstColumn + 1);
        if (hash.Length != 16 || !opener.TryOpen(SealDomain.Entity, row.Long(firstColumn + 2), row.Long(firstColumn + 3),
            Columns(number, row.Long(firstColumn), hash), row.Blob(firstColumn + 4), out var content))
            return false;
        var stored = SealedEntity.Parser.ParseFrom(content);
        key = new EntityKey(stored.Type, stored.Id);
        return true;
    }

    public void Commit() => pending.Clear();

    /// <summary>After a rollback: numbers given in the transaction are forgotten, and never given again.</summary>
    public void Rollback()
    {
        foreach (var (key, number) in pending)
            cache.Forget(key, number);
        pending.Clear();
    }

    private static long[] Columns(long number, long lane, ReadOnlySpan<byte> hash)
        => [number, lane, BinaryPrimitives.ReadInt64BigEndian(hash), BinaryPrimitives.ReadInt64BigEndian(hash[8..])];
}

/// <summary>The statement that adds an entity, and the last number given.</summary>
internal sealed class EntityInsert(Database database)
{
    public Statement Statement { get; } = database.Prepare("INSERT INTO entity VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

    public long Last { get; set; } = database.Number("SELECT max(number) FROM entity");
}
