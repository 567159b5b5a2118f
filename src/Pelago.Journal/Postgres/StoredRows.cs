using Npgsql;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>An event's row as it lies in the store.</summary>
/// <param name="Columns">As <see cref="EventSealer"/> orders them.</param>
internal sealed record StoredRow(long[] Columns, ulong Position, long Salt, long Nonce, byte[] Sealed)
{
    /// <summary>Columns of a select that <see cref="Of"/> reads, in this order.</summary>
    public const string Select = "lane, entity, local_sequence, origin, sequence, origin_position, timestamp, epoch, "
        + "batch_index, batch_length, position, salt, nonce, sealed";

    /// <summary>The row at which a reader stands.</summary>
    public static StoredRow Of(NpgsqlDataReader row) => new(
        [row.GetInt16(0), row.GetInt64(1), row.GetInt64(2), row.GetInt32(3), row.GetInt64(4), row.GetInt64(5),
            row.GetInt64(6), row.GetInt64(7), row.GetInt32(8), row.GetInt32(9)],
        (ulong)row.GetInt64(10), row.GetInt32(11), row.GetInt64(12), row.Bytes(13));

    public int Lane => (int)Columns[0];

    public long Entity => Columns[1];

    /// <summary>True when the row names salts or origins that this process does not know: another one added them.
    /// </summary>
    public bool IsNews(PostgresParts parts) => Salt > parts.Keys.LastSalt || Columns[3] > parts.Origins.Count;

    /// <summary>The event; null when it is damaged, was altered, or its entity is not known.</summary>
    public EventRow? Open(Opener opener, OriginTable origins, EntityKey? key)
    {
        if (key is not { } entity || origins[Columns[3]] is not { } origin
            || !opener.TryOpen(SealDomain.Event, Salt, Nonce, Columns, Sealed, out var content))
            return null;
        return EventContent.Row(Columns, Position, origin, entity, content, origins);
    }
}
