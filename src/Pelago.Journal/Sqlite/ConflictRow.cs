using System.Text;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>A row of the conflict ledger as both ways to it read it.</summary>
internal static class ConflictRow
{
    /// <summary>What <see cref="TryOpen"/> expects, in this order.</summary>
    public const string Columns = "entity, kind, origin, sequence, recorded_at, salt, nonce, sealed, number";

    /// <summary>Place of <c>number</c> among the columns.</summary>
    public const int Number = 8;

    /// <summary>The entry in the row at which the statement stands. False when it is damaged or was altered.</summary>
    /// <param name="named">The entry as far as its unsealed columns tell, without a reason; null when entity or origin
    /// are unknown.</param>
    public static bool TryOpen(
        Statement row, Opener opener, OriginTable origins, EntityRegistry entities, out ConflictRecord? named)
    {
        long entity = row.Long(0), kind = row.Long(1), origin = row.Long(2);
        long sequence = row.Long(3), recordedAt = row.Long(4);
        named = null;
        if (!entities.TryKey(entity, out var key) || origins[origin] is not { } known)
            return false;
        named = new ConflictRecord(key, (ConflictKind)kind, known, (ulong)sequence, recordedAt, "");
        if (!opener.TryOpen(SealDomain.Conflict, row.Long(5), row.Long(6),
            [entity, kind, origin, sequence, recordedAt], row.Blob(7), out var reason))
            return false;
        named = named with { Reason = Encoding.UTF8.GetString(reason) };
        return true;
    }
}
