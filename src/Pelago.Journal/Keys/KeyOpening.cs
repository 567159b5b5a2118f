using System.Buffers.Binary;
using System.Security.Cryptography;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>A wrapped key as it lies in the store.</summary>
/// <param name="Purpose">1 a data key, 2 the key under which ids are hashed.</param>
internal readonly record struct WrappedKeyRow(long Number, long Purpose, string Kek, byte[] Content);

/// <summary>The salt of one start as it lies in the store.</summary>
internal readonly record struct SaltRow(long Number, long DataKey, byte[] Content);

/// <summary>Makes a journal's keys and opens them again.</summary>
internal sealed class KeyOpening(IKeyEncryption kek)
{
    /// <summary>The purpose of a data key.</summary>
    public const long DataPurpose = 1;

    private const long IndexPurpose = 2;
    private const int KeyBytes = 32;

    /// <summary>New keys for a new journal, wrapped.</summary>
    /// <param name="journalId">16 bytes.</param>
    public async ValueTask<IReadOnlyList<WrappedKeyRow>> MakeAsync(
        byte[] journalId, CancellationToken cancellationToken)
    {
        var data = await WrapAsync(journalId, 1, DataPurpose, cancellationToken);
        return [data, await WrapAsync(journalId, 2, IndexPurpose, cancellationToken)];
    }

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
        {
            var request = new KeyRequest(KeyOperation.Unwrap, row.Kek, row.Content,
                Context(journalId, row.Number, row.Purpose));
            opened.Add((row, (await kek.ApplyAsync(request, cancellationToken)).Content));
        }
        var index = opened.Find(k => k.Row.Purpose == IndexPurpose).Key
            ?? throw Damage.Failure("a key is missing").ToException();
        var ring = new KeyRing(new Guid(journalId, bigEndian: true), index);
        foreach (var (row, key) in opened.Where(k => k.Row.Purpose == DataPurpose))
            ring.AddDataKey(row.Number, key);
        foreach (var salt in salts)
            ring.AddSalt(salt.Number, salt.DataKey, salt.Content);
        return ring;
    }

    /// <summary>A salt for this start, to be stored before anything is sealed under it.</summary>
    /// <param name="dataKey">Number of the newest data key.</param>
    public static SaltRow NewSalt(KeyRing keys, long dataKey)
        => new(keys.LastSalt + 1, dataKey, RandomNumberGenerator.GetBytes(32));

    /// <summary>The sealer of this start, once its salt is stored.</summary>
    /// <exception cref="PelagoException">The data key is missing (PLG4006).</exception>
    public static Sealer SealerOf(KeyRing keys, SaltRow salt)
    {
        keys.AddSalt(salt.Number, salt.DataKey, salt.Content);
        var key = keys.SealingKey(salt.Number) ?? throw Damage.Failure("the data key is missing").ToException();
        return new Sealer(key, salt.Number, new AssociatedData(keys.JournalId));
    }

    private async ValueTask<WrappedKeyRow> WrapAsync(
        byte[] journalId, long number, long purpose, CancellationToken cancellationToken)
    {
        var key = RandomNumberGenerator.GetBytes(KeyBytes);
        var reply = await kek.ApplyAsync(
            new KeyRequest(KeyOperation.Wrap, "", key, Context(journalId, number, purpose)), cancellationToken);
        CryptographicOperations.ZeroMemory(key);
        return new WrappedKeyRow(number, purpose, reply.KekId, reply.Content);
    }

    private static byte[] Context(byte[] journalId, long number, long purpose)
    {
        var context = new byte[16 + 16];
        journalId.CopyTo(context, 0);
        BinaryPrimitives.WriteInt64BigEndian(context.AsSpan(16), number);
        BinaryPrimitives.WriteInt64BigEndian(context.AsSpan(24), purpose);
        return context;
    }
}
