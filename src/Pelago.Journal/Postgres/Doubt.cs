using Npgsql;
using NpgsqlTypes;

namespace Pelago.Journal;

/// <summary>A group whose connection broke before the server answered: was it committed?</summary>
/// <remarks>The lanes' rows say so: they carry the stamp of the last group that moved them, and whoever asks locks
/// them, which waits for a transaction that is still under way. When a lane was taken over meanwhile its stamp may be
/// another's; then this process is fenced there, and its memory of the lane is of no use any more.</remarks>
internal sealed class Doubt(PostgresParts parts)
{
    private readonly string ask = $"SELECT lane, stamp FROM {parts.Schema["lane"]} WHERE lane = ANY ($1) "
        + "ORDER BY lane FOR UPDATE";

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
    /// <returns>The lanes that the group moved, or null when it was not committed. The doubt is over then.</returns>
    public async Task<uint?> ResolveAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var wanted = Enumerable.Range(0, 32).Where(lane => (lanes >> lane & 1) != 0).Select(lane => (short)lane);
        var moved = 0u;
        await using (var command = new NpgsqlCommand(ask, connection))
        {
            command.Parameters.Add(new NpgsqlParameter
            {
                Value = wanted.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint,
            });
            await using var row = await command.ExecuteReaderAsync(cancellationToken);
            while (await row.ReadAsync(cancellationToken))
                moved |= row.GetInt64(1) == stamp ? 1u << row.GetInt16(0) : 0;
        }
        Volatile.Write(ref lanes, 0);
        Log.DoubtResolved(parts.Logger, moved != 0);
        return moved == 0 ? null : moved;
    }
}
