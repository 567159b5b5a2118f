using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Tokens as text: base64url of a version byte, the content and a 16-byte tag (HMAC-SHA-256, truncated as
/// RFC 2104 section 5 allows) under the project's key. The service's name is under the tag too. Thread-safe.</summary>
/// <param name="service">Name of the service: positions mean nothing in another one.</param>
/// <param name="current">Key of new tokens, 32 bytes.</param>
/// <param name="previous">Key that is still accepted, or null.</param>
public sealed class CausalityTokenCodec(string service, byte[] current, byte[]? previous)
{
    /// <summary>Longest text accepted or produced, in characters.</summary>
    public const int MaxLength = 4096;

    private const byte Version = 1;
    private const int TagBytes = 16;
    private readonly byte[] binding = Encoding.UTF8.GetBytes($"pelago causality token 1\0{service}\0");

    /// <summary>Writes a token; empty text for an empty token.</summary>
    public string Write(CausalityToken token)
    {
        if (token.IsEmpty)
            return "";
        var writer = new TokenWriter();
        writer.Byte(Version);
        var origins = token.Origins().ToList();
        writer.Number((ulong)origins.Count);
        foreach (var origin in origins)
            writer.Origin(origin);
        writer.Number((ulong)token.Exact.Length);
        foreach (var point in token.Exact)
        {
            writer.Hash(point.Entity);
            writer.Number((ulong)origins.BinarySearch(point.Origin));
            writer.Number(point.Sequence);
            writer.Number((ulong)point.Lane);
            writer.Number(point.Position);
        }
        foreach (var origin in origins)
            WriteLanes(writer, token, origin);
        var content = writer.ToArray();
        var bytes = new byte[content.Length + TagBytes];
        content.CopyTo(bytes, 0);
        Tag(current, content, bytes.AsSpan(content.Length));
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Reads what a client sent. Empty or null text is the empty token.</summary>
    /// <returns>Null when it is valid; otherwise PLG2006.</returns>
    public Failure? Read(string? text, out CausalityToken token)
    {
        token = CausalityToken.Empty;
        if (string.IsNullOrEmpty(text))
            return null;
        if (text.Length > MaxLength)
            return Bad($"is longer than {MaxLength} characters");
        Span<byte> bytes = stackalloc byte[MaxLength];
        if (!Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, bytes, out var length)
            || length <= TagBytes + 1)
            return Bad("is not base64url of a token");
        var content = bytes[..(length - TagBytes)];
        if (!Fits(content, bytes[(length - TagBytes)..length]))
            return Bad("was not made here: it is forged, of another project or service, or older than two keys");
        if (content[0] != Version)
            return Bad($"has version {content[0]}, this build reads {Version}");
        return TryRead(content[1..], out token) ? null : Bad("is damaged");
    }

    private static void WriteLanes(TokenWriter writer, CausalityToken token, Origin origin)
    {
        var lanes = 0u;
        foreach (var (place, _) in token.Collapsed)
        {
            if (place.Origin.Equals(origin))
                lanes |= 1u << place.Lane;
        }
        writer.Number(lanes);
        foreach (var (place, position) in token.Collapsed)
        {
            if (place.Origin.Equals(origin))
                writer.Number(position);
        }
    }

    private static bool TryRead(ReadOnlySpan<byte> content, out CausalityToken token)
    {
        token = CausalityToken.Empty;
        var reader = new TokenReader(content);
        var count = reader.Number(CausalityToken.MaxOrigins);
        var origins = new Origin[count];
        for (var i = 0; i < origins.Length && !reader.Failed; i++)
            origins[i] = reader.Origin();
        var exact = ImmutableArray.CreateBuilder<ExactPoint>();
        var points = reader.Number(CausalityToken.MaxExact);
        for (var i = 0ul; i < points && !reader.Failed; i++)
        {
            var hash = reader.Hash();
            var origin = reader.Number((ulong)Math.Max(0, origins.Length - 1));
            if (reader.Failed || origins.Length == 0)
                return false;
            exact.Add(new ExactPoint(hash, origins[origin], reader.Number(ulong.MaxValue),
                (int)reader.Number(EntityKey.Lanes - 1), reader.Number(ulong.MaxValue)));
        }
        var collapsed = ImmutableSortedDictionary.CreateBuilder<LaneOfOrigin, ulong>();
        foreach (var origin in origins)
        {
            var lanes = (uint)reader.Number(uint.MaxValue);
            for (var lane = 0; lane < EntityKey.Lanes && !reader.Failed; lane++)
            {
                if ((lanes & (1u << lane)) != 0)
                    collapsed[new LaneOfOrigin(origin, lane)] = reader.Number(ulong.MaxValue);
            }
        }
        if (reader.Failed || !reader.AtEnd)
            return false;
        token = new CausalityToken(exact.ToImmutable(), collapsed.ToImmutable());
        return true;
    }

    private bool Fits(ReadOnlySpan<byte> content, ReadOnlySpan<byte> tag)
    {
        Span<byte> expected = stackalloc byte[TagBytes];
        Tag(current, content, expected);
        var fits = CryptographicOperations.FixedTimeEquals(expected, tag);
        if (previous is null)
            return fits;
        Tag(previous, content, expected);
        return fits | CryptographicOperations.FixedTimeEquals(expected, tag);
    }

    private void Tag(byte[] key, ReadOnlySpan<byte> content, Span<byte> tag)
    {
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hmac.AppendData(binding);
        hmac.AppendData(content);
        hmac.GetHashAndReset(whole);
        whole[..TagBytes].CopyTo(tag);
    }

    private static Failure Bad(string rule) => new(ErrorCodes.InvalidToken, $"The causality token {rule}.",
        "Send the last Pelago-Causality header that this service answered with, or none.", "Pelago-Causality");
}

/// <summary>Appends the parts of a token.</summary>
internal sealed class TokenWriter
{
    private readonly List<byte> bytes = [];

    public void Byte(byte value) => bytes.Add(value);

    public void Number(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
    }

    public void Hash(UInt128 value)
    {
        Span<byte> buffer = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(buffer, value);
        bytes.AddRange(buffer);
    }

    public void Origin(Origin origin)
    {
        var region = Encoding.UTF8.GetBytes(origin.Region);
        Number((ulong)region.Length);
        bytes.AddRange(region);
        Hash(origin.Incarnation.Value);
    }

    public byte[] ToArray() => [.. bytes];
}

/// <summary>Reads the parts of a token; after the first thing that does not fit, everything is zero and
/// <see cref="Failed"/> is set.</summary>
internal ref struct TokenReader(ReadOnlySpan<byte> content)
{
    private ReadOnlySpan<byte> rest = content;

    public bool Failed { get; private set; }

    public readonly bool AtEnd => rest.IsEmpty;

    public ulong Number(ulong most)
    {
        var value = 0ul;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (rest.IsEmpty)
                break;
            var next = rest[0];
            rest = rest[1..];
            if (shift == 63 && next > 1)
                break;
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value <= most ? value : Fail();
        }
        return Fail();
    }

    public UInt128 Hash()
    {
        if (rest.Length < 16)
            return Fail();
        var value = BinaryPrimitives.ReadUInt128BigEndian(rest);
        rest = rest[16..];
        return value;
    }

    public Origin Origin()
    {
        var length = (int)Number(Names.MaxLength);
        if (Failed || rest.Length < length)
        {
            Fail();
            return new Origin("", default);
        }
        var region = Encoding.UTF8.GetString(rest[..length]);
        rest = rest[length..];
        return new Origin(region, new Incarnation(Hash()));
    }

    private ulong Fail()
    {
        Failed = true;
        return 0;
    }
}
