using System.Buffers.Binary;

namespace Pelago.Model;

/// <summary>One life of one journal: a UUID version 7 (RFC 9562), compared bytewise in network order.</summary>
public readonly record struct Incarnation(UInt128 Value) : IComparable<Incarnation>
{
    /// <summary>Makes an incarnation from wall-clock milliseconds and 74 random bits.</summary>
    /// <param name="unixMilliseconds">Milliseconds since 1970; the low 48 bits are used.</param>
    /// <param name="random">At least ten random bytes.</param>
    public static Incarnation Create(long unixMilliseconds, ReadOnlySpan<byte> random)
    {
        var high = ((ulong)unixMilliseconds << 16) | 0x7000u | (BinaryPrimitives.ReadUInt16BigEndian(random) & 0x0FFFu);
        var low =
            (BinaryPrimitives.ReadUInt64BigEndian(random[2..]) & 0x3FFF_FFFF_FFFF_FFFFul) | 0x8000_0000_0000_0000ul;
        return new Incarnation(new UInt128(high, low));
    }

    /// <summary>The wall clock that it was made from, milliseconds since 1970.</summary>
    public long UnixMilliseconds => (long)(Value >> 80);

    /// <summary>Reads sixteen bytes in network order.</summary>
    public static Incarnation Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));

    /// <summary>Writes sixteen bytes in network order.</summary>
    public void Write(Span<byte> bytes) => BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);

    /// <summary>The sixteen bytes in network order.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[16];
        Write(bytes);
        return bytes;
    }

    /// <summary>Parses the usual text form, 8-4-4-4-12.</summary>
    public static Incarnation Parse(string text)
    {
        Span<byte> bytes = stackalloc byte[16];
        Guid.Parse(text).TryWriteBytes(bytes, bigEndian: true, out _);
        return Read(bytes);
    }

    /// <inheritdoc />
    public int CompareTo(Incarnation other) => Value.CompareTo(other.Value);

    /// <inheritdoc />
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[16];
        Write(bytes);
        return new Guid(bytes, bigEndian: true).ToString();
    }
}

/// <summary>Where an event was first written: a region and the incarnation of its journal. Immutable; compared by
/// region (ordinal), then incarnation.</summary>
public sealed record Origin(string Region, Incarnation Incarnation) : IComparable<Origin>
{
    private readonly int hash = HashCode.Combine(Region, Incarnation);

    /// <inheritdoc />
    public int CompareTo(Origin? other)
    {
        if (other is null)
            return 1;
        if (ReferenceEquals(this, other))
            return 0;
        var byRegion = string.CompareOrdinal(Region, other.Region);
        return byRegion != 0 ? byRegion : Incarnation.CompareTo(other.Incarnation);
    }

    /// <inheritdoc />
    public bool Equals(Origin? other)
        => ReferenceEquals(this, other)
        || (other is not null && hash == other.hash && Incarnation == other.Incarnation && Region == other.Region);

    /// <inheritdoc />
    public override int GetHashCode() => hash;

    /// <summary>Region and incarnation, e.g. <c>us-east-1@0192…</c>.</summary>
    public override string ToString() => $"{Region}@{Incarnation}";
}
