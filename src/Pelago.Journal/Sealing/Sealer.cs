using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Pelago.Journal;

/// <summary>Seals rows with AES-256-GCM under a key that never outlives this process. Used by the writer's thread only.
/// </summary>
/// <remarks>A nonce must never serve twice under one key. Counters kept in the store would repeat after a restore or a
/// rollback; random nonces of 96 bits bound a key to 2^32 rows. So each start, and each new data key, draws a 256-bit
/// salt, derives a key of its own from the data key (HKDF, RFC 5869), and counts nonces in memory; nothing is
/// coordinated, and nothing repeats. A failed transaction does not take its nonces back.</remarks>
internal sealed class Sealer(byte[] key, long salt, AssociatedData associated) : IDisposable
{
    public const int NonceBytes = 12, TagBytes = 16;

    private AesGcm cipher = new(key, TagBytes);
    private readonly byte[] nonce = new byte[NonceBytes];
    private byte[] box = new byte[4096];
    private long counter;

    /// <summary>Number of the salt that rows name.</summary>
    public long Salt { get; private set; } = salt;

    /// <summary>Goes on under another key, of another salt.</summary>
    public void Switch(byte[] next, long nextSalt)
    {
        cipher.Dispose();
        (cipher, Salt, counter) = (new AesGcm(next, TagBytes), nextSalt, 0);
    }

    /// <summary>Seals one row's private part.</summary>
    /// <param name="columns">The row's unsealed columns, in the order that <see cref="AssociatedData"/> states.</param>
    /// <param name="counterUsed">The nonce's counter: stored beside the box.</param>
    /// <returns>Ciphertext and tag; valid until the next call.</returns>
    public ReadOnlySpan<byte> Seal(
        SealDomain domain, scoped ReadOnlySpan<long> columns, scoped ReadOnlySpan<byte> content, out long counterUsed)
    {
        if (box.Length < content.Length + TagBytes)
            box = new byte[(content.Length + TagBytes) * 2];
        counterUsed = ++counter;
        BinaryPrimitives.WriteInt64BigEndian(nonce.AsSpan(NonceBytes - 8), counterUsed);
        cipher.Encrypt(nonce, content, box.AsSpan(0, content.Length), box.AsSpan(content.Length, TagBytes),
            associated.For(domain, Salt, columns));
        return box.AsSpan(0, content.Length + TagBytes);
    }

    public void Dispose() => cipher.Dispose();
}

/// <summary>Opens rows. One for each connection: ciphers are not thread-safe.</summary>
internal sealed class Opener(KeyRing keys) : IDisposable
{
    private const int MaxCiphers = 64;

    private readonly AssociatedData associated = new(keys.JournalId);
    private readonly Dictionary<long, AesGcm> ciphers = [];
    private readonly byte[] nonce = new byte[Sealer.NonceBytes];

    /// <summary>Opens a box, or says that it was damaged, altered, moved, or sealed under a key that is not
    /// there.</summary>
    public bool TryOpen(
        SealDomain domain, long salt, long counter, ReadOnlySpan<long> columns, ReadOnlySpan<byte> box,
        out byte[] content)
    {
        content = [];
        if (box.Length < Sealer.TagBytes || Cipher(salt) is not { } cipher)
            return false;
        BinaryPrimitives.WriteInt64BigEndian(nonce.AsSpan(Sealer.NonceBytes - 8), counter);
        var opened = new byte[box.Length - Sealer.TagBytes];
        try
        {
            cipher.Decrypt(nonce, box[..^Sealer.TagBytes], box[^Sealer.TagBytes..], opened,
                associated.For(domain, salt, columns));
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
        content = opened;
        return true;
    }

    public void Dispose()
    {
        foreach (var cipher in ciphers.Values)
            cipher.Dispose();
    }

    private AesGcm? Cipher(long salt)
    {
        if (ciphers.TryGetValue(salt, out var known))
            return known;
        if (keys.SealingKey(salt) is not { } key)
            return null;
        if (ciphers.Count >= MaxCiphers)
        {
            Dispose();
            ciphers.Clear();
        }
        return ciphers[salt] = new AesGcm(key, Sealer.TagBytes);
    }
}
