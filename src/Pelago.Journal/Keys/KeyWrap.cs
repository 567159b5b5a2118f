using System.Security.Cryptography;

namespace Pelago.Journal;

/// <summary>Wraps keys under a key-encryption key that is in memory: AES-256-GCM, a random nonce before and the tag
/// behind.</summary>
public static class KeyWrap
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    /// <summary>Wraps a key.</summary>
    /// <param name="kek">32 bytes.</param>
    /// <param name="content">The key.</param>
    /// <param name="context">What the wrapped key is good for; unwrapping needs the same.</param>
    public static byte[] Wrap(ReadOnlySpan<byte> kek, ReadOnlySpan<byte> content, ReadOnlySpan<byte> context)
    {
        using var cipher = new AesGcm(kek, TagBytes);
        var wrapped = new byte[NonceBytes + content.Length + TagBytes];
        RandomNumberGenerator.Fill(wrapped.AsSpan(0, NonceBytes));
        cipher.Encrypt(wrapped.AsSpan(0, NonceBytes), content, wrapped.AsSpan(NonceBytes, content.Length),
            wrapped.AsSpan(^TagBytes), context);
        return wrapped;
    }

    /// <summary>Unwraps a key.</summary>
    /// <returns>Null when it was wrapped under another key or for something else, or was changed.</returns>
    public static byte[]? Unwrap(ReadOnlySpan<byte> kek, ReadOnlySpan<byte> wrapped, ReadOnlySpan<byte> context)
    {
        if (wrapped.Length < NonceBytes + TagBytes)
            return null;
        using var cipher = new AesGcm(kek, TagBytes);
        var content = new byte[wrapped.Length - NonceBytes - TagBytes];
        try
        {
            cipher.Decrypt(wrapped[..NonceBytes], wrapped[NonceBytes..^TagBytes], wrapped[^TagBytes..], content,
                context);
            return content;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }
}
