using Npgsql;
using NpgsqlTypes;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>A group whose connection broke before the server answered: was it committed?</summary>
/// <remarks>The lanes' rows say so: they carry the stamp of the last group that moved them, and whoever asks locks
/// them, which waits for a transaction that is under way. A group can also be on its way still, in a buffer somewhere:
/// so the lanes get a new stamp with the question, and what expects the old one changes nothing any more. When a lane
/// was taken over meanwhile its stamp may be another's; then this process is fenced there, and its memory of the lane
/// is of no use any more.</remarks>
internal sealed class Doubt(PostgresParts parts)
{
    private readonly string ask = $"SELECT lane, {LaneRecord.Columns} FROM {parts.Schema["lane"]} "
        + "WHERE lane = ANY ($1) ORDER BY lane FOR UPDATE";

    private readonly string mark = $"UPDATE {parts.Schema["lane"]} SET stamp = $2 WHERE lane = ANY ($1)";

    private long stamp;
    private uint lanes;

    /// <summary>True while it is not known what became of a group.</summary>
    public bool IsOpen => Volatile.Read(ref lanes) != 0;

    /// <summary>A group was sent and not answered.</summary>
    /// <param name="group">Its stamp.</param>
    /// <param name="wanted">Lanes that it was to move, one bit each.</param>
    public void Open(long group, uint wanted)
    {
        stamp = group;
        Volatile.Write(ref lanes, wanted);
    }

    /// <summary>Asks.</summary>
    /// <param name="fresh">A stamp that no group had.</param>
    /// <returns>The lanes that the group moved, or null when it was not committed and never will be. The doubt is over
    /// then.</returns>
    public async Task<uint?> ResolveAsync(
        NpgsqlConnection connection, long fresh, CancellationToken cancellationToken)
    {
        var moved = 0u;
        var ours = new List<short>();
        await using (var transaction = await connection.BeginTransactionAsync(cancellationToken))
        {
            var wanted = Enumerable.Range(0, EntityKey.Lanes).Where(lane => (lanes >> lane & 1) != 0);
            await using (var command = Command(ask, connection, [.. wanted.Select(lane => (short)lane)]))
            await using (var row = await command.ExecuteReaderAsync(cancellationToken))
            {
                while (await row.ReadAsync(cancellationToken))
                {
                    var (lane, found) = (row.GetInt16(0), LaneRecord.Of(row, 1));
                    moved |= found.Stamp == stamp ? 1u << lane : 0;
                    if (found with { Stamp = 0 } == parts.Lanes[lane] with { Stamp = 0 })
                        ours.Add(lane);
                }
            }
            if (moved == 0)
            {
                await using var command = Command(mark, connection, [.. ours]);
                command.Parameters.Add(new() { Value = fresh });
                await command.ExecuteNonQueryAsync(cancellationToken);
            }
            await transaction.CommitAsync(cancellationToken);
        }
        Volatile.Write(ref lanes, 0);
        Log.DoubtResolved(parts.Logger, moved != 0);
        if (moved != 0)
            return moved;
        foreach (var lane in ours)
            parts.Lanes[lane] = parts.Lanes[lane] with { Stamp = fresh };
        return null;
    }

    private static NpgsqlCommand Command(string sql, NpgsqlConnection connection, short[] lanes)
    {
        var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new() { Value = lanes, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint });
        return command;
    }
}
