using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Counts what a journal holds. In chunks, so that no transaction stands in the way of checkpoints.</summary>
internal sealed class JournalCounting(Database database, KeyRing keys, RecentRows recent)
{
    private const long ChunkRows = 65_536;

    private readonly StatsCounts counts = new(keys);

    public JournalStats Run(IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var heads = new ulong[EntityKey.Lanes];
        for (var lane = 0; lane < heads.Length; lane++)
            heads[lane] = recent.Head(lane);
        Rows(progress, cancellationToken);
        foreach (var table in StatsCounts.SideTables)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var once = database.Once($"SELECT salt, count(*) FROM {table} GROUP BY salt", out var select);
            while (select.Step())
                counts.AddRecords(table, select.Long(0), select.Long(1));
        }
        return counts.ToStats(BytesOnDisk(), heads, StoredKeys.Read(database));
    }

    private void Rows(IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var last = database.Number("SELECT max(id) FROM event");
        using var once = database.Once("SELECT salt, count(*), min(timestamp), max(timestamp) FROM event "
            + "WHERE id > ?1 AND id <= ?2 GROUP BY salt", out var select);
        for (var after = 0L; after < last; after += ChunkRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            select.Bind(1, after).Bind(2, Math.Min(last, after + ChunkRows));
            try
            {
                while (select.Step())
                    counts.AddRows(select.Long(0), select.Long(1), select.Long(2), select.Long(3));
            }
            finally
            {
                select.Reset();
            }
            progress?.Report(counts.Rows);
        }
    }

    private long BytesOnDisk()
    {
        var path = database.Text("SELECT file FROM pragma_database_list WHERE name = 'main'");
        return new[] { path, path + "-wal", path + "-shm" }.Select(p => new FileInfo(p)).Where(f => f.Exists)
            .Sum(f => f.Length);
    }
}
