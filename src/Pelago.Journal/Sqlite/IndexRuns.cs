using System.Buffers.Binary;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Writes the indexes behind the appends. Used by the writer's thread only.</summary>
/// <remarks>The problem: an index entry of a random entity dirties a page of its own, in every commit. The idea:
/// collect some ten thousand rows, sort them once, and insert them in order, so that neighbours share a page and each
/// page is touched once for each run. A slice goes with each commit, larger than the commit itself, so that a run is
/// done long before the next one is full and no commit pays for a whole one. Rejected: indexes on the event table (five
/// times slower, measured), rows clustered by lane (as slow: pages split in the middle), runs in files of their own
/// with merges (more code, and a look-up would visit every run).</remarks>
internal sealed class IndexRuns
{
    private const int IndexBits = 20; // rows of a run that the sort key can number

    private readonly Statement byEntity, byLane, finish;
    private readonly RecentRows recent;
    private readonly int runRows;
    private ulong[] order = [];
    private RecentRows.Run? run;
    private Cursor done, reached;

    public IndexRuns(Database database, RecentRows recent, int runRows)
    {
        (this.recent, this.runRows) = (recent, Math.Clamp(runRows, 16, (1 << IndexBits) / 4));
        byEntity = database.Prepare("INSERT OR IGNORE INTO entity_row VALUES (?1, ?2, ?3)");
        byLane = database.Prepare("INSERT OR IGNORE INTO lane_row VALUES (?1, ?2, ?3)");
        finish = database.Prepare($"INSERT OR REPLACE INTO run VALUES ({Schema.RowRun}, ?1, ?2)");
    }

    /// <summary>Writes a slice in the open transaction.</summary>
    /// <param name="appended">Rows that the transaction appends.</param>
    public void WriteSlice(int appended)
    {
        reached = done;
        if (run is null && !Begin())
            return;
        var rows = run!.Rows;
        var budget = Math.Max(256, appended * 2);
        for (; budget > 0 && reached.Entity < rows.Count; budget--, reached.Entity++)
        {
            var row = rows[(int)(order[reached.Entity] & ((1 << IndexBits) - 1))];
            if (recent.IsRemoved(row.Id))
                continue;
            byEntity.Bind(1, row.Entity).Bind(2, (long)row.LocalSequence).Bind(3, row.Id).Run();
        }
        while (budget > 0 && reached.Lane < EntityKey.Lanes)
        {
            var ids = run.Lane(reached.Lane);
            for (; budget > 0 && reached.InLane < ids.Count; budget--, reached.InLane++)
                WriteLane(ids);
            if (reached.InLane == ids.Count)
                (reached.Lane, reached.InLane) = (reached.Lane + 1, 0);
        }
        if (reached.Lane == EntityKey.Lanes)
            finish.Bind(1, rows[^1].Id).Bind(2, EndHeads(run)).Run();
    }

    /// <summary>After the commit.</summary>
    public void Commit()
    {
        done = reached;
        if (run is null || done.Lane < EntityKey.Lanes)
            return;
        recent.Retire();
        (run, done, reached) = (null, default, default);
    }

    /// <summary>After a rollback: the slice is written again next time.</summary>
    public void Rollback() => reached = done;

    private bool Begin()
    {
        run = recent.Freeze(runRows);
        if (run is null)
            return false;
        if (order.Length < run.Rows.Count)
            order = new ulong[run.Rows.Count];
        for (var i = 0; i < run.Rows.Count; i++)
            order[i] = ((ulong)run.Rows[i].Entity << IndexBits) | (uint)i;
        Array.Sort(order, 0, run.Rows.Count);
        return true;
    }

    private void WriteLane(List<long> ids)
    {
        var id = ids[reached.InLane];
        if (id == 0 || recent.IsRemoved(id))
            return; // a row that was missing at start stays missing, and so does one that was removed
        var position = run!.LaneStart(reached.Lane) + (ulong)reached.InLane;
        byLane.Bind(1, reached.Lane).Bind(2, (long)position).Bind(3, id).Run();
    }

    private static byte[] EndHeads(RecentRows.Run run)
    {
        var heads = new byte[EntityKey.Lanes * 8];
        for (var lane = 0; lane < EntityKey.Lanes; lane++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(
                heads.AsSpan(lane * 8), run.StartHeads[lane] + (ulong)run.Lane(lane).Count);
        }
        return heads;
    }

    private struct Cursor
    {
        public int Entity, Lane, InLane;
    }
}
