using Npgsql;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>What a server says of itself that decides whether journals open on it.</summary>
internal sealed record ServerSettings(
    int VersionNumber, string Version, bool IsStandby, bool IsReadOnly, string Durability, bool Fsync,
    bool FullPageWrites)
{
    private const string Query = """
        SELECT current_setting('server_version_num')::integer, pg_is_in_recovery(),
            current_setting('transaction_read_only'), current_setting('synchronous_commit'),
            current_setting('fsync'), current_setting('full_page_writes'), current_setting('server_version')
        """;

    /// <summary>Why journals do not open on it, or null.</summary>
    public Failure? Refusal => ServerCheck.Refusal(
        VersionNumber, Version, IsStandby, IsReadOnly, Durability, Fsync, FullPageWrites);

    /// <summary>A commit would be refused.</summary>
    public bool TakesNoWrites => IsStandby || IsReadOnly;

    /// <summary>For people.</summary>
    public IReadOnlyList<string> Words =>
    [
        $"fsync {Word(Fsync)}", $"synchronous_commit {Durability}", $"full_page_writes {Word(FullPageWrites)}",
        TakesNoWrites ? "read-only" : "read-write",
    ];

    /// <summary>Asks the server.</summary>
    public static async Task<ServerSettings> ReadAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var settings = new NpgsqlCommand(Query, connection);
        await using var row = await settings.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return new ServerSettings(row.GetInt32(0), row.GetString(6), row.GetBoolean(1), row.GetString(2) == "on",
            row.GetString(3), row.GetString(4) == "on", row.GetString(5) == "on");
    }

    private static string Word(bool on) => on ? "on" : "off";
}
