using System.Text;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>Writes <c>pelago.stored.v1.SealedEvent</c> by hand, byte for byte as the generated class would: this is
/// done once for every row written, and the generated way costs ten allocations a row.</summary>
internal sealed class SealedEventWriter
{
    private byte[] buffer = new byte[4096];
    private int at;

    /// <summary>The message; valid until the next call.</summary>
    /// <param name="origins">Journal's numbers of the vector's origins, slot by slot, then of its retired
    /// lives.</param>
    public ReadOnlySpan<byte> Write(EventRecord e, ReadOnlySpan<uint> origins)
    {
        at = 0;
        var regions = e.Regions is { } rule ? rule.ToBytes() : [];
        Reserve(Bound(e) + regions.Length);
        var slots = e.Vector.Slots;
        var retired = e.Vector.Retired;
        Span<ulong> counts = stackalloc ulong[origins.Length];
        for (var i = 0; i < slots.Length; i++)
            counts[i] = slots[i].Count;
        for (var i = 0; i < retired.Length; i++)
            counts[slots.Length + i] = retired[i].Count;
        Packed(0x0A, 0x12, origins[..slots.Length], counts[..slots.Length]);
        foreach (var tag in e.Tags)
            Text(0x1A, tag, always: true);
        Text(0x22, e.TraceParent, always: false);
        Text(0x2A, e.IdempotencyKey, always: false);
        Text(0x32, e.PayloadName, always: false);
        if (e.PayloadVersion != 0)
        {
            buffer[at++] = 0x38;
            Varint((ulong)e.PayloadVersion);
        }
        if (!e.Payload.IsEmpty)
            Bytes(0x42, e.Payload.Span);
        Packed(0x4A, 0x52, origins[slots.Length..], counts[slots.Length..]);
        if (regions.Length > 0)
            Bytes(0x5A, regions);
        return buffer.AsSpan(0, at);
    }

    private static int Bound(EventRecord e)
    {
        var bytes = 64 + ((e.Vector.Count + e.Vector.Retired.Length) * 15) + e.Payload.Length
            + (3 * (e.TraceParent.Length + e.IdempotencyKey.Length + e.PayloadName.Length));
        foreach (var tag in e.Tags)
            bytes += 6 + (3 * tag.Length);
        return bytes;
    }

    private void Reserve(int bytes)
    {
        if (buffer.Length < bytes)
            buffer = new byte[bytes * 2];
    }

    private void Packed(byte numbersTag, byte countsTag, ReadOnlySpan<uint> numbers, ReadOnlySpan<ulong> counts)
    {
        if (numbers.IsEmpty)
            return;
        ulong numberBytes = 0, countBytes = 0;
        foreach (var number in numbers)
            numberBytes += VarintBytes(number);
        foreach (var count in counts)
            countBytes += VarintBytes(count);
        buffer[at++] = numbersTag;
        Varint(numberBytes);
        foreach (var number in numbers)
            Varint(number);
        buffer[at++] = countsTag;
        Varint(countBytes);
        foreach (var count in counts)
            Varint(count);
    }

    private void Text(byte tag, string text, bool always)
    {
        if (text.Length == 0 && !always)
            return;
        buffer[at++] = tag;
        Varint((ulong)Encoding.UTF8.GetByteCount(text));
        at += Encoding.UTF8.GetBytes(text, buffer.AsSpan(at));
    }

    private void Bytes(byte tag, ReadOnlySpan<byte> bytes)
    {
        buffer[at++] = tag;
        Varint((ulong)bytes.Length);
        bytes.CopyTo(buffer.AsSpan(at));
        at += bytes.Length;
    }

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            buffer[at++] = (byte)(value | 0x80);
        buffer[at++] = (byte)value;
    }

    private static ulong VarintBytes(ulong value)
    {
        var bytes = 1ul;
        for (; value >= 0x80; value >>= 7)
            bytes++;
        return bytes;
    }
}
