using System.Numerics;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>Which positions of the lanes have no row any more. One for each connection that reads.</summary>
internal sealed class RemovedRows(Database database)
{
    private readonly Statement word = database.Prepare("SELECT bits FROM removed WHERE lane = ?1 AND word = ?2");
    private (int Lane, ulong Word, ulong Bits)? last;

    /// <summary>True when the row of that position was removed.</summary>
    public bool Contains(int lane, ulong position)
    {
        if (last is not { } known || known.Lane != lane || known.Word != position / 64)
            last = known = (lane, position / 64, Read(lane, position / 64));
        return (known.Bits >> (int)(position % 64) & 1) != 0;
    }

    /// <summary>Another transaction begins: what was read may have changed.</summary>
    public void Forget() => last = null;

    /// <summary>How many rows of a lane were removed after one position and up to another.</summary>
    public static ulong Count(Database database, int lane, ulong after, ulong through)
    {
        using var once = database.Once(
            "SELECT word, bits FROM removed WHERE lane = ?1 AND word >= ?2 AND word <= ?3", out var select);
        select.Bind(1, lane).Bind(2, (long)((after + 1) / 64)).Bind(3, (long)(through / 64));
        var count = 0ul;
        while (select.Step())
        {
            var (first, bits) = ((ulong)select.Long(0) * 64, (ulong)select.Long(1));
            for (; bits != 0; bits &= bits - 1)
            {
                var position = first + (ulong)BitOperations.TrailingZeroCount(bits);
                if (position > after && position <= through)
                    count++;
            }
        }
        return count;
    }

    private ulong Read(int lane, ulong at)
    {
        word.Bind(1, lane).Bind(2, (long)at);
        try
        {
            return word.Step() ? (ulong)word.Long(0) : 0;
        }
        finally
        {
            word.Reset();
        }
    }
}

/// <summary>Removes rows in the open transaction. Used by the writer's thread only.</summary>
internal sealed class RowRemover
{
    private readonly Statement find, row, ofEntity, ofLane, bit;
    private readonly RecentRows recent;
    private readonly List<long> going = [];
    private readonly Dictionary<(long Entity, ulong LocalSequence), long> unindexed = [];
    private long unindexedOf; // looked up once for all rows of an entity that go with a group

    public RowRemover(Database database, RecentRows recent)
    {
        this.recent = recent;
        find = database.Prepare("SELECT id FROM entity_row WHERE entity = ?1 AND local_sequence = ?2");
        row = database.Prepare("DELETE FROM event WHERE id = ?1");
        ofEntity = database.Prepare("DELETE FROM entity_row WHERE entity = ?1 AND local_sequence = ?2");
        ofLane = database.Prepare("DELETE FROM lane_row WHERE lane = ?1 AND position = ?2");
        bit = database.Prepare("INSERT INTO removed VALUES (?1, ?2, ?3) ON CONFLICT (lane, word) DO UPDATE "
            + "SET bits = bits | excluded.bits");
    }

    /// <summary>Removes a row and what leads to it.</summary>
    /// <param name="entity">Number of its entity.</param>
    public void Remove(long entity, int lane, RemovedRow removed)
    {
        if (IdOf(entity, removed.LocalSequence) is not { } id)
            throw new ArgumentException($"There is no row {removed.LocalSequence} of entity {entity} to remove.");
        row.Bind(1, id).Run();
        ofEntity.Bind(1, entity).Bind(2, (long)removed.LocalSequence).Run();
        ofLane.Bind(1, lane).Bind(2, (long)removed.Position).Run();
        bit.Bind(1, lane).Bind(2, (long)(removed.Position / 64)).Bind(3, (long)(1ul << (int)(removed.Position % 64)))
            .Run();
        if (recent.Remove(id))
            going.Add(id);
    }

    public void Commit() => Clear();

    /// <summary>After a rollback: the rows are there.</summary>
    public void Rollback()
    {
        foreach (var id in going)
            recent.Keep(id);
        Clear();
    }

    private void Clear()
    {
        going.Clear();
        if (unindexedOf != 0)
            unindexed.Clear();
        unindexedOf = 0;
    }

    private long? IdOf(long entity, ulong localSequence)
    {
        find.Bind(1, entity).Bind(2, (long)localSequence);
        try
        {
            if (find.Step())
                return find.Long(0);
        }
        finally
        {
            find.Reset();
        }
        if (unindexedOf != entity)
        {
            unindexedOf = entity;
            foreach (var place in recent.OfEntity(entity).Places)
                unindexed[(entity, place.LocalSequence)] = place.Id;
        }
        return unindexed.TryGetValue((entity, localSequence), out var id) ? id : null;
    }
}
