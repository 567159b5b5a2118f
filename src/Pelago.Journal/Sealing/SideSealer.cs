using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;
using Pelago.Replication;
using Pelago.Replication.Stored;

namespace Pelago.Journal;

/// <summary>Seals what commits beside the rows. A record without private content is sealed too, empty: the tag alone
/// says that it was not altered. Boxes are valid until the next call; used by one writer at a time.</summary>
internal sealed class SideSealer(Sealer sealer, KeyRing keys)
{
    private const byte ReplyHashDomain = 2;
    private const byte NoteHashDomain = 3;
    private const byte SubjectKeyHashDomain = 4;

    /// <summary>Number of the salt that records name.</summary>
    public long Salt => sealer.Salt;

    public ReadOnlySpan<byte> Frontier(int lane, uint origin, ulong position, ulong highest, out long nonce)
        => sealer.Seal(SealDomain.Frontier, [lane, origin, (long)position, (long)highest], [], out nonce);

    public ReadOnlySpan<byte> Mark(int lane, uint origin, ulong position, out long nonce)
        => sealer.Seal(SealDomain.EffectMark, [lane, origin, (long)position], [], out nonce);

    public ReadOnlySpan<byte> Owed(
        int lane, long entity, uint origin, ulong fromSequence, ulong position, out long nonce)
        => sealer.Seal(SealDomain.Owed, [lane, entity, origin, (long)fromSequence, (long)position], [], out nonce);

    /// <summary>What stands in the store in place of an idempotency key: sixteen bytes.</summary>
    public void Hash(Model.EntityKey entity, string idempotencyKey, Span<byte> hash)
        => keys.Hash(ReplyHashDomain, $"{entity.Type}/{entity.Id}", idempotencyKey, hash);

    /// <param name="entity">The entity's number.</param>
    /// <param name="hash">Of <see cref="Hash"/>.</param>
    public ReadOnlySpan<byte> Reply(
        long entity, scoped ReadOnlySpan<byte> hash, RememberedReply remembered, out long nonce)
    {
        var content = new SealedReply
        {
            Key = remembered.IdempotencyKey, Reply = UnsafeByteOperations.UnsafeWrap(remembered.Reply),
            AtMilliseconds = remembered.AtMilliseconds,
        };
        if (remembered.Batch is { } batch)
        {
            content.FirstSequence = batch.FirstSequence;
            content.Origin = new StoredOrigin
            {
                Region = batch.Origin.Region,
                Incarnation = UnsafeByteOperations.UnsafeWrap(batch.Origin.Incarnation.ToBytes()),
            };
        }
        return sealer.Seal(SealDomain.Reply, ReplyColumns(entity, hash), content.ToByteArray(), out nonce);
    }

    public ReadOnlySpan<byte> Conflict(long entity, uint origin, ConflictRecord record, out long nonce) => sealer.Seal(
        SealDomain.Conflict, [entity, (long)record.Kind, origin, (long)record.Sequence, record.RecordedAtMilliseconds],
        Encoding.UTF8.GetBytes(record.Reason), out nonce);

    public ReadOnlySpan<byte> Snapshot(long entity, EntitySnapshot taken, out long nonce) => sealer.Seal(
        SealDomain.Snapshot, [entity, (long)taken.LocalSequence], taken.Content.Span, out nonce);

    public ReadOnlySpan<byte> Checkpoint(long entity, int lane, EntityCheckpoint stored, out long nonce) => sealer.Seal(
        SealDomain.Checkpoint, [entity, lane, (long)stored.Through], stored.Content.Span, out nonce);

    /// <summary>The checkpoint in a box, or null when it was damaged or altered.</summary>
    public static EntityCheckpoint? OpenCheckpoint(Opener opener, Model.EntityKey key, long entity, long lane,
        long through, long salt, long nonce, ReadOnlySpan<byte> box)
        => lane == key.Lane && opener.TryOpen(
            SealDomain.Checkpoint, salt, nonce, [entity, lane, through], box, out var content)
            ? new EntityCheckpoint(key, (ulong)through, content) : null;

    /// <summary>What stands in the store in place of a note's name: sixteen bytes.</summary>
    public void Hash(int lane, string name, Span<byte> hash) => keys.Hash(
        NoteHashDomain, lane.ToString(System.Globalization.CultureInfo.InvariantCulture), name, hash);

    /// <param name="hash">Of <see cref="Hash(int, string, Span{byte})"/>.</param>
    public ReadOnlySpan<byte> Note(int lane, scoped ReadOnlySpan<byte> hash, LaneNote note, out long nonce)
    {
        var content = new SealedNote { Name = note.Name, Content = UnsafeByteOperations.UnsafeWrap(note.Content) }
            .ToByteArray();
        return sealer.Seal(SealDomain.Note, ReplyColumns(lane, hash), content, out nonce);
    }

    /// <summary>What stands in the store in place of a key's name: sixteen bytes.</summary>
    public void Hash(SubjectKey key, Span<byte> hash)
        => keys.Hash(SubjectKeyHashDomain, key.Subject.ToString(), key.Id.ToString(), hash);

    /// <param name="entity">Number of the entity that stands for the subject.</param>
    /// <param name="hash">Of <see cref="Hash(SubjectKey, Span{byte})"/>.</param>
    public ReadOnlySpan<byte> SubjectKey(
        long entity, scoped ReadOnlySpan<byte> hash, SubjectKey key, out long nonce)
        => sealer.Seal(SealDomain.SubjectKey, ReplyColumns(entity, hash), key.Key, out nonce);

    /// <summary>A reply's unsealed columns, and a note's, which has a lane in place of an entity.</summary>
    public static long[] ReplyColumns(long entity, ReadOnlySpan<byte> hash)
        => [entity, BinaryPrimitives.ReadInt64BigEndian(hash), BinaryPrimitives.ReadInt64BigEndian(hash[8..])];

    /// <summary>The reply in a box, or null when it was damaged or altered.</summary>
    public static RememberedReply? OpenReply(
        Opener opener, Model.EntityKey key, long entity, ReadOnlySpan<byte> hash, long salt, long nonce,
        ReadOnlySpan<byte> box)
    {
        if (hash.Length != 16
            || !opener.TryOpen(SealDomain.Reply, salt, nonce, ReplyColumns(entity, hash), box, out var content))
            return null;
        var stored = SealedReply.Parser.ParseFrom(content);
        return new RememberedReply(key, stored.Key, stored.Reply.Memory)
        {
            AtMilliseconds = stored.AtMilliseconds,
            Batch = stored.Origin is not { } origin ? null : new BatchId(new Model.Origin(
                origin.Region, Model.Incarnation.Read(origin.Incarnation.Span)), stored.FirstSequence),
        };
    }
}
