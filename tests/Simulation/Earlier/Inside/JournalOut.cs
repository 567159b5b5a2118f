using Pelago.Model;
using Pelago.Replication;
using Pelago.Sdk.Testing;

namespace Pelago.Tests.Earlier;

/// <summary>A durable transaction of this build's journal in bytes; <c>JournalIn</c> reads them outside. What the
/// kernel stores is in bytes already (snapshots, checkpoints, notes), and crosses as it is.</summary>
internal static class JournalOut
{
    public static byte[] Write(DiskWrite write)
    {
        using var bytes = new MemoryStream();
        using var w = new BinaryWriter(bytes);
        switch (write)
        {
            case LaneTaken taken:
                w.Write((byte)1);
                w.Write(taken.Lane);
                break;
            case LifeBegun begun:
                w.Write((byte)2);
                Origin(w, begun.Next);
                break;
            case GroupWritten group:
                w.Write((byte)3);
                List(w, group.Batches, Batch);
                break;
            default:
                throw new InvalidOperationException($"Nobody knows how {write} crosses.");
        }
        return bytes.ToArray();
    }

    public static void List<T>(BinaryWriter w, IReadOnlyCollection<T> items, Action<BinaryWriter, T> write)
    {
        w.Write(items.Count);
        foreach (var item in items)
            write(w, item);
    }

    public static void Bytes(BinaryWriter w, ReadOnlyMemory<byte> bytes)
    {
        w.Write(bytes.Length);
        w.Write(bytes.Span);
    }

    public static void Origin(BinaryWriter w, Origin origin)
    {
        w.Write(origin.Region);
        w.Write(origin.Incarnation.ToBytes());
    }

    public static void Entity(BinaryWriter w, EntityKey entity)
    {
        w.Write(entity.Type);
        w.Write(entity.Id);
    }

    public static void Vector(BinaryWriter w, VersionVector vector)
    {
        w.Write(vector.Slots.Length);
        foreach (var slot in vector.Slots)
            Count(w, slot.Origin, slot.Count);
        w.Write(vector.Retired.Length);
        foreach (var lives in vector.Retired)
            Count(w, lives.Last, lives.Count);
    }

    public static void Event(BinaryWriter w, EventRecord e)
    {
        Entity(w, e.Entity);
        Count(w, e.Origin, e.Sequence);
        Vector(w, e.Vector);
        w.Write(e.Timestamp.Value);
        w.Write(e.Epoch);
        w.Write(e.BatchIndex);
        w.Write(e.BatchLength);
        List(w, e.Tags, (to, tag) => to.Write(tag));
        w.Write(e.TraceParent);
        w.Write(e.IdempotencyKey);
        w.Write(e.PayloadName);
        w.Write(e.PayloadVersion);
        Bytes(w, e.Payload);
        w.Write(e.OriginPosition);
    }

    private static void Count(BinaryWriter w, Origin origin, ulong count)
    {
        Origin(w, origin);
        w.Write(count);
    }

    private static void Batch(BinaryWriter w, LaneBatch batch)
    {
        w.Write(batch.Lane);
        w.Write(batch.Epoch);
        List(w, batch.Rows, Row);
        List(w, batch.Frontiers, (to, f) =>
        {
            Count(to, f.Origin, f.Position);
            to.Write(f.Highest);
        });
        List(w, batch.Marks, (to, m) => Count(to, m.Origin, m.Position));
        List(w, batch.Owed, Owed);
        List(w, batch.Settled, Owed);
        List(w, batch.Forgotten, (to, f) => Reply(to, f.Entity, f.IdempotencyKey));
        List(w, batch.Replies, (to, r) =>
        {
            Reply(to, r.Entity, r.IdempotencyKey);
            Bytes(to, r.Reply);
            to.Write(r.AtMilliseconds);
        });
        List(w, batch.Conflicts, Conflict);
        List(w, batch.Checkpoints, (to, c) => Content(to, c.Entity, c.Through, c.Content));
        List(w, batch.Removed, (to, r) =>
        {
            Entity(to, r.Entity);
            to.Write(r.LocalSequence);
            to.Write(r.Position);
        });
        List(w, batch.Snapshots, (to, s) => Content(to, s.Entity, s.LocalSequence, s.Content));
        List(w, batch.Notes, (to, n) =>
        {
            to.Write(n.Name);
            Bytes(to, n.Content);
        });
    }

    private static void Row(BinaryWriter w, EventRow row)
    {
        Event(w, row.Event);
        w.Write(row.LocalSequence);
        w.Write(row.Own);
    }

    private static void Owed(BinaryWriter w, Owed owed)
    {
        Entity(w, owed.Entity);
        Count(w, owed.Origin, owed.FromSequence);
        w.Write(owed.Position);
    }

    private static void Reply(BinaryWriter w, EntityKey entity, string key)
    {
        Entity(w, entity);
        w.Write(key);
    }

    private static void Conflict(BinaryWriter w, ConflictRecord conflict)
    {
        Entity(w, conflict.Entity);
        w.Write((int)conflict.Kind);
        Count(w, conflict.Origin, conflict.Sequence);
        w.Write(conflict.RecordedAtMilliseconds);
        w.Write(conflict.Reason);
    }

    private static void Content(BinaryWriter w, EntityKey entity, ulong through, ReadOnlyMemory<byte> content)
    {
        Entity(w, entity);
        w.Write(through);
        Bytes(w, content);
    }
}
