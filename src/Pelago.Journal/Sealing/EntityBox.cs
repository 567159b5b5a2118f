using System.Buffers.Binary;
using Google.Protobuf;
using Pelago.Model;
using Pelago.Replication.Stored;

namespace Pelago.Journal;

/// <summary>How an entity stands in the store: found by the HMAC of its type and id, named in a box. The same entity is
/// found again, and a dump says nothing about who it is.</summary>
internal static class EntityBox
{
    private const byte HashDomain = 1;

    /// <summary>Bytes of a hash.</summary>
    public const int HashBytes = 16;

    /// <summary>What an entity is found by.</summary>
    public static UInt128 Hash(KeyRing keys, EntityKey key)
    {
        Span<byte> bytes = stackalloc byte[HashBytes];
        keys.Hash(HashDomain, key.Type, key.Id, bytes);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>Seals an entity's row; the box is valid until the next call of the sealer.</summary>
    public static ReadOnlySpan<byte> Seal(
        Sealer sealer, EntityKey key, long number, int lane, scoped ReadOnlySpan<byte> hash, out long nonce)
    {
        var content = new SealedEntity { Type = key.Type, Id = key.Id }.ToByteArray();
        return sealer.Seal(SealDomain.Entity, Columns(number, lane, hash), content, out nonce);
    }

    /// <summary>Opens an entity's row; false when it was damaged or altered.</summary>
    public static bool TryOpen(
        Opener opener, long number, long lane, ReadOnlySpan<byte> hash, long salt, long nonce, ReadOnlySpan<byte> box,
        out EntityKey key)
    {
        key = default;
        if (hash.Length != HashBytes
            || !opener.TryOpen(SealDomain.Entity, salt, nonce, Columns(number, lane, hash), box, out var content))
            return false;
        var stored = SealedEntity.Parser.ParseFrom(content);
        key = new EntityKey(stored.Type, stored.Id);
        return true;
    }

    private static long[] Columns(long number, long lane, ReadOnlySpan<byte> hash)
        => [number, lane, BinaryPrimitives.ReadInt64BigEndian(hash), BinaryPrimitives.ReadInt64BigEndian(hash[8..])];
}
