using System.Collections;
using System.Globalization;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>The processes of a region's PostgreSQL server: the first one, which the supervisor keeps running, and those
/// that it forked. All of them have the server's directory as their working directory, and nobody else has: so they are
/// found, whoever started them.</summary>
/// <remarks>
/// A server whose first process was killed ends by itself within moments; whatever is left of it would keep the next
/// one from starting, as it should: two servers on one directory destroy it. So what is left is killed, and the next
/// one is started when it is gone. Only then is its note of the process id removed: the system may have given that id
/// to somebody else, or keep it for a process that ended and that nobody waited for, and PostgreSQL would take either
/// for a server that runs.
/// Settings are on the command line, so that a directory that was restored, or edited, still runs on this world's
/// port and keeps what it acknowledges.
/// </remarks>
internal static class ServerProcess
{
    /// <summary>A server writes what it has in memory before it ends.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(40);

    private static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(10);

    private static readonly string[] Kept = ["PATH", "TZ", "LD_LIBRARY_PATH"];

    /// <summary>Starts the server in a home, or finds the one that runs.</summary>
    /// <exception cref="PelagoException">PLG1109: its configuration is missing or unusable; PLG1121: the rest of an
    /// earlier one has not ended yet.</exception>
    public static ProcessIdentity Start(RoleSpec role)
    {
        var home = new ServerHome(role.Home);
        if (Find(role.Home) is { } running)
            return running;
        var config = PrivateFile.ReadJson<ServerConfig>(home.ConfigFile, "'pelago up' writes it anew.")
            ?? throw new Failure(ErrorCodes.RoleConfig, $"There is no config.json in '{role.Home}'.",
                "'pelago up' writes it.").ToException();
        var left = Living(role.Home);
        if (left.Count > 0)
        {
            foreach (var process in left)
                process.Kill();
            throw new Failure(ErrorCodes.ServerNotMade, string.Create(CultureInfo.InvariantCulture,
                    $"{left.Count} processes of an earlier server have not ended yet."),
                "They are killed, and it is started as soon as they are gone.").ToException();
        }
        File.Delete(home.PidFile);
        var words = new ServerUser(config.RunAs).As(Words(home, role.Name, config));
        return DetachedProcess.Start(new ProcessSpec(words[0], [.. words.Skip(1)], RoleProcesses.LogFile(role))
        {
            WorkingDirectory = role.Home,
            Environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
                .Select(variable => (string)variable.Key).Where(name => !Kept.Contains(name))
                .ToDictionary(name => name, _ => (string?)null),
        });
    }

    /// <summary>The first process of the server in a home: the one that notes itself there. Null when none
    /// runs.</summary>
    public static ProcessIdentity? Find(string home)
    {
        try
        {
            var (server, noted) = (new ServerHome(home), "");
            using (var file = new StreamReader(new FileStream(server.PidFile, FileMode.Open, FileAccess.Read,
                FileShare.ReadWrite | FileShare.Delete)))
                noted = file.ReadLine();
            return int.TryParse(noted, NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && ProcessSearch.DirectoryOf(pid) == server.Data ? ProcessIdentity.Of(pid) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // there is no server, or it has just ended
        }
    }

    /// <summary>Every process of the server in a home.</summary>
    public static IReadOnlyList<ProcessIdentity> Living(string home)
        => [.. ProcessSearch.InDirectory(new ServerHome(home).Data)];

    /// <summary>Whether a process belongs to a server of the world in a directory.</summary>
    public static bool IsOf(string worldRoot, int pid)
        => ProcessSearch.DirectoryOf(pid)?.StartsWith(
            Path.Combine(worldRoot, WorldDirectory.Servers) + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            == true;

    /// <summary>Ends the server with all its processes; returns when they are gone. SIGINT ends sessions and writes
    /// everything down; SIGTERM would wait until every session has ended by itself.</summary>
    public static async Task StopAsync(
        ProcessIdentity process, string home, bool kill, TimeProvider time, CancellationToken cancellationToken)
    {
        var first = process.IsAlive ? process : Find(home) ?? default;
        if (!kill)
        {
            first.Interrupt();
            await first.WaitForExitAsync(Grace, time, cancellationToken);
        }
        first.Kill(); // before the others, which it would start again
        await first.WaitForExitAsync(KillLimit, time, cancellationToken);
        var left = Living(home);
        foreach (var other in left)
            other.Kill();
        await Task.WhenAll(left.Select(other => other.WaitForExitAsync(KillLimit, time, cancellationToken)));
    }

    private static IReadOnlyList<string> Words(ServerHome home, string name, ServerConfig config)
    {
        string[] settings =
        [
            string.Create(CultureInfo.InvariantCulture, $"port={config.Port}"), "listen_addresses=127.0.0.1",
            "unix_socket_directories=", "fsync=on", "synchronous_commit=on", "full_page_writes=on",
            "max_connections=300", "shared_buffers=64MB", "max_wal_size=512MB", "log_timezone=UTC",
            "logging_collector=off", "log_destination=stderr", $"cluster_name={name}",
        ];
        return
        [
            Path.Combine(config.Programs, "postgres"), "-D", home.Data,
            .. settings.SelectMany(setting => new[] { "-c", setting }),
        ];
    }
}
