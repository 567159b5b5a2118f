using Npgsql;

namespace Pelago.Journal;

/// <summary>Takes in what another process added: data keys, salts and origins. Run while nothing is written.</summary>
internal static class StoreRefresh
{
    public static async Task RunAsync(
        NpgsqlConnection connection, PostgresParts parts, Opener opener, CancellationToken cancellationToken)
    {
        var salts = await connection.SaltsAsync(parts.Schema, parts.Keys.LastSalt, cancellationToken);
        if (salts.Any(s => parts.Keys.MadeAt(s.DataKey) == 0))
        {
            await parts.KeyOpening.TakeInAsync(
                parts.Keys, await connection.WrappedKeysAsync(parts.Schema, cancellationToken), cancellationToken);
        }
        foreach (var salt in salts)
            parts.Keys.AddSalt(salt.Number, salt.DataKey, salt.Content);
        parts.Origins.Read(
            await connection.OriginsAsync(parts.Schema, parts.Origins.Count, cancellationToken), opener);
    }
}
