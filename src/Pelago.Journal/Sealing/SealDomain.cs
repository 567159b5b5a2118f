using System.Buffers.Binary;

namespace Pelago.Journal;

/// <summary>What a sealed box is: part of its associated data, so that a box of one kind never opens as another. Stored
/// for ever; values are never reused.</summary>
internal enum SealDomain : byte
{
    Event = 1,
    Entity = 2,
    Snapshot = 3,
    Reply = 4,
    Conflict = 5,
    Owed = 6,
    Frontier = 7,
    Origin = 8,
    Note = 9,
    EffectMark = 12,
    Checkpoint = 13,
    SubjectKey = 14,
}

/// <summary>Builds associated data: domain, format version, journal id, salt number, then the row's unsealed columns as
/// eight bytes each, big-endian, in the order of the table's definition.</summary>
/// <remarks>The lane position is the one column left out: it is given when the row is committed, and gaps and
/// repetitions of positions are found by other means. Everything else is in, so that a row copied or altered does not
/// open.</remarks>
internal sealed class AssociatedData(Guid journalId)
{
    private const int PrefixBytes = 1 + 2 + 16 + 8;

    /// <summary>Version of the associated data and of what is sealed: part of it, the same in every store.</summary>
    public const ushort FormatVersion = 1;

    /// <summary>Columns that associated data can hold.</summary>
    public const int MaxColumns = 10;

    private readonly byte[] buffer = Prefix(journalId);

    /// <summary>The associated data of a row. Valid until the next call; not thread-safe.</summary>
    public ReadOnlySpan<byte> For(SealDomain domain, long salt, scoped ReadOnlySpan<long> columns)
    {
        buffer[0] = (byte)domain;
        BinaryPrimitives.WriteInt64BigEndian(buffer.AsSpan(PrefixBytes - 8), salt);
        var at = PrefixBytes;
        foreach (var column in columns)
        {
            BinaryPrimitives.WriteInt64BigEndian(buffer.AsSpan(at), column);
            at += 8;
        }
        return buffer.AsSpan(0, at);
    }

    private static byte[] Prefix(Guid journalId)
    {
        var bytes = new byte[PrefixBytes + (8 * MaxColumns)];
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(1), FormatVersion);
        journalId.TryWriteBytes(bytes.AsSpan(3), bigEndian: true, out _);
        return bytes;
    }
}
