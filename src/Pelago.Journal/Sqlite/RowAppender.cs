using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>Seals and inserts event rows. Used by the writer's thread only.</summary>
internal sealed class RowAppender
{
    private readonly Statement insert;
    private readonly EventSealer sealer;

    public RowAppender(Database database, Sealer sealer)
    {
        this.sealer = new EventSealer(sealer);
        insert = database.Prepare(
            "INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)");
        // Beyond all that the indexes cover, too: the last of those rows may be gone, and whatever has the id of one of
        // them counts as covered when the journal is opened.
        LastId = database.Number("SELECT max(coalesce((SELECT max(id) FROM event), 0), coalesce((SELECT through "
            + $"FROM run WHERE kind = {Schema.RowRun}), 0))");
    }

    /// <summary>The id of the last row written. Set back after a rollback.</summary>
    public long LastId { get; set; }

    /// <summary>Inserts one row in the open transaction.</summary>
    public RowPlace Append(in EventRow row, int lane, ulong position, long entity, Func<Model.Origin, uint> numberOf)
    {
        Span<long> columns = stackalloc long[EventSealer.Columns];
        var box = sealer.Seal(row, lane, entity, numberOf, columns, out var nonce);
        var place = new RowPlace(++LastId, lane, position, entity, row.LocalSequence);
        insert.Bind(1, place.Id).Bind(2, lane).Bind(3, (long)position);
        for (var i = 1; i < columns.Length; i++)
            insert.Bind(i + 3, columns[i]);
        insert.Bind(13, sealer.Salt).Bind(14, nonce).Bind(15, box).Run();
        return place;
    }
}
