using System.Buffers.Binary;

namespace Pelago.Replication;

/// <summary>A digest of a set that does not depend on the order in which members are added: their number, and the
/// sum of their 32-byte hashes modulo 2^256 (AdHash, Bellare and Micciancio 1997). A plain XOR would let pairs
/// cancel.</summary>
/// <remarks>It finds accidents, which is what it is for: regions of one group trust each other with their
/// events.</remarks>
public readonly record struct SetDigest
{
    private readonly ulong a, b, c, d; // least significant first

    private SetDigest(ulong count, ulong a, ulong b, ulong c, ulong d)
        => (Count, this.a, this.b, this.c, this.d) = (count, a, b, c, d);

    /// <summary>Members added.</summary>
    public ulong Count { get; private init; }

    /// <summary>The set with one more member.</summary>
    /// <param name="hash">32 bytes.</param>
    public SetDigest Add(ReadOnlySpan<byte> hash) => Plus(1,
        BinaryPrimitives.ReadUInt64LittleEndian(hash), BinaryPrimitives.ReadUInt64LittleEndian(hash[8..]),
        BinaryPrimitives.ReadUInt64LittleEndian(hash[16..]), BinaryPrimitives.ReadUInt64LittleEndian(hash[24..]));

    /// <summary>The union of two sets without common members.</summary>
    public SetDigest Add(SetDigest other) => Plus(other.Count, other.a, other.b, other.c, other.d);

    /// <summary>The sum as 32 bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[32];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, a);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), b);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), c);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(24), d);
        return bytes;
    }

    /// <summary>The inverse of <see cref="ToBytes"/>.</summary>
    /// <param name="count">Number of members.</param>
    /// <param name="sum">32 bytes.</param>
    public static SetDigest Of(ulong count, ReadOnlySpan<byte> sum)
        => default(SetDigest).Add(sum) with { Count = count };

    /// <summary>The sum in lower-case hex.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToBytes());

    private SetDigest Plus(ulong count, ulong w, ulong x, ulong y, ulong z)
    {
        var sum = (UInt128)a + w;
        var s0 = (ulong)sum;
        sum = (sum >> 64) + b + x;
        var s1 = (ulong)sum;
        sum = (sum >> 64) + c + y;
        var s2 = (ulong)sum;
        sum = (sum >> 64) + d + z;
        return new SetDigest(Count + count, s0, s1, s2, (ulong)sum);
    }
}
