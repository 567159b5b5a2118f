using System.Diagnostics;
using SQLitePCL;

namespace Pelago.Bench.Load;

/// <summary>The reference of catching up: the rows that <see cref="PlainAppend"/> wrote, read in order and inserted
/// into another file like there, in transactions of one size, <c>synchronous=FULL</c>. No wire, no keys, no order to
/// keep.</summary>
public static class PlainCopy
{
    /// <summary>Copies; returns rows a second.</summary>
    public static double Run(string directory, int rowsPerBatch)
    {
        Check(raw.sqlite3_open(Path.Combine(directory, "plain.db"), out var source));
        using var from = source;
        Check(raw.sqlite3_open(Path.Combine(directory, "copy.db"), out var target));
        using var to = target;
        foreach (var pragma in (string[])["journal_mode = WAL", "synchronous = FULL", "cache_size = -65536"])
            Check(raw.sqlite3_exec(to, $"PRAGMA {pragma}"));
        Check(raw.sqlite3_exec(to, "CREATE TABLE event (id INTEGER PRIMARY KEY, body BLOB NOT NULL)"));
        Check(raw.sqlite3_prepare_v2(from, "SELECT id, body FROM event ORDER BY id", out var select));
        using var rows = select;
        Check(raw.sqlite3_prepare_v2(to, "INSERT INTO event VALUES (?1, ?2)", out var insert));
        using var statement = insert;
        var copied = 0L;
        var started = Stopwatch.GetTimestamp();
        for (var more = true; more;)
        {
            Check(raw.sqlite3_exec(to, "BEGIN IMMEDIATE"));
            for (var i = 0; i < rowsPerBatch && (more = raw.sqlite3_step(select) == raw.SQLITE_ROW); i++, copied++)
            {
                raw.sqlite3_bind_int64(insert, 1, raw.sqlite3_column_int64(select, 0));
                raw.sqlite3_bind_blob(insert, 2, raw.sqlite3_column_blob(select, 1));
                Check(raw.sqlite3_step(insert));
                raw.sqlite3_reset(insert);
            }
            Check(raw.sqlite3_exec(to, "COMMIT"));
        }
        return copied / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static void Check(int code)
    {
        if (code is not (raw.SQLITE_OK or raw.SQLITE_DONE))
            throw new InvalidOperationException($"SQLite answered {code}.");
    }
}
