using System.Buffers.Binary;
using System.Security.Cryptography;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>A wrapped key as it lies in the store.</summary>
/// <param name="Purpose">1 a data key, 2 the key under which ids are hashed.</param>
/// <param name="MadeAt">When, in milliseconds since 1970; 0 for a key of format 1, of which nobody knows. Part of what
/// the wrapping authenticates.</param>
internal readonly record struct WrappedKeyRow(long Number, long Purpose, string Kek, byte[] Content, long MadeAt);

/// <summary>The salt of one start as it lies in the store.</summary>
internal readonly record struct SaltRow(long Number, long DataKey, byte[] Content);

/// <summary>Makes a journal's keys, opens them again, and wraps them anew.</summary>
internal sealed class KeyOpening(IKeyEncryption kek)
{
    /// <summary>The purpose of a data key.</summary>
    public const long DataPurpose = 1;

    /// <summary>The purpose of the key under which ids are hashed.</summary>
    public const long IndexPurpose = 2;

    private const int KeyBytes = 32;

    /// <summary>New keys for a new journal, wrapped.</summary>
    /// <param name="journalId">16 bytes.</param>
    /// <param name="now">Milliseconds since 1970.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<IReadOnlyList<WrappedKeyRow>> MakeAsync(
        byte[] journalId, long now, CancellationToken cancellationToken)
    {
        var data = await MakeAsync(journalId, 1, DataPurpose, now, cancellationToken);
        var index = await MakeAsync(journalId, 2, IndexPurpose, now, cancellationToken);
        CryptographicOperations.ZeroMemory(data.Key);
        CryptographicOperations.ZeroMemory(index.Key);
        return [data.Row, index.Row];
    }

    /// <summary>A new data key, and how it is to be stored.</summary>
    public ValueTask<(WrappedKeyRow Row, byte[] Key)> NewDataKeyAsync(
        Guid journalId, long number, long now, CancellationToken cancellationToken)
        => MakeAsync(journalId.ToByteArray(bigEndian: true), number, DataPurpose, now, cancellationToken);

    /// <summary>Unwraps what the store holds.</summary>
    /// <exception cref="PelagoException">The id or a key is missing (PLG4006), or the KEK is lost, wrong or refused.
    /// </exception>
    public async ValueTask<KeyRing> UnwrapAsync(byte[] journalId, IReadOnlyList<WrappedKeyRow> wrapped,
        IEnumerable<SaltRow> salts, CancellationToken cancellationToken)
    {
        if (journalId.Length != 16)
            throw Damage.Failure("the journal's id is missing").ToException();
        var opened = new List<(WrappedKeyRow Row, byte[] Key)>();
        foreach (var row in wrapped)
            opened.Add((row, await UnwrapAsync(journalId, row, cancellationToken)));
        var index = opened.Find(k => k.Row.Purpose == IndexPurpose).Key
            ?? throw Damage.Failure("a key is missing").ToException();
        var ring = new KeyRing(new Guid(journalId, bigEndian: true), index);
        foreach (var (row, key) in opened.Where(k => k.Row.Purpose == DataPurpose))
            ring.AddDataKey(row.Number, key, row.MadeAt);
        foreach (var salt in salts)
            ring.AddSalt(salt.Number, salt.DataKey, salt.Content);
        return ring;
    }

    /// <summary>Takes in data keys that another process has added.</summary>
    public async ValueTask TakeInAsync(
        KeyRing keys, IEnumerable<WrappedKeyRow> wrapped, CancellationToken cancellationToken)
    {
        foreach (var row in wrapped.Where(r => r.Purpose == DataPurpose && keys.Unwrapped(r) is null))
        {
            var journalId = keys.JournalId.ToByteArray(bigEndian: true);
            keys.AddDataKey(row.Number, await UnwrapAsync(journalId, row, cancellationToken), row.MadeAt);
        }
    }

    /// <summary>Has a new key-encryption key made.</summary>
    /// <returns>Its id.</returns>
    public async ValueTask<string> RenewKekAsync(CancellationToken cancellationToken)
        => (await kek.ApplyAsync(new KeyRequest(KeyOperation.Renew, "", default, default), cancellationToken)).KekId;

    /// <summary>The same key, wrapped under the newest key-encryption key, which is shown to open it.</summary>
    /// <exception cref="PelagoException">It does not open what it wrapped (PLG4005).</exception>
    public async ValueTask<WrappedKeyRow> RewrapAsync(
        KeyRing keys, WrappedKeyRow row, CancellationToken cancellationToken)
    {
        var journalId = keys.JournalId.ToByteArray(bigEndian: true);
        var key = keys.Unwrapped(row) ?? await UnwrapAsync(journalId, row, cancellationToken);
        var anew = await WrapAsync(journalId, row, key, cancellationToken);
        if (!(await UnwrapAsync(journalId, anew, cancellationToken)).AsSpan().SequenceEqual(key))
        {
            throw new Failure(ErrorCodes.JournalKeyWrong,
                $"Key '{anew.Kek}' does not open what it has just wrapped.",
                "Nothing was changed. Look into the log of whoever keeps that key.").ToException();
        }
        return anew;
    }

    /// <summary>A salt for a start or a new data key, to be stored before anything is sealed under it.</summary>
    /// <param name="keys">Knows the salts that there are.</param>
    /// <param name="dataKey">Number of the newest data key.</param>
    public static SaltRow NewSalt(KeyRing keys, long dataKey)
        => new(keys.LastSalt + 1, dataKey, RandomNumberGenerator.GetBytes(32));

    /// <summary>The sealer of this start, once its salt is stored.</summary>
    /// <exception cref="PelagoException">The data key is missing (PLG4006).</exception>
    public static Sealer SealerOf(KeyRing keys, SaltRow salt)
        => new(SealingKey(keys, salt), salt.Number, new AssociatedData(keys.JournalId));

    /// <summary>Has a sealer go on under a salt that is stored.</summary>
    public static void Switch(Sealer sealer, KeyRing keys, SaltRow salt)
        => sealer.Switch(SealingKey(keys, salt), salt.Number);

    private static byte[] SealingKey(KeyRing keys, SaltRow salt)
    {
        keys.AddSalt(salt.Number, salt.DataKey, salt.Content);
        return keys.SealingKey(salt.Number) ?? throw Damage.Failure("the data key is missing").ToException();
    }

    private async ValueTask<(WrappedKeyRow Row, byte[] Key)> MakeAsync(
        byte[] journalId, long number, long purpose, long now, CancellationToken cancellationToken)
    {
        var key = RandomNumberGenerator.GetBytes(KeyBytes);
        return (await WrapAsync(journalId, new WrappedKeyRow(number, purpose, "", [], now), key, cancellationToken),
            key);
    }

    private async ValueTask<WrappedKeyRow> WrapAsync(
        byte[] journalId, WrappedKeyRow row, byte[] key, CancellationToken cancellationToken)
    {
        var reply = await kek.ApplyAsync(
            new KeyRequest(KeyOperation.Wrap, "", key, Context(journalId, row)), cancellationToken);
        return row with { Kek = reply.KekId, Content = reply.Content };
    }

    private async ValueTask<byte[]> UnwrapAsync(
        byte[] journalId, WrappedKeyRow row, CancellationToken cancellationToken)
        => (await kek.ApplyAsync(new KeyRequest(KeyOperation.Unwrap, row.Kek, row.Content, Context(journalId, row)),
            cancellationToken)).Content;

    private static byte[] Context(byte[] journalId, WrappedKeyRow row)
    {
        var context = new byte[16 + 16 + (row.MadeAt == 0 ? 0 : 8)];
        journalId.CopyTo(context, 0);
        BinaryPrimitives.WriteInt64BigEndian(context.AsSpan(16), row.Number);
        BinaryPrimitives.WriteInt64BigEndian(context.AsSpan(24), row.Purpose);
        if (row.MadeAt != 0)
            BinaryPrimitives.WriteInt64BigEndian(context.AsSpan(32), row.MadeAt);
        return context;
    }
}
