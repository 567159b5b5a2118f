using System.Globalization;
using System.Text;
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
        PrivateFile.CreateDirectory(Path.Combine(role.Home, "log"));
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

    /// <summary>The living process of a role by its command line: the way to one that was started by a supervisor that
    /// was killed before it could write it down.</summary>
    public static ProcessIdentity? Find(string home)
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture,
                out var pid))
                continue;
            if (HomeOf(directory) == home && ProcessIdentity.Of(pid) is { } process)
                return process;
        }
        return null;
    }

    /// <summary>Whether a process is a role of the world in a directory.</summary>
    public static bool IsOf(string worldRoot, int pid)
        => HomeOf($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}")
            ?.StartsWith(worldRoot + Path.DirectorySeparatorChar, StringComparison.Ordinal) == true;

    private static string? HomeOf(string process)
    {
        try
        {
            var words = Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(process, "cmdline"))).Split('\0');
            var option = Array.IndexOf(words, "--home");
            return option > 0 && option + 1 < words.Length
                && words.Any(word => word.EndsWith("pelago.dll", StringComparison.Ordinal))
                ? words[option + 1]
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
