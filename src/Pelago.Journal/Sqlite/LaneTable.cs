using Pelago.Model;

namespace Pelago.Journal;

/// <summary>The lanes' rows: fence, source of positions, and hole detector. Used by the writer's thread only.</summary>
/// <remarks>The numbers in memory say what the row must hold; the update says so in its condition. When it changes no
/// row, somebody else wrote, and nothing is appended.</remarks>
internal sealed class LaneTable
{
    private readonly Database database;
    private readonly Statement advance, acquire;
    private readonly Lane[] lanes = new Lane[EntityKey.Lanes];

    public LaneTable(Database database)
    {
        this.database = database;
        using var once = database.Once("SELECT lane, epoch, head, own_head FROM lane", out var select);
        while (select.Step())
        {
            var lane = select.Long(0);
            if (lane is >= 0 and < EntityKey.Lanes)
                lanes[lane] = new Lane((uint)select.Long(1), (ulong)select.Long(2), (ulong)select.Long(3));
        }
        advance = database.Prepare(
            "UPDATE lane SET head = ?1, own_head = ?2 WHERE lane = ?3 AND epoch = ?4 AND head = ?5");
        acquire = database.Prepare("UPDATE lane SET epoch = ?1 WHERE lane = ?2 AND epoch = ?3");
    }

    /// <summary>A lane as committed.</summary>
    public ref Lane this[int lane] => ref lanes[lane];

    /// <summary>All heads as committed.</summary>
    public ulong[] Heads => [.. lanes.Select(l => l.Head)];

    /// <summary>Moves a lane's head in the open transaction.</summary>
    /// <exception cref="StoreException">The row is not as this process left it.</exception>
    public void Advance(int lane, in Lane to)
    {
        ref var from = ref lanes[lane];
        advance.Bind(1, (long)to.Head).Bind(2, (long)to.OwnHead).Bind(3, lane).Bind(4, from.Epoch)
            .Bind(5, (long)from.Head).Run();
        if (database.Changes != 1)
            throw new StoreException(SQLitePCL.raw.SQLITE_CORRUPT, $"lane {lane} was changed behind the writer");
    }

    /// <summary>Raises a lane's epoch in the open transaction.</summary>
    public void Acquire(int lane, uint epoch)
    {
        acquire.Bind(1, epoch).Bind(2, lane).Bind(3, lanes[lane].Epoch).Run();
        if (database.Changes != 1)
            throw new StoreException(SQLitePCL.raw.SQLITE_CORRUPT, $"lane {lane} was changed behind the writer");
    }

    /// <summary>Epoch, head and own head of a lane.</summary>
    internal record struct Lane(uint Epoch, ulong Head, ulong OwnHead);
}
