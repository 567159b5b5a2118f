using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>Reads lanes in pages, in order of position.</summary>
internal sealed class LanePages
{
    private const int FilteredPageRows = 4_096;

    private readonly ReadTransactions transactions;
    private readonly OriginTable origins;
    private readonly RecentRows recent;
    private readonly RowAccess rows;
    private readonly RemovedRows removed;
    private readonly Statement ofLane;

    public LanePages(
        Database database, ReadTransactions transactions, OriginTable origins, RecentRows recent, RowAccess rows)
    {
        (this.transactions, this.origins, this.recent, this.rows) = (transactions, origins, recent, rows);
        removed = new RemovedRows(database);
        ofLane = database.Prepare(
            "SELECT position, id FROM lane_row WHERE lane = ?1 AND position >= ?2 AND position <= ?3 "
            + "ORDER BY position");
    }

    /// <summary>Rows of a lane after a position. Reads on until it has a row to return or has seen them all.</summary>
    public LanePage Read(int lane, ulong after, LaneFilter? filter, int maxRows, int maxBytes)
    {
        var head = recent.Head(lane); // before the origin is looked up: an origin is known before its first row shows
        var wanted = filter is null ? 0 : origins.Find(filter.Origin);
        if (wanted is null)
            return new LanePage(lane, [], Math.Max(after, head), []);
        while (true)
        {
            var page = ReadPage(lane, after, filter, wanted.Value, maxRows, maxBytes);
            if (page.Rows.Count > 0 || page.Damaged.Count > 0 || page.Through == after)
                return page;
            after = page.Through;
        }
    }

    private LanePage ReadPage(int lane, ulong after, LaneFilter? filter, long origin, int maxRows, int maxBytes)
    {
        var ids = new List<long>();
        var scan = filter is null ? maxRows : FilteredPageRows;
        var (first, head) = recent.OfLane(lane, after + 1, scan, ids);
        var found = new List<LaneRow>();
        var damaged = new List<ulong>();
        var bytes = 0L;
        var through = after;
        if (head <= after)
            return new LanePage(lane, found, after, damaged);
        using var transaction = transactions.Begin();
        removed.Forget();
        IEnumerable<long> all = after + 1 < first ? [.. Indexed(lane, after + 1, first - 1, scan), .. ids] : ids;
        foreach (var id in all.Take(scan))
        {
            if (found.Count > 0 && (found.Count == maxRows || bytes >= maxBytes))
                break;
            through++;
            if (filter is not null && rows.IsPassedOver(id, through, origin, filter.AfterOriginPosition))
                continue;
            if (rows.TryRead(id, lane, through, 0, out var row))
            {
                found.Add(new LaneRow(through, row));
                bytes += row.Event.Payload.Length;
            }
            else if (!removed.Contains(lane, through))
            {
                damaged.Add(through);
            }
        }
        return new LanePage(lane, found, through, damaged);
    }

    /// <summary>Ids of a lane's positions from the index; 0 for one that the index lacks.</summary>
    private List<long> Indexed(int lane, ulong from, ulong to, int max)
    {
        var ids = new List<long>();
        to = Math.Min(to, from + (ulong)max - 1);
        ofLane.Bind(1, lane).Bind(2, (long)from).Bind(3, (long)to);
        try
        {
            while (ofLane.Step())
            {
                var position = (ulong)ofLane.Long(0);
                while (from + (ulong)ids.Count < position)
                    ids.Add(0);
                ids.Add(ofLane.Long(1));
            }
        }
        finally
        {
            ofLane.Reset();
        }
        while (from + (ulong)ids.Count <= to)
            ids.Add(0);
        return ids;
    }
}
