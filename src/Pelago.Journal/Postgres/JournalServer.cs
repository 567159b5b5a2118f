using Npgsql;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>What an examination of a server showed.</summary>
/// <param name="Version">E.g. <c>15.18</c>.</param>
/// <param name="Settings">What decides whether it keeps what it acknowledges, e.g. <c>fsync on</c>.</param>
/// <param name="Refusal">Why journals do not open on it, or null.</param>
/// <param name="Flush">How long a commit with 4 KiB took; null when it takes none, or none was tried.</param>
public sealed record ServerHealth(
    string Version, IReadOnlyList<string> Settings, Failure? Refusal, TimeSpan? Flush);

/// <summary>A PostgreSQL server on which journals lie, reached as whoever keeps it: makes databases for journals and
/// tells how the server is. Each call has a session of its own.</summary>
public sealed class JournalServer
{
    private const int ConnectSeconds = 5;
    private const int StatementSeconds = 10;

    // A commit of its own with 4 KiB of log and without a row: nothing stays of it, nothing grows.
    private const string Flush = "SELECT pg_logical_emit_message(true, 'pelago probe', repeat('x', 4096))";

    private readonly string connectionString;

    /// <param name="host">Name or address.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="user">Who may create databases and users.</param>
    /// <param name="password">That user's.</param>
    public JournalServer(string host, int port, string user, string password)
        => connectionString = new NpgsqlConnectionStringBuilder(
            ConnectionString(host, port, "postgres", user, password))
        {
            ApplicationName = "pelago", Pooling = false, Enlist = false, PersistSecurityInfo = false,
            Timeout = ConnectSeconds, CommandTimeout = StatementSeconds, IncludeErrorDetail = false,
        }.ConnectionString;

    /// <summary>How a journal on a server is reached, for <see cref="PostgresJournalOptions.ConnectionString"/>. It
    /// holds the password.</summary>
    public static string ConnectionString(string host, int port, string database, string user, string password)
        => new NpgsqlConnectionStringBuilder
        {
            Host = host, Port = port, Database = database, Username = user, Password = password,
        }.ConnectionString;

    /// <summary>Makes a database and the user of the same name who owns it, or gives that user this password again. 1.
    /// one at a time, 2. the user, 3. the database, 4. nobody else may enter it.</summary>
    /// <param name="name">As <see cref="JournalStores.DatabaseOf"/> makes it.</param>
    /// <param name="password">ASCII without control characters.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="PelagoException">PLG4003, PLG4007, PLG4020 or PLG4021.</exception>
    public async Task PrepareAsync(string name, string password, CancellationToken cancellationToken)
    {
        var quoted = $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        await UseAsync(async session =>
        {
            // 1. The lock ends with the session.
            await RunAsync(session, "SELECT pg_advisory_lock(hashtextextended('pelago databases', 0))");
            // 2.
            if (!await IsAsync(session, "SELECT FROM pg_roles WHERE rolname = $1", name))
                await RunAsync(session, $"CREATE ROLE {quoted} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION");
            await RunAsync(session, $"ALTER ROLE {quoted} LOGIN PASSWORD '{ScramVerifier.Of(password)}'");
            // 3.
            if (!await IsAsync(session, "SELECT FROM pg_database WHERE datname = $1", name))
                await RunAsync(session, $"CREATE DATABASE {quoted} OWNER {quoted} TEMPLATE template0 ENCODING 'UTF8'");
            // 4.
            await RunAsync(session, $"REVOKE ALL ON DATABASE {quoted} FROM PUBLIC");
            return true;
        }, cancellationToken);

        Task RunAsync(NpgsqlConnection session, string sql) => ExecuteAsync(session, sql, cancellationToken);

        async Task<bool> IsAsync(NpgsqlConnection session, string sql, string value)
        {
            await using var command = new NpgsqlCommand(sql, session) { Parameters = { new() { Value = value } } };
            await using var row = await command.ExecuteReaderAsync(cancellationToken);
            return await row.ReadAsync(cancellationToken);
        }
    }

    /// <summary>Looks at version and settings.</summary>
    /// <param name="probes">Whether to commit something, too, to see how long that takes.</param>
    /// <param name="clock">Clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="PelagoException">PLG4003 or PLG4020: it does not let this user in, or does not
    /// answer.</exception>
    public Task<ServerHealth> ExamineAsync(
        bool probes, TimeProvider clock, CancellationToken cancellationToken) => UseAsync(async session =>
    {
        var settings = await ServerSettings.ReadAsync(session, cancellationToken);
        TimeSpan? taken = null;
        if (probes && !settings.TakesNoWrites)
        {
            var started = clock.GetTimestamp();
            await ExecuteAsync(session, Flush, cancellationToken);
            taken = clock.GetElapsedTime(started);
        }
        return new ServerHealth(settings.Version.Split(' ')[0], settings.Words, settings.Refusal, taken);
    }, cancellationToken);

    private async Task<T> UseAsync<T>(Func<NpgsqlConnection, Task<T>> use, CancellationToken cancellationToken)
    {
        await using var session = new NpgsqlConnection(connectionString);
        try
        {
            await session.OpenAsync(cancellationToken);
            return await use(session);
        }
        catch (Exception e) when (ServerTrouble.Is(e))
        {
            throw ServerTrouble.Of(e).ToException();
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection session, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, session);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
