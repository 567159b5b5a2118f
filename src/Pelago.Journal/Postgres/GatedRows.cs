using Npgsql;
using NpgsqlTypes;

namespace Pelago.Journal;

/// <summary>Rows of one table on their way in one statement. It passes rows of those lanes alone that the group's first
/// statement has moved: see <see cref="GroupCommand"/>.</summary>
/// <remarks>Every table has its columns in one order: eight-byte numbers, four-byte numbers, lane, hash, sealed. Lists
/// are kept from group to group.</remarks>
internal sealed class GatedRows
{
    private readonly string sql;
    private readonly List<long>[] longs;
    private readonly List<int>[] ints;
    private readonly List<short> lanes = [];
    private readonly List<byte[]>? hashes, boxes;

    private GatedRows(string sql, int longs, int ints, bool hash, bool box)
    {
        this.sql = sql;
        this.longs = [.. Enumerable.Range(0, longs).Select(_ => new List<long>())];
        this.ints = [.. Enumerable.Range(0, ints).Select(_ => new List<int>())];
        hashes = hash ? [] : null;
        boxes = box ? [] : null;
    }

    /// <summary>How many rows there are.</summary>
    public int Count => lanes.Count;

    /// <summary>An insert.</summary>
    /// <param name="keepsLane">True when the lane is a column of the table, too.</param>
    /// <param name="conflict">What follows the select.</param>
    /// <param name="box">False when nothing is sealed.</param>
    public static GatedRows Insert(PostgresSchema schema, string table, string[] longs, string[] ints, bool keepsLane,
        bool hash, string conflict = "", bool box = true)
    {
        string[] all = [.. longs, .. ints, "lane", .. hash ? (string[])["hash"] : [], .. box ? (string[])["sealed"]
            : []];
        string[] kept = [.. all.Where(c => keepsLane || c != "lane")];
        return new GatedRows($"INSERT INTO {schema[table]} ({string.Join(", ", kept)}) "
            + $"SELECT {string.Join(", ", kept.Select(c => $"r.{c}"))} FROM {Source(all)} {Gate(schema, all.Length)} "
            + conflict, longs.Length, ints.Length, hash, box);
    }

    /// <summary>A delete of the rows that have these values.</summary>
    public static GatedRows Delete(PostgresSchema schema, string table, string[] longs, string[] ints, bool hash)
    {
        string[] values = [.. longs, .. ints, "lane", .. hash ? (string[])["hash"] : []];
        var same = values.Where(c => c != "lane").Select(c => $"t.{c} = r.{c}");
        return new GatedRows($"DELETE FROM {schema[table]} t USING {Source(values)} {Gate(schema, values.Length)} "
            + $"WHERE {string.Join(" AND ", same)}", longs.Length, ints.Length, hash, box: false);
    }

    /// <summary>Adds a row.</summary>
    public void Add(
        ReadOnlySpan<long> longValues, ReadOnlySpan<int> intValues, int lane, byte[]? hash = null, byte[]? box = null)
    {
        for (var i = 0; i < longs.Length; i++)
            longs[i].Add(longValues[i]);
        for (var i = 0; i < ints.Length; i++)
            ints[i].Add(intValues[i]);
        lanes.Add((short)lane);
        hashes?.Add(hash!);
        boxes?.Add(box!);
    }

    /// <summary>Adds the statement to a batch when there are rows.</summary>
    public void AddTo(NpgsqlBatch batch, long stamp)
    {
        if (Count == 0)
            return;
        var command = new NpgsqlBatchCommand(sql);
        foreach (var column in longs)
            command.Parameters.Add(Parameter(column, NpgsqlDbType.Bigint));
        foreach (var column in ints)
            command.Parameters.Add(Parameter(column, NpgsqlDbType.Integer));
        command.Parameters.Add(Parameter(lanes, NpgsqlDbType.Smallint));
        if (hashes is not null)
            command.Parameters.Add(Parameter(hashes, NpgsqlDbType.Bytea));
        if (boxes is not null)
            command.Parameters.Add(Parameter(boxes, NpgsqlDbType.Bytea));
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = stamp });
        batch.BatchCommands.Add(command);
    }

    public void Clear()
    {
        foreach (var column in longs)
            column.Clear();
        foreach (var column in ints)
            column.Clear();
        lanes.Clear();
        hashes?.Clear();
        boxes?.Clear();
    }

    private static NpgsqlParameter<List<T>> Parameter<T>(List<T> values, NpgsqlDbType type)
        => new() { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type };

    private static string Source(string[] columns)
        => $"unnest({string.Join(", ", columns.Select((_, i) => $"${i + 1}"))}) WITH ORDINALITY AS "
            + $"r({string.Join(", ", columns)}, at)";

    private static string Gate(PostgresSchema schema, int columns)
        => $"JOIN {schema["lane"]} l ON l.lane = r.lane AND l.stamp = ${columns + 1}";
}
