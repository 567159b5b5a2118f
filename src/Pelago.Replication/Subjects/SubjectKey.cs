using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Names a key of a subject: the first sixteen bytes of SHA-256 over a domain, the subject and the key. So
/// nobody can pass off another key, or another subject's, under this name; and the name says nothing of the key, which
/// is 256 random bits.</summary>
public readonly record struct SubjectKeyId(UInt128 Value) : IComparable<SubjectKeyId>
{
    /// <summary>Length in bytes.</summary>
    public const int Bytes = 16;

    private static readonly byte[] Domain = "pelago subject key 1"u8.ToArray();

    /// <summary>The name of a key.</summary>
    public static SubjectKeyId Of(string subject, ReadOnlySpan<byte> key)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Domain);
        var name = Encoding.UTF8.GetBytes(subject);
        hash.AppendData([(byte)(name.Length >> 8), (byte)name.Length]);
        hash.AppendData(name);
        hash.AppendData(key);
        return Read(hash.GetHashAndReset());
    }

    /// <summary>Reads sixteen bytes in network order; what follows them is not looked at.</summary>
    public static SubjectKeyId Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));

    /// <summary>The sixteen bytes in network order.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Bytes];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        return bytes;
    }

    /// <summary>True for the text form of a name: thirty-two lower-case hexadecimal digits.</summary>
    public static bool IsText(string? text)
        => text is { Length: 2 * Bytes } && text.All(char.IsAsciiHexDigitLower);

    /// <summary>Parses thirty-two lower-case hexadecimal digits.</summary>
    public static SubjectKeyId Parse(string text) => Read(Convert.FromHexString(text));

    /// <inheritdoc />
    public int CompareTo(SubjectKeyId other) => Value.CompareTo(other.Value);

    /// <summary>Thirty-two lower-case hexadecimal digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToBytes());
}

/// <summary>A key under which personal members of one subject are sealed. A project secret: it stands in no event, in
/// no log and in no text form.</summary>
public sealed class SubjectKey
{
    /// <summary>Length of a key in bytes: AES-256.</summary>
    public const int KeyBytes = 32;

    /// <param name="subject">The entity that stands for the subject (<see cref="SubjectType.KeyOf"/>).</param>
    /// <param name="id">Its name.</param>
    /// <param name="key">32 bytes.</param>
    public SubjectKey(EntityKey subject, SubjectKeyId id, byte[] key)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeyBytes);
        (Subject, Id, Key) = (subject, id, key);
    }

    /// <summary>The entity that stands for the subject.</summary>
    public EntityKey Subject { get; }

    /// <summary>Its name.</summary>
    public SubjectKeyId Id { get; }

    /// <summary>The key itself.</summary>
    public byte[] Key { get; }

    /// <summary>True when the key is the one that its name stands for, and the subject's.</summary>
    public bool IsWhatItsNameSays => SubjectKeyId.Of(Subject.Id, Key) == Id;

    /// <summary>The name alone.</summary>
    public override string ToString() => Id.ToString();
}
