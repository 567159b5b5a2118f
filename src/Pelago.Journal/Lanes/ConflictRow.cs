using System.Text;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>A row of the conflict ledger as it lies in the store.</summary>
internal readonly record struct ConflictRow(
    long Entity, long Kind, long Origin, long Sequence, long RecordedAt, long Salt, long Nonce, byte[] Sealed,
    long Number)
{
    /// <summary>The columns in the order of the parameters.</summary>
    public const string Columns = "entity, kind, origin, sequence, recorded_at, salt, nonce, sealed, number";

    /// <summary>The entry. False when it is damaged or was altered.</summary>
    /// <param name="key">The entity that the row names, or null when that is not known.</param>
    /// <param name="named">The entry as far as its unsealed columns tell, without a reason; null when entity or origin
    /// are unknown.</param>
    public bool TryOpen(Opener opener, OriginTable origins, EntityKey? key, out ConflictRecord? named)
    {
        named = null;
        if (key is not { } entity || origins[Origin] is not { } known)
            return false;
        named = new ConflictRecord(entity, (ConflictKind)Kind, known, (ulong)Sequence, RecordedAt, "");
        if (!opener.TryOpen(SealDomain.Conflict, Salt, Nonce, [Entity, Kind, Origin, Sequence, RecordedAt], Sealed,
            out var reason))
            return false;
        named = named with { Reason = Encoding.UTF8.GetString(reason) };
        return true;
    }
}
