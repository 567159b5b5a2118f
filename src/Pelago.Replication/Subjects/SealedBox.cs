using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>A personal member as it is stored and sent: sealed once, at its origin, under a key of its subject.
/// </summary>
/// <remarks>
/// <para>Its bytes, version 1: version (1); length and UTF-8 of the subject (1 + n); length and UTF-8 of the origin's
/// region (1 + n) and its incarnation (16); sequence (8, big-endian); length and UTF-8 of the field (1 + n); key id
/// (16); nonce (12); ciphertext; tag (16). AES-256-GCM. Associated data: version, subject, entity type, entity id,
/// origin (incarnation, then region), sequence (8), field, each after its length in two bytes, big-endian.</para>
/// <para>Type and id of the entity are not carried: they are those of the entity in which it is opened, so that a box
/// which was moved to another entity does not open. Pinned by vectors in the tests: what was sealed once stays.</para>
/// </remarks>
public sealed class SealedBox
{
    /// <summary>Largest box in bytes; what is sealed may have a little less.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <summary>Longest name of a field in characters: ASCII.</summary>
    public const int MaxFieldLength = 64;

    /// <summary>Length of a nonce in bytes.</summary>
    public const int NonceBytes = 12;

    private const byte Version = 1;
    private const int TagBytes = 16;
    private const int IncarnationBytes = 16;
    private readonly ReadOnlyMemory<byte> nonce, sealedBytes;

    private SealedBox(Header header, SubjectKeyId key, ReadOnlyMemory<byte> nonce, ReadOnlyMemory<byte> sealedBytes)
        => (Subject, Origin, Sequence, Field, KeyId, this.nonce, this.sealedBytes)
            = (header.Subject, header.Origin, header.Sequence, header.Field, key, nonce, sealedBytes);

    /// <summary>Whose it is.</summary>
    public string Subject { get; }

    /// <summary>Where it was sealed.</summary>
    public Origin Origin { get; }

    /// <summary>Number of the event for which it was sealed, among the events of its entity and origin.</summary>
    public ulong Sequence { get; }

    /// <summary>The name that the command handler gave to the member.</summary>
    public string Field { get; }

    /// <summary>The key that opens it.</summary>
    public SubjectKeyId KeyId { get; }

    /// <summary>True for 1 to <see cref="MaxFieldLength"/> printable ASCII characters without spaces.</summary>
    public static bool IsField(string? field) => field is { Length: > 0 and <= MaxFieldLength }
        && field.All(c => c is > ' ' and < (char)127);

    /// <summary>Bytes that may be sealed for a subject under a field and origin.</summary>
    public static int RoomFor(string subject, string field, Origin origin)
        => MaxBytes - LengthOf(new Header(subject, origin, 0, field)) - TagBytes;

    /// <summary>Seals.</summary>
    /// <param name="key">A key of the subject.</param>
    /// <param name="entity">The entity whose event it is for.</param>
    /// <param name="origin">Where that event is written.</param>
    /// <param name="sequence">Its number.</param>
    /// <param name="field">See <see cref="IsField"/>.</param>
    /// <param name="nonce">12 random bytes, never used twice under one key.</param>
    /// <param name="content">At most <see cref="RoomFor"/> bytes.</param>
    public static byte[] Seal(SubjectKey key, EntityKey entity, Origin origin, ulong sequence, string field,
        ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> content)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (!IsField(field))
            throw new ArgumentException($"A field has 1–{MaxFieldLength} printable ASCII characters.", nameof(field));
        var header = new Header(key.Subject.Id, origin, sequence, field);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(content.Length, RoomFor(header.Subject, field, origin));
        var length = LengthOf(header);
        var box = new byte[length + content.Length + TagBytes];
        Write(header, key.Id, nonce, box);
        using var cipher = new AesGcm(key.Key, TagBytes);
        cipher.Encrypt(nonce, content, box.AsSpan(length, content.Length), box.AsSpan(^TagBytes),
            AssociatedData(header, entity));
        return box;
    }

    /// <summary>Takes a box apart without opening it.</summary>
    /// <returns>False when it is no box, or one of a version that this build does not know.</returns>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out SealedBox? box)
    {
        box = null;
        if (bytes.Length > MaxBytes || bytes.Length == 0 || bytes.Span[0] != Version)
            return false;
        var at = 1;
        if (!TryText(bytes.Span, ref at, out var subject) || EntityKey.CheckId(subject) is not null
            || !TryText(bytes.Span, ref at, out var region) || Names.Check(region, "region") is not null
            || bytes.Length - at < IncarnationBytes + 8)
            return false;
        var incarnation = Incarnation.Read(bytes.Span[at..]);
        var sequence = BinaryPrimitives.ReadUInt64BigEndian(bytes.Span[(at + IncarnationBytes)..]);
        at += IncarnationBytes + 8;
        if (sequence == 0 || !TryText(bytes.Span, ref at, out var field) || !IsField(field)
            || bytes.Length - at < SubjectKeyId.Bytes + NonceBytes + TagBytes)
            return false;
        box = new SealedBox(new Header(subject, new Origin(region, incarnation), sequence, field),
            SubjectKeyId.Read(bytes.Span[at..]), bytes.Slice(at + SubjectKeyId.Bytes, NonceBytes),
            bytes[(at + SubjectKeyId.Bytes + NonceBytes)..]);
        return true;
    }

    /// <summary>What was sealed, or null when it was altered, moved to another entity, or sealed under another
    /// key.</summary>
    /// <param name="key">32 bytes.</param>
    /// <param name="entity">The entity in which it lies.</param>
    public byte[]? Open(ReadOnlySpan<byte> key, EntityKey entity)
    {
        using var cipher = new AesGcm(key, TagBytes);
        var content = new byte[sealedBytes.Length - TagBytes];
        try
        {
            cipher.Decrypt(nonce.Span, sealedBytes.Span[..^TagBytes], sealedBytes.Span[^TagBytes..], content,
                AssociatedData(new Header(Subject, Origin, Sequence, Field), entity));
            return content;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private static int LengthOf(Header header) => 1 + 1 + Encoding.UTF8.GetByteCount(header.Subject)
        + 1 + Encoding.UTF8.GetByteCount(header.Origin.Region) + IncarnationBytes + 8 + 1 + header.Field.Length
        + SubjectKeyId.Bytes + NonceBytes;

    private static void Write(Header header, SubjectKeyId key, ReadOnlySpan<byte> nonce, byte[] box)
    {
        box[0] = Version;
        var at = 1;
        Text(header.Subject);
        Text(header.Origin.Region);
        header.Origin.Incarnation.Write(box.AsSpan(at, IncarnationBytes));
        BinaryPrimitives.WriteUInt64BigEndian(box.AsSpan(at += IncarnationBytes), header.Sequence);
        at += 8;
        Text(header.Field);
        key.ToBytes().CopyTo(box, at);
        nonce.CopyTo(box.AsSpan(at + SubjectKeyId.Bytes, NonceBytes));

        void Text(string text)
        {
            var length = Encoding.UTF8.GetBytes(text, box.AsSpan(at + 1));
            box[at] = checked((byte)length);
            at += 1 + length;
        }
    }

    private static bool TryText(ReadOnlySpan<byte> bytes, ref int at, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (at >= bytes.Length || bytes.Length - at - 1 < bytes[at])
            return false;
        var part = bytes.Slice(at + 1, bytes[at]);
        at += 1 + part.Length;
        if (!System.Text.Unicode.Utf8.IsValid(part))
            return false; // it would be read as another name than the one that was written
        text = Encoding.UTF8.GetString(part);
        return true;
    }

    private static byte[] AssociatedData(Header header, EntityKey entity)
    {
        Span<byte> sequence = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(sequence, header.Sequence);
        var data = new MemoryStream();
        Part(data, [Version]);
        Part(data, Encoding.UTF8.GetBytes(header.Subject));
        Part(data, Encoding.UTF8.GetBytes(entity.Type));
        Part(data, Encoding.UTF8.GetBytes(entity.Id));
        Part(data, [.. header.Origin.Incarnation.ToBytes(), .. Encoding.UTF8.GetBytes(header.Origin.Region)]);
        Part(data, sequence);
        Part(data, Encoding.UTF8.GetBytes(header.Field));
        return data.ToArray();
    }

    private static void Part(MemoryStream data, ReadOnlySpan<byte> part)
    {
        data.WriteByte((byte)(part.Length >> 8));
        data.WriteByte((byte)part.Length);
        data.Write(part);
    }

    private readonly record struct Header(string Subject, Origin Origin, ulong Sequence, string Field);
}
