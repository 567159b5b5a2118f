using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Starts and finds the processes of roles.</summary>
internal static class RoleProcesses
{
    /// <summary>Environment that concerns the caller and not a role.</summary>
    private static readonly string[] CallersOwn =
    [
        "PELAGO_SOURCE_DIR", "PELAGO_SAMPLES_DIR", "ASPNETCORE_URLS", "URLS",
    ];

    /// <summary>Starts a role; its output goes to <c>log/NAME.log</c> in its home.</summary>
    public static ProcessIdentity Start(RoleSpec role)
    {
        if (!Directory.Exists(role.Home))
        {
            throw new Failure(ErrorCodes.RoleConfig, $"There is no directory '{role.Home}'.", "'pelago up' makes it.")
                .ToException();
        }
        PrivateFile.CreateDirectory(Path.Combine(role.Home, "log"));
        if (RoleNames.IsServer(role.Name))
            return ServerProcess.Start(role);
        var program = typeof(RoleProcesses).Assembly.Location;
        return DetachedProcess.Start(new ProcessSpec(
            Environment.ProcessPath ?? "dotnet", [program, .. role.Verb, "--home", role.Home], LogFile(role))
        {
            WorkingDirectory = role.Home,
            Environment = CallersOwn.ToDictionary(name => name, _ => (string?)null),
        });
    }

    /// <summary>Where a role's output is.</summary>
    public static string LogFile(RoleSpec role)
        => Path.Combine(role.Home, "log", role.Name.Replace('/', '-') + ".log");

    /// <summary>The living process of a role by its command line, or that of a server by what it noted: the way to one
    /// that was started by a supervisor that was killed before it could write it down.</summary>
    public static ProcessIdentity? Find(RoleSpec role)
        => RoleNames.IsServer(role.Name) ? ServerProcess.Find(role.Home) : Find(role.Home);

    /// <summary>The living process of a role that is no server.</summary>
    public static ProcessIdentity? Find(string home)
    {
        foreach (var process in ProcessSearch.WithCommandLine(words => HomeOf(words) == home))
            return process;
        return null;
    }

    /// <summary>Whether a process is a role of the world in a directory.</summary>
    public static bool IsOf(string worldRoot, int pid)
        => HomeOf(ProcessSearch.CommandLineOf(pid))
            ?.StartsWith(worldRoot + Path.DirectorySeparatorChar, StringComparison.Ordinal) == true
            || ServerProcess.IsOf(worldRoot, pid);

    /// <summary>The program that a role's process runs, or null when it has ended.</summary>
    public static BuildIdentity? ProgramOf(int pid)
        => ProcessSearch.CommandLineOf(pid)
            .FirstOrDefault(word => word.EndsWith("pelago.dll", StringComparison.Ordinal)) is { } program
            && Path.GetDirectoryName(program) is { } directory && Directory.Exists(directory)
            ? BuildIdentity.Of(directory)
            : null;

    private static string? HomeOf(IReadOnlyList<string> words)
    {
        if (!words.Any(word => word.EndsWith("pelago.dll", StringComparison.Ordinal)))
            return null;
        for (var i = 1; i + 1 < words.Count; i++)
        {
            if (words[i] == "--home")
                return words[i + 1];
        }
        return null;
    }
}
