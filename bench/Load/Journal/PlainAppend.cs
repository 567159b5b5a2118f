using System.Diagnostics;
using Pelago.Journal;
using SQLitePCL;

namespace Pelago.Bench.Load;

/// <summary>The reference: SQLite appending rows of one size in transactions of one size, write-ahead mode,
/// <c>synchronous=FULL</c>, no secondary index, prepared statements. What the disk and SQLite give at best.</summary>
public static class PlainAppend
{
    /// <summary>Appends and measures each transaction.</summary>
    public static Figures Run(string directory, int rows, int rowsPerBatch, int rowBytes)
    {
        _ = SqliteLibrary.Version;
        Check(raw.sqlite3_open(Path.Combine(directory, "plain.db"), out var database));
        using var open = database;
        foreach (var pragma in (string[])["journal_mode = WAL", "synchronous = FULL", "cache_size = -65536"])
            Check(raw.sqlite3_exec(database, $"PRAGMA {pragma}"));
        Check(raw.sqlite3_exec(database, "CREATE TABLE event (id INTEGER PRIMARY KEY, body BLOB NOT NULL)"));
        Check(raw.sqlite3_prepare_v2(database, "INSERT INTO event VALUES (?1, ?2)", out var insert));
        using var statement = insert;
        var body = new byte[rowBytes];
        new Random(1).NextBytes(body);
        var commits = new List<double>(rows / rowsPerBatch);
        var started = Stopwatch.GetTimestamp();
        for (var id = 1L; id <= rows;)
        {
            var began = Stopwatch.GetTimestamp();
            Check(raw.sqlite3_exec(database, "BEGIN IMMEDIATE"));
            for (var i = 0; i < rowsPerBatch; i++, id++)
            {
                raw.sqlite3_bind_int64(insert, 1, id);
                raw.sqlite3_bind_blob(insert, 2, body);
                Check(raw.sqlite3_step(insert));
                raw.sqlite3_reset(insert);
            }
            Check(raw.sqlite3_exec(database, "COMMIT"));
            commits.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        return Figures.Of(rows, Stopwatch.GetElapsedTime(started), commits);
    }

    private static void Check(int code)
    {
        if (code is not (raw.SQLITE_OK or raw.SQLITE_DONE))
            throw new InvalidOperationException($"SQLite answered {code}.");
    }
}
