using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Pelago.Tests.Conformance;

[assembly: AssemblyFixture(typeof(SharedServer))]

namespace Pelago.Tests.Conformance;

/// <summary>A real PostgreSQL server of its own in a temporary directory, reached through a socket in it. As root it
/// runs as user <c>postgres</c>, because it refuses to run as root.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    /// <summary>The password of the user <c>postgres</c>; must not be seen anywhere.</summary>
    public const string Password = "pw-zxqv-7f3a-not-to-be-seen";

    private static readonly string Binaries = Find();
    private readonly string root;

    private PostgresServer(string root) => this.root = root;

    /// <summary>Where its socket is.</summary>
    public string Directory => root;

    /// <summary>What it says.</summary>
    public string LogFile => Path.Combine(root, "log");

    /// <summary>The server's directory.</summary>
    public string Data => Path.Combine(root, "data");

    /// <summary>False once the server has ended itself.</summary>
    public bool IsRunning => File.Exists(Path.Combine(Data, "postmaster.pid"));

    /// <summary>The server's socket.</summary>
    public string Socket => Path.Combine(root, ".s.PGSQL.5432");

    /// <summary>How to reach its database.</summary>
    public string ConnectionString => Connection("postgres", Password);

    /// <summary>Makes and starts a server with <c>fsync=on</c>.</summary>
    public static Task<PostgresServer> StartAsync()
        => StartAsync(System.IO.Directory.CreateTempSubdirectory("pelago-postgres-").FullName);

    /// <summary>Makes and starts one in a directory, which goes with it.</summary>
    public static async Task<PostgresServer> StartAsync(string root)
    {
        var server = new PostgresServer(root);
        File.SetUnixFileMode(root, (UnixFileMode)0b111_101_101);
        System.IO.Directory.CreateDirectory(server.Data);
        var password = Path.Combine(root, "password");
        await File.WriteAllTextAsync(password, Password, CancellationToken.None);
        if (Environment.UserName == "root")
            await RunAsync("chown", ["-R", "postgres", root], asPostgres: false);
        await RunAsync(Tool("initdb"), ["-D", server.Data, "-U", "postgres", "--pwfile", password, "-A",
            "scram-sha-256", "--no-locale", "-E", "UTF8", "--no-sync"]);
        await server.RunServerAsync();
        return server;
    }

    /// <summary>A connection string for somebody.</summary>
    public string Connection(string user, string password)
        => $"Host={root};Port=5432;Database=postgres;Username={user};Password={password}";

    /// <summary>Starts the server in its directory.</summary>
    public Task RunServerAsync(string settings = "") => RunAsync(Tool("pg_ctl"), ["-D", Data, "-w", "-t", "60", "-l",
        Path.Combine(root, "log"), "-o", $"-p 5432 -k {root} -c listen_addresses='' -c max_connections=200 "
        + $"-c fsync=on -c shared_buffers=64MB -c wal_level=replica {settings}", "start"]);

    /// <summary>Stops the server.</summary>
    /// <param name="mode">fast or immediate.</param>
    public Task StopAsync(string mode) => RunAsync(Tool("pg_ctl"), ["-D", Data, "-w", "-m", mode, "stop"]);

    /// <summary>Kills every process of the server with SIGKILL.</summary>
    public async Task KillAsync()
    {
        var first = (await File.ReadAllLinesAsync(Path.Combine(Data, "postmaster.pid"), CancellationToken.None))[0];
        await RunAsync("kill", ["-STOP", first], asPostgres: false); // it starts no more
        string[] all = [first, .. Children(first)];
        await RunAsync("kill", ["-KILL", .. all], asPostgres: false);
        await Eventually.BeTrue(() => all.All(pid => !IsAlive(pid)), "the end of the processes");
        // Where nobody reaps them, the next server would take the dead for living ones.
        File.Delete(Path.Combine(Data, "postmaster.pid"));
        File.Delete(Path.Combine(root, ".s.PGSQL.5432.lock"));
    }

    /// <summary>Stops every process of the server with SIGSTOP: it takes connections and does not answer.</summary>
    public async Task<string[]> PauseAsync()
    {
        var first = (await File.ReadAllLinesAsync(Path.Combine(Data, "postmaster.pid"), CancellationToken.None))[0];
        string[] all = [first, .. Children(first)];
        await RunAsync("kill", ["-STOP", .. all], asPostgres: false);
        return all;
    }

    /// <summary>Lets paused processes go on.</summary>
    public static Task ResumeAsync(string[] processes)
        => RunAsync("kill", ["-CONT", .. processes], asPostgres: false);

    /// <summary>Returns once the server takes writes.</summary>
    public Task ReadyAsync() => Eventually.BeTrue(async () =>
    {
        try
        {
            return await ExecuteAsync("SELECT pg_is_in_recovery()") is false;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }, "the end of the recovery");

    /// <summary>Copies the stopped server's directory.</summary>
    public async Task<string> CopyAsync()
    {
        var copy = Path.Combine(root, $"copy-{Guid.CreateVersion7()}");
        await RunAsync("cp", ["-a", Data, copy], asPostgres: false);
        return copy;
    }

    /// <summary>Puts a copy back in the place of the stopped server's directory.</summary>
    public void Restore(string copy)
    {
        System.IO.Directory.Delete(Data, recursive: true);
        System.IO.Directory.Move(copy, Data);
    }

    /// <summary>Runs a statement and gives its first value.</summary>
    public async Task<object?> ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync(CancellationToken.None);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(CancellationToken.None);
    }

    /// <summary>What <c>pg_dump</c> writes of a schema.</summary>
    public Task<string> DumpAsync(string schema) => RunAsync(Tool("pg_dump"),
        ["-h", root, "-p", "5432", "-U", "postgres", "-n", schema, "--no-sync", "postgres"]);

    /// <summary>Loads what <see cref="DumpAsync"/> wrote.</summary>
    public async Task LoadAsync(string dump)
    {
        var file = Path.Combine(root, $"dump-{Guid.CreateVersion7()}.sql");
        await File.WriteAllTextAsync(file, dump, CancellationToken.None);
        await RunAsync(Tool("psql"), ["-h", root, "-p", "5432", "-U", "postgres", "-X", "-q", "-v", "ON_ERROR_STOP=1",
            "-f", file, "postgres"]);
    }

    public async ValueTask DisposeAsync()
    {
        if (IsRunning)
            await StopAsync("immediate");
        System.IO.Directory.Delete(root, recursive: true);
    }

    /// <summary>A program of the server's package.</summary>
    public static string Tool(string name) => Path.Combine(Binaries, name);

    private static string Find()
    {
        var found = System.IO.Directory.Exists("/usr/lib/postgresql")
            ? System.IO.Directory.EnumerateDirectories("/usr/lib/postgresql").Select(d => Path.Combine(d, "bin")) : [];
        return found.Where(d => File.Exists(Path.Combine(d, "initdb")))
            .MaxBy(d => int.Parse(Path.GetFileName(Path.GetDirectoryName(d))!, CultureInfo.InvariantCulture))
            ?? throw new InvalidOperationException(
                "These tests need PostgreSQL 15 or newer in /usr/lib/postgresql: ./eng/setup.sh installs it.");
    }

    private static IEnumerable<string> Children(string parent)
    {
        foreach (var directory in System.IO.Directory.EnumerateDirectories("/proc"))
        {
            var stat = Path.Combine(directory, "stat");
            if (char.IsDigit(Path.GetFileName(directory)[0]) && TryRead(stat) is { } text
                && text[(text.LastIndexOf(')') + 2)..].Split(' ')[1] == parent)
                yield return Path.GetFileName(directory);
        }
    }

    private static bool IsAlive(string pid)
        => TryRead($"/proc/{pid}/stat") is { } text && text[text.LastIndexOf(')') + 2] != 'Z';

    private static string? TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return null; // it has just ended
        }
    }

    private static async Task<string> RunAsync(string program, string[] arguments, bool asPostgres = true)
    {
        string[] all = asPostgres && Environment.UserName == "root"
            ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", program, .. arguments]
            : [program, .. arguments];
        var isServer = arguments is [.., "start"]; // what it leaves running would hold a pipe open
        var start = new ProcessStartInfo(all[0], all[1..])
        {
            RedirectStandardOutput = !isServer, RedirectStandardError = !isServer, WorkingDirectory = "/",
            Environment = { ["PGPASSWORD"] = Password },
        };
        using var process = Process.Start(start)!;
        var (output, error) = isServer ? (Task.FromResult(""), Task.FromResult(""))
            : (process.StandardOutput.ReadToEndAsync(CancellationToken.None),
                process.StandardError.ReadToEndAsync(CancellationToken.None));
        await process.WaitForExitAsync(CancellationToken.None);
        return process.ExitCode == 0 ? await output
            : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {await error}");
    }
}

/// <summary>One server for all tests that do not stop it, started when the first one needs it.</summary>
public sealed class SharedServer : IAsyncDisposable
{
    private readonly Lazy<Task<PostgresServer>> server = new(PostgresServer.StartAsync);

    /// <summary>The server.</summary>
    public Task<PostgresServer> GetAsync() => server.Value;

    public async ValueTask DisposeAsync()
    {
        if (server.IsValueCreated)
            await (await server.Value).DisposeAsync();
    }
}
