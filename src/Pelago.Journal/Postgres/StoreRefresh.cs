using Npgsql;

namespace Pelago.Journal;

/// <summary>Takes in what another process added: salts and origins. Run while nothing is written.</summary>
internal static class StoreRefresh
{
    public static async Task RunAsync(
        NpgsqlConnection connection, PostgresParts parts, Opener opener, CancellationToken cancellationToken)
    {
        foreach (var salt in await connection.SaltsAsync(parts.Schema, parts.Keys.LastSalt, cancellationToken))
            parts.Keys.AddSalt(salt.Number, salt.DataKey, salt.Content);
        parts.Origins.Read(
            await connection.OriginsAsync(parts.Schema, parts.Origins.Count, cancellationToken), opener);
    }
}
