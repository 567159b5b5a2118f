using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Journal;

namespace Pelago.Bench.Load;

/// <summary>Opens a fresh journal whose files, as far as it has any, lie in a directory.</summary>
public delegate Task<IJournal> JournalStore(string directory, CancellationToken cancellationToken);

/// <summary>The stores that journals are measured on.</summary>
public static class JournalStores
{
    /// <summary>SQLite with <c>synchronous=FULL</c>.</summary>
    public static async Task<IJournal> Sqlite(string directory, CancellationToken cancellationToken)
        => await OpenAsync(
            new JournalOptions
            {
                DataDirectory = Path.Combine(directory, "journal"), GuardFile = Path.Combine(directory, "guard.json"),
            },
            directory, cancellationToken);

    /// <summary>A schema of its own on a server.</summary>
    public static JournalStore Postgres(BenchServer server) => async (directory, cancellationToken)
        => await OpenAsync(
            new PostgresJournalOptions
            {
                ConnectionString = server.ConnectionString, GuardFile = Path.Combine(directory, "guard.json"),
                Schema = Path.GetFileName(directory).ToLowerInvariant().Replace('-', '_').Replace('.', '_'),
            },
            directory, cancellationToken);

    private static async Task<IJournal> OpenAsync(
        IJournalPlace place, string directory, CancellationToken cancellationToken) => await place.OpenAsync(
        new FileKeyEncryption(Path.Combine(directory, "kek.json")), TimeProvider.System, NullLogger.Instance,
        cancellationToken);
}
