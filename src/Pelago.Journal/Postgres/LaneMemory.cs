using Npgsql;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>A lane's row as this process knows it.</summary>
/// <param name="Life">Number of the incarnation that writes.</param>
/// <param name="Stamp">Which group changed it last.</param>
internal readonly record struct LaneRecord(uint Epoch, ulong Head, ulong OwnHead, long Life, long Stamp)
{
    /// <summary>Columns of a select that <see cref="Of"/> reads, in this order.</summary>
    public const string Columns = "epoch, head, own_head, life, stamp";

    /// <summary>The record in these columns of the row at which a reader stands.</summary>
    /// <param name="at">Place of the first column.</param>
    public static LaneRecord Of(NpgsqlDataReader row, int at) => new((uint)row.GetInt64(at),
        (ulong)row.GetInt64(at + 1), (ulong)row.GetInt64(at + 2), row.GetInt64(at + 3), row.GetInt64(at + 4));
}

/// <summary>The lanes' rows as this process left them: what its next append expects to find. The writer changes it,
/// every thread reads it.</summary>
internal sealed class LaneMemory
{
    private readonly Lock gate = new();
    private readonly LaneRecord[] lanes = new LaneRecord[EntityKey.Lanes];

    public LaneRecord this[int lane]
    {
        get
        {
            lock (gate)
                return lanes[lane];
        }
        set
        {
            lock (gate)
                lanes[lane] = value;
        }
    }

    /// <summary>All lanes at one moment.</summary>
    public LaneRecord[] All
    {
        get
        {
            lock (gate)
                return [.. lanes];
        }
    }

    /// <summary>All heads at one moment.</summary>
    public ulong[] Heads => [.. All.Select(l => l.Head)];
}
