using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>Seals event rows: the hot path of every journal. Used by one writer at a time.</summary>
/// <remarks>The unsealed columns, in this order: lane, entity, local sequence, origin, sequence, position at the origin
/// (0 for own rows), timestamp, epoch, batch index, batch length.</remarks>
internal sealed class EventSealer(Sealer sealer)
{
    /// <summary>How many unsealed columns a row has besides its position.</summary>
    public const int Columns = 10;

    private readonly SealedEventWriter writer = new();
    private readonly uint[] origins = new uint[EventLimits.MaxVectorSlots];

    /// <summary>Number of the salt that rows name.</summary>
    public long Salt => sealer.Salt;

    /// <summary>Seals one row.</summary>
    /// <param name="entity">The entity's number.</param>
    /// <param name="numberOf">Gives origins their numbers.</param>
    /// <param name="columns">Filled with the row's unsealed columns; room for <see cref="Columns"/>.</param>
    /// <param name="nonce">The counter to store beside the box.</param>
    /// <returns>The box; valid until the next call.</returns>
    public ReadOnlySpan<byte> Seal(
        in EventRow row, int lane, long entity, Func<Origin, uint> numberOf, scoped Span<long> columns, out long nonce)
    {
        var e = row.Event;
        var slots = e.Vector.Slots;
        for (var i = 0; i < slots.Length; i++)
            origins[i] = numberOf(slots[i].Origin);
        var retired = e.Vector.Retired;
        for (var i = 0; i < retired.Length; i++)
            origins[slots.Length + i] = numberOf(retired[i].Last);
        var content = writer.Write(e, origins.AsSpan(0, slots.Length + retired.Length));
        (columns[0], columns[1], columns[2]) = (lane, entity, (long)row.LocalSequence);
        (columns[3], columns[4], columns[5]) = (numberOf(e.Origin), (long)e.Sequence, (long)e.OriginPosition);
        (columns[6], columns[7]) = ((long)e.Timestamp.Value, e.Epoch);
        (columns[8], columns[9]) = (e.BatchIndex, e.BatchLength);
        return sealer.Seal(SealDomain.Event, columns[..Columns], content, out nonce);
    }
}
