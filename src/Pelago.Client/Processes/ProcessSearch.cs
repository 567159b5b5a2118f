using System.Globalization;
using System.Text;

namespace Pelago.Client;

/// <summary>Finds detached processes by what they were started with: the way to those whose pid was never written down,
/// because whoever started them was killed in that moment.</summary>
/// <remarks>Only leaders of a session are found. Whatever <see cref="DetachedProcess"/> starts is one; a child that
/// such a process has forked has the same environment and, until it runs its own program, the same command
/// line.</remarks>
public static class ProcessSearch
{
    private const int MaxBytes = 256 * 1024;

    /// <summary>Processes with a variable of their environment as wanted.</summary>
    /// <param name="name">Name of the variable.</param>
    /// <param name="wanted">Told the value.</param>
    public static IEnumerable<ProcessIdentity> WithEnvironment(string name, Func<string, bool> wanted)
    {
        var prefix = name + "=";
        return Where("environ", words => words.FirstOrDefault(w => w.StartsWith(prefix, StringComparison.Ordinal))
            is { } found && wanted(found[prefix.Length..]));
    }

    /// <summary>Processes with a command line as wanted.</summary>
    /// <param name="wanted">Told the words of the command line, the program first.</param>
    public static IEnumerable<ProcessIdentity> WithCommandLine(Func<IReadOnlyList<string>, bool> wanted)
        => Where("cmdline", wanted);

    /// <summary>Processes whose working directory this is, session leaders or not.</summary>
    /// <param name="directory">Absolute path without symbolic links.</param>
    public static IEnumerable<ProcessIdentity> InDirectory(string directory)
    {
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && DirectoryOf(pid) == directory && ProcessIdentity.Of(pid) is { } found)
                yield return found;
        }
    }

    /// <summary>The working directory of a process; null when it has ended or is somebody else's.</summary>
    public static string? DirectoryOf(int pid)
    {
        try
        {
            return new FileInfo($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/cwd").LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The words of a process's command line; empty when it has ended or is somebody else's.</summary>
    public static IReadOnlyList<string> CommandLineOf(int pid)
        => Words($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/cmdline");

    private static IEnumerable<ProcessIdentity> Where(string file, Func<IReadOnlyList<string>, bool> wanted)
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && wanted(Words(Path.Combine(directory, file))) && LeadsSession(directory, pid)
                && ProcessIdentity.Of(pid) is { } process)
                yield return process;
        }
    }

    private static string[] Words(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            var content = new byte[MaxBytes];
            var length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            return Encoding.UTF8.GetString(content, 0, length).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // ended meanwhile, or somebody else's
        }
    }

    private static bool LeadsSession(string process, int pid)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(process, "stat"));
            const int session = 3; // field 6 of the whole line, proc(5)
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields.Length > session
                && int.TryParse(fields[session], NumberStyles.None, CultureInfo.InvariantCulture, out var leader)
                && leader == pid;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            return false;
        }
    }
}
