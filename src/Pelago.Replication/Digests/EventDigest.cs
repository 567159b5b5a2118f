using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Identity and content of one event in 32 bytes: the same in every region that holds the event
/// unchanged.</summary>
public static class EventDigest
{
    /// <summary>SHA-256 over every field that its author wrote. The position at the origin is left out: it belongs
    /// to the origin's journal, not to the event.</summary>
    public static byte[] Of(EventRecord e)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Text(hash, e.Entity.Type);
        Text(hash, e.Entity.Id);
        From(hash, e.Origin, e.Sequence);
        Number(hash, (ulong)e.Vector.Count);
        foreach (ref readonly var slot in e.Vector.Slots)
            From(hash, slot.Origin, slot.Count);
        foreach (ref readonly var lives in e.Vector.Retired)
        {
            Text(hash, "retired");
            From(hash, lives.Last, lives.Count);
        }
        Number(hash, e.Timestamp.Value);
        Number(hash, e.Epoch);
        Number(hash, (ulong)e.BatchIndex);
        Number(hash, (ulong)e.BatchLength);
        Number(hash, (ulong)e.Tags.Count);
        foreach (var tag in e.Tags)
            Text(hash, tag);
        Text(hash, e.TraceParent);
        Text(hash, e.IdempotencyKey);
        Text(hash, e.PayloadName);
        Number(hash, (ulong)e.PayloadVersion);
        Number(hash, (ulong)e.Payload.Length);
        hash.AppendData(e.Payload.Span);
        if (e.Regions is { } rule)
        {
            Text(hash, "regions");
            hash.AppendData(rule.ToBytes());
        }
        return hash.GetHashAndReset();
    }

    private static void From(IncrementalHash hash, Origin origin, ulong count)
    {
        Text(hash, origin.Region);
        Span<byte> buffer = stackalloc byte[16];
        origin.Incarnation.Write(buffer);
        hash.AppendData(buffer);
        Number(hash, count);
    }

    private static void Text(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Number(hash, (ulong)bytes.Length);
        hash.AppendData(bytes);
    }

    private static void Number(IncrementalHash hash, ulong value)
    {
        Span<byte> buffer = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(buffer, value);
        hash.AppendData(buffer);
    }
}
