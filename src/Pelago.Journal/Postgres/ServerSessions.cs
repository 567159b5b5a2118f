using Npgsql;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Opens sessions with the server. Each is checked before it is used: the server may have been restarted with
/// other settings, or be another one.</summary>
internal sealed class ServerSessions
{
    private const int AutoPrepared = 64;

    private readonly string connectionString;

    /// <exception cref="PelagoException">The connection settings cannot be read (PLG4026).</exception>
    public ServerSessions(PostgresJournalOptions options)
    {
        try
        {
            // A cancelled statement could end a wait for a synchronous standby early: a session that does not answer
            // is given up instead, and what became of its commit is found out.
            var builder = new NpgsqlConnectionStringBuilder(options.ConnectionString)
            {
                ApplicationName = "pelago journal", Pooling = false, Multiplexing = false, Enlist = false,
                Timeout = options.ConnectTimeoutSeconds, CancellationTimeout = -1, PersistSecurityInfo = false,
                CommandTimeout = Math.Max(1, (options.StatementTimeoutMilliseconds / 1000) + 5), TcpKeepAlive = true,
                MaxAutoPrepare = AutoPrepared, AutoPrepareMinUsages = 2, IncludeErrorDetail = false,
            };
            builder.Options = $"{builder.Options} -c lock_timeout={options.LockTimeoutMilliseconds} "
                + $"-c statement_timeout={options.StatementTimeoutMilliseconds} "
                + $"-c idle_in_transaction_session_timeout={options.IdleInTransactionTimeoutMilliseconds} "
                + "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 "
                + "-c default_transaction_isolation=read\\ committed -c jit=off";
            connectionString = builder.ConnectionString;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            // Without the exception: it can quote what was written, a password among it.
            throw new Failure(ErrorCodes.JournalConnection, "The connection settings of the journal cannot be read.",
                "Write them as Host=...;Port=...;Database=...;Username=...;Password=...").ToException();
        }
    }

    /// <summary>Opens a session and checks the server.</summary>
    /// <returns>The session, which server it is, and its version.</returns>
    /// <exception cref="PelagoException">The server does not answer or is refused.</exception>
    public async Task<(NpgsqlConnection Connection, string Server, string Version)> OpenAsync(
        CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(connectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            var (server, version) = await ServerCheck.RunAsync(connection, cancellationToken);
            return (connection, server, version);
        }
        catch (Exception e)
        {
            await connection.DisposeAsync();
            if (ServerTrouble.Is(e))
                throw ServerTrouble.Of(e).ToException();
            throw;
        }
    }
}
