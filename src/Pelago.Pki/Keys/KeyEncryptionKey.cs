using System.Security.Cryptography;
using System.Text;
using Pelago.Model;

namespace Pelago.Pki;

/// <summary>Seals small secrets with AES-256-GCM (NIST SP 800-38D) under a key that stays in a file of mode
/// 0600.</summary>
/// <remarks>Sealed form: <c>PLGS</c>, version 1, 8 bytes of the key's id, 12 bytes nonce, ciphertext, 16 bytes tag. The
/// name that a secret is sealed for and the header are associated data: a sealed key copied over another one does not
/// open.</remarks>
public sealed class KeyEncryptionKey : IDisposable
{
    private const int KeyBytes = 32;
    private const int IdBytes = 8;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int HeaderBytes = 5 + IdBytes;

    private readonly byte[] _id;
    private readonly AesGcm _cipher;

    private KeyEncryptionKey(ReadOnlySpan<byte> key)
    {
        // The id tells an operator which key a file needs; it is a hash and says nothing about the key.
        _id = SHA256.HashData([.. "pelago-kek-id"u8, .. key])[..IdBytes];
        _cipher = new AesGcm(key, TagBytes);
    }

    /// <summary>Lower-case hex, 16 characters.</summary>
    public string Id => Convert.ToHexStringLower(_id);

    /// <summary>Reads the key from a file of 32 bytes, and makes the file when nothing was sealed yet.</summary>
    /// <param name="path">The file.</param>
    /// <param name="sealedKeys">Directory of what is sealed under the key. While it holds something, a key that is
    /// missing was lost, and another one would open nothing.</param>
    /// <exception cref="PelagoException">PLG3005: the file was lost, or cannot be used.</exception>
    public static KeyEncryptionKey OpenFile(string path, string sealedKeys)
    {
        if (!File.Exists(path))
        {
            if (Directory.Exists(sealedKeys) && Directory.EnumerateFileSystemEntries(sealedKeys).Any())
                throw new Failure(ErrorCodes.KeyUnusable,
                    $"The key file '{path}' is missing, and what '{sealedKeys}' holds was sealed under it.",
                    "Put that file back, from a backup if need be; no new key opens what the lost one sealed.")
                    .ToException();
            SecretFile.WriteNew(path, RandomNumberGenerator.GetBytes(KeyBytes));
        }
        var key = SecretFile.Read(path, KeyBytes + 1);
        try
        {
            if (key.Length != KeyBytes)
                throw Unusable($"The key file '{path}' is {key.Length} bytes long instead of {KeyBytes}.")
                    .ToException();
            return new KeyEncryptionKey(key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Seals a secret for a name.</summary>
    public byte[] Seal(string name, ReadOnlySpan<byte> secret)
    {
        var result = new byte[HeaderBytes + NonceBytes + secret.Length + TagBytes];
        "PLGS"u8.CopyTo(result);
        result[4] = 1;
        _id.CopyTo(result, 5);
        var nonce = result.AsSpan(HeaderBytes, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        _cipher.Encrypt(nonce, secret, result.AsSpan(HeaderBytes + NonceBytes, secret.Length),
            result.AsSpan(^TagBytes..), Associated(result.AsSpan(0, HeaderBytes), name));
        return result;
    }

    /// <summary>Opens what was sealed for that name; null when it was not sealed by this key for this name, or was
    /// changed. The caller wipes the result.</summary>
    public byte[]? Open(string name, ReadOnlySpan<byte> sealedSecret)
    {
        if (sealedSecret.Length < HeaderBytes + NonceBytes + TagBytes
            || !sealedSecret.StartsWith("PLGS\u0001"u8)
            || !sealedSecret.Slice(5, IdBytes).SequenceEqual(_id))
            return null;
        var secret = new byte[sealedSecret.Length - HeaderBytes - NonceBytes - TagBytes];
        try
        {
            _cipher.Decrypt(sealedSecret.Slice(HeaderBytes, NonceBytes),
                sealedSecret[(HeaderBytes + NonceBytes)..^TagBytes], sealedSecret[^TagBytes..], secret,
                Associated(sealedSecret[..HeaderBytes], name));
            return secret;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    /// <inheritdoc />
    public void Dispose() => _cipher.Dispose();

    internal static Failure Unusable(string message)
        => new(ErrorCodes.KeyUnusable, message, "Restore the file from a backup; it is not replaced on its own.");

    private static byte[] Associated(ReadOnlySpan<byte> header, string name) =>
        [.. header, .. Encoding.UTF8.GetBytes(name)];
}
