using System.Diagnostics;
using Npgsql;

namespace Pelago.Bench.Load;

/// <summary>A PostgreSQL server of the benchmark's own, in a temporary directory and reached through a socket there,
/// with <c>fsync=on</c>. As root it runs as user <c>postgres</c>, because it refuses to run as root.</summary>
public sealed class BenchServer : IAsyncDisposable
{
    private const string Settings = "-c listen_addresses='' -c fsync=on -c shared_buffers=512MB -c max_wal_size=4GB";

    private readonly string directory = Directory.CreateTempSubdirectory("pelago-bench-postgres-").FullName;

    private BenchServer()
    {
    }

    /// <summary>How to reach it.</summary>
    public string ConnectionString => $"Host={directory};Username=postgres;Database=postgres;Pooling=false";

    /// <summary>The server's version.</summary>
    public string Version { get; private set; } = "";

    private string Data => Path.Combine(directory, "data");

    /// <summary>Makes and starts one.</summary>
    public static async Task<BenchServer> StartAsync(CancellationToken cancellationToken)
    {
        var server = new BenchServer();
        Directory.CreateDirectory(server.Data);
        File.SetUnixFileMode(server.directory, (UnixFileMode)0b111_101_101);
        if (Environment.UserName == "root")
            await RunAsync(["chown", "-R", "postgres", server.directory], cancellationToken);
        await RunAsync([.. AsOwner(), Tool("initdb"), "-D", server.Data, "-U", "postgres", "-A", "trust",
            "--no-locale", "-E", "UTF8"], cancellationToken);
        await RunAsync([.. AsOwner(), Tool("pg_ctl"), "-D", server.Data, "-w", "-l",
            Path.Combine(server.directory, "log"), "-o", $"-k {server.directory} {Settings}", "start"],
            cancellationToken);
        await using var connection = await server.OpenAsync(cancellationToken);
        server.Version = connection.PostgreSqlVersion.ToString();
        return server;
    }

    /// <summary>Opens a connection.</summary>
    public async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    /// <summary>Runs statements.</summary>
    public async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await RunAsync([.. AsOwner(), Tool("pg_ctl"), "-D", Data, "-w", "-m", "immediate", "stop"],
            CancellationToken.None);
        Directory.Delete(directory, recursive: true);
    }

    private static string[] AsOwner() => Environment.UserName == "root"
        ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : [];

    private static string Tool(string name)
    {
        var found = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetFiles("/usr/lib/postgresql", name, SearchOption.AllDirectories) : [];
        return found.Order(StringComparer.Ordinal).LastOrDefault() ?? throw new InvalidOperationException(
            "This figure needs PostgreSQL 15 or newer in /usr/lib/postgresql: ./eng/setup.sh installs it.");
    }

    private static async Task RunAsync(string[] command, CancellationToken cancellationToken)
    {
        // Its messages go nowhere: what pg_ctl leaves running would hold a pipe open.
        string[] quiet = ["-c", "exec \"$@\" > /dev/null 2>&1", "sh", .. command];
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", quiet) { WorkingDirectory = "/" })!;
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{string.Join(' ', command)} ended with {process.ExitCode}.");
    }
}
