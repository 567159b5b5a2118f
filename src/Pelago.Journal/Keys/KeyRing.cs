using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Pelago.Journal;

/// <summary>The journal's keys, unwrapped, in memory: data keys by number, the salt of every process start, and the key
/// under which ids are hashed. Thread-safe.</summary>
internal sealed class KeyRing(Guid journalId, byte[] indexKey)
{
    private const int KeyBytes = 32;
    private static readonly byte[] SealingPurpose = "pelago journal sealing key 1"u8.ToArray();

    private readonly ConcurrentDictionary<long, (byte[] Key, long MadeAt)> dataKeys = new();
    private readonly ConcurrentDictionary<long, (long DataKey, byte[] Salt)> salts = new();

    public Guid JournalId => journalId;

    /// <summary>Highest salt number known.</summary>
    public long LastSalt => salts.IsEmpty ? 0 : salts.Keys.Max();

    /// <summary>Number of the newest data key known.</summary>
    public long NewestDataKey => dataKeys.IsEmpty ? 0 : dataKeys.Keys.Max();

    public void AddDataKey(long number, byte[] key, long madeAt) => dataKeys[number] = (key, madeAt);

    /// <summary>When a data key was made, in milliseconds since 1970; 0 when nobody knows.</summary>
    public long MadeAt(long number) => dataKeys.TryGetValue(number, out var found) ? found.MadeAt : 0;

    /// <summary>What a wrapped key holds, or null when it is not known here.</summary>
    public byte[]? Unwrapped(WrappedKeyRow row) => row.Purpose == KeyOpening.IndexPurpose ? indexKey
        : dataKeys.TryGetValue(row.Number, out var found) ? found.Key : null;

    public void AddSalt(long number, long dataKey, byte[] salt) => salts[number] = (dataKey, salt);

    /// <summary>Number of the data key that a salt belongs to; 0 when the salt is not known.</summary>
    public long DataKeyOf(long salt) => salts.TryGetValue(salt, out var found) ? found.DataKey : 0;

    /// <summary>The key that seals under a salt, or null when the salt or its data key is unknown.</summary>
    public byte[]? SealingKey(long salt)
    {
        if (!salts.TryGetValue(salt, out var found) || !dataKeys.TryGetValue(found.DataKey, out var dataKey))
            return null;
        return HKDF.DeriveKey(HashAlgorithmName.SHA256, dataKey.Key, KeyBytes, found.Salt, SealingPurpose);
    }

    /// <summary>The first sixteen bytes of HMAC-SHA256 over a domain byte, type, NUL and text: what stands in the store
    /// in place of an id.</summary>
    public void Hash(byte domain, string scope, string text, Span<byte> destination)
    {
        Span<byte> input = stackalloc byte[512];
        var length = 2 + (3 * (scope.Length + text.Length));
        if (length > input.Length)
            input = new byte[length];
        input[0] = domain;
        var at = 1 + System.Text.Encoding.UTF8.GetBytes(scope, input[1..]);
        input[at++] = 0;
        at += System.Text.Encoding.UTF8.GetBytes(text, input[at..]);
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(indexKey, input[..at], hash);
        hash[..16].CopyTo(destination);
    }
}
