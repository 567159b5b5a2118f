using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>Opens event rows. One for each connection.</summary>
internal sealed class RowReader(Opener opener, OriginTable origins, EntityRegistry entities)
{
    /// <summary>The columns that <see cref="TryRead"/> expects, in this order.</summary>
    public const string Columns =
        "lane, position, entity, local_sequence, origin, sequence, origin_position, timestamp, "
        + "epoch, batch_index, batch_length, salt, nonce, sealed";

    /// <summary>Opens the row that a statement stands on. False when it is damaged, altered, or not the one expected.
    /// </summary>
    /// <param name="lane">The lane it must be of; -1 when any will do.</param>
    /// <param name="position">The position it must have; 0 when any will do.</param>
    /// <param name="entity">The entity number it must be of; 0 when any will do.</param>
    public bool TryRead(Statement row, int lane, ulong position, long entity, out EventRow read)
    {
        read = default;
        Span<long> columns = stackalloc long[EventSealer.Columns];
        columns[0] = row.Long(0);
        for (var i = 1; i < columns.Length; i++)
            columns[i] = row.Long(i + 1);
        var at = (ulong)row.Long(1);
        if ((lane >= 0 && columns[0] != lane) || (position > 0 && at != position)
            || (entity > 0 && columns[1] != entity))
            return false;
        if (!opener.TryOpen(SealDomain.Event, row.Long(11), row.Long(12), columns, row.Blob(13), out var content)
            || origins[columns[3]] is not { } origin || !entities.TryKey(columns[1], out var key)
            || EventContent.Row(columns, at, origin, key, content, origins) is not { } opened)
            return false;
        read = opened;
        return true;
    }
}
