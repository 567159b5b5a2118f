using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Adds up what a store counts by salt, table by table.</summary>
internal sealed class StatsCounts(KeyRing keys)
{
    private static readonly long LastMilliseconds = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    private readonly Dictionary<string, long> tables = new(StringComparer.Ordinal);
    private readonly Dictionary<long, (long Rows, long Records)> byKey = [];
    private ulong oldest = ulong.MaxValue, newest;

    /// <summary>The tables whose records name a salt, besides that of events.</summary>
    public static readonly IReadOnlyList<string> SideTables =
        ["entity", "origin", "snapshot", "reply", "conflict", "frontier", "owed", "effect_mark", "note",
            "checkpoint", "subject_key"];

    /// <summary>Rows of events so far.</summary>
    public long Rows { get; private set; }

    /// <summary>Rows of events under one salt, and the range of their timestamps.</summary>
    public void AddRows(long salt, long count, long first, long last)
    {
        Rows += count;
        (oldest, newest) = (Math.Min(oldest, (ulong)first), Math.Max(newest, (ulong)last));
        Add(salt, count, 0);
    }

    /// <summary>Records of another table under one salt.</summary>
    public void AddRecords(string table, long salt, long count)
    {
        tables[table] = tables.GetValueOrDefault(table) + count;
        Add(salt, 0, count);
    }

    /// <summary>All of it.</summary>
    /// <param name="wrapped">The keys as they lie in the store now.</param>
    public JournalStats ToStats(long bytes, IReadOnlyList<ulong> heads, IEnumerable<WrappedKeyRow> wrapped) => new(
        Rows, bytes, tables.GetValueOrDefault("entity"), heads,
        [.. wrapped.Where(w => w.Purpose == KeyOpening.DataPurpose).OrderBy(w => w.Number).Select(w =>
        {
            var (rows, records) = byKey.GetValueOrDefault(w.Number);
            return new DataKeyUse(w.Number, w.Kek,
                w.MadeAt == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(w.MadeAt), rows, records);
        })],
        Rows == 0 ? null : Time(oldest), Rows == 0 ? null : Time(newest), tables.GetValueOrDefault("snapshot"),
        tables.GetValueOrDefault("owed"), tables.GetValueOrDefault("conflict"), tables.GetValueOrDefault("reply"))
    {
        SubjectKeys = tables.GetValueOrDefault("subject_key"),
    };

    // Rows that name a salt which nobody knows are counted and belong to no key; a check names them.
    private void Add(long salt, long rows, long records)
    {
        var key = keys.DataKeyOf(salt);
        var known = byKey.GetValueOrDefault(key);
        byKey[key] = (known.Rows + rows, known.Records + records);
    }

    // A clock can be off by as much as its forty-eight bits hold, which is more than a date does.
    private static DateTimeOffset Time(ulong timestamp) => DateTimeOffset.FromUnixTimeMilliseconds(
        Math.Min(new HybridTimestamp(timestamp).Milliseconds, LastMilliseconds));
}
