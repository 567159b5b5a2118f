using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>Gets rows by their ids, within somebody's transaction. A row that cannot be opened is none: whoever asked
/// says what that means.</summary>
internal sealed class RowAccess
{
    private readonly RowReader rows;
    private readonly Statement byId, atPlace;
    private int rowLane; // lane of the row that was read last, and whether this journal is its origin
    private bool ownRow;
    private ulong rowPosition;

    public RowAccess(Database database, RowReader rows)
    {
        this.rows = rows;
        byId = database.Prepare($"SELECT {RowReader.Columns} FROM event WHERE id = ?1");
        atPlace = database.Prepare("SELECT id FROM lane_row WHERE lane = ?1 AND position = ?2");
    }

    /// <summary>Reads a row.</summary>
    /// <param name="id">0 for one that an index lacks.</param>
    /// <param name="lane">Lane in which it must lie; negative for any.</param>
    /// <param name="position">Where in that lane.</param>
    /// <param name="entity">Entity that it must be of; 0 for any.</param>
    /// <param name="row">The row.</param>
    public bool TryRead(long id, int lane, ulong position, long entity, out EventRow row)
    {
        row = default;
        if (id == 0)
            return false;
        byId.Bind(1, id);
        try
        {
            if (!byId.Step())
                return false;
            (rowLane, rowPosition, ownRow) = ((int)byId.Long(0), (ulong)byId.Long(1), byId.Long(6) == 0);
            return rows.TryRead(byId, lane, position, entity, out row);
        }
        catch (StoreException e) when (e.IsDamage)
        {
            return false;
        }
        finally
        {
            byId.Reset();
        }
    }

    /// <summary>Of the row that was read last: false when an own row's position, which is no part of the associated
    /// data, is not where the row lies. Its position at the origin would be wrong.</summary>
    public bool IsInPlace(EntityPlace place, EventRecord e)
    {
        return !ownRow || IsAt(place, e.OriginPosition);
    }

    /// <summary>Where in its lane the row lies that was read last; 0 when that cannot be told.</summary>
    public ulong PlaceOf(EntityPlace place) => IsAt(place, rowPosition) ? rowPosition : 0;

    private bool IsAt(EntityPlace place, ulong position)
    {
        if (place.Position > 0)
            return place.Position == position;
        atPlace.Bind(1, rowLane).Bind(2, (long)position);
        try
        {
            return atPlace.Step() && atPlace.Long(0) == place.Id;
        }
        finally
        {
            atPlace.Reset();
        }
    }

    /// <summary>True for a row that a filter does not want, told without opening it.</summary>
    public bool IsPassedOver(long id, ulong position, long origin, ulong afterOriginPosition)
    {
        if (id == 0)
            return false;
        byId.Bind(1, id);
        try
        {
            if (!byId.Step())
                return false;
            var originPosition = byId.Long(6) == 0 ? position : (ulong)byId.Long(6);
            return byId.Long(4) != origin || originPosition <= afterOriginPosition;
        }
        catch (StoreException e) when (e.IsDamage)
        {
            return false; // it is wanted as far as anybody can tell, and is then reported
        }
        finally
        {
            byId.Reset();
        }
    }
}
