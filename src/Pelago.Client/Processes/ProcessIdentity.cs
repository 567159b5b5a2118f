using System.Globalization;
using System.Text.Json.Serialization;

namespace Pelago.Client;

/// <summary>One life of one process: a pid alone is given to somebody else after its process has ended, a pid with its
/// start time never is while the machine runs. Written to state files, so that whoever restarts can adopt what
/// lives.</summary>
/// <param name="Pid">Process id.</param>
/// <param name="StartTime">Start of the process in clock ticks since boot, field 22 of <c>/proc/PID/stat</c>
/// (proc(5)).</param>
public readonly record struct ProcessIdentity(int Pid, long StartTime)
{
    /// <summary>False once the process has ended; a zombie has ended, whoever still owes it a wait.</summary>
    [JsonIgnore]
    public bool IsAlive => Pid > 0 && Of(Pid) is { } now && now.StartTime == StartTime;

    /// <summary>The process that has this pid now, or null when none has, or only a zombie.</summary>
    public static ProcessIdentity? Of(int pid)
    {
        ProcessEnds.Look(pid); // a child of ours stays a zombie until it is waited for
        string stat;
        try
        {
            stat = File.ReadAllText($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/stat");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        return Parse(pid, stat);
    }

    /// <summary>This process.</summary>
    public static ProcessIdentity Current
        => Of(Environment.ProcessId) ?? throw new PlatformNotSupportedException("Processes are identified by /proc.");

    /// <summary>Reads one line of <c>/proc/PID/stat</c>. The command's name stands in parentheses and may hold
    /// anything, spaces and parentheses included, so the fields are counted from the last closing one.</summary>
    /// <remarks>The first thread of a killed process is a zombie while others still end, and until then the process
    /// holds its ports and locks; so a zombie counts as ended when it is the only thread left.</remarks>
    /// <returns>Null for a zombie or dead process and for a line of another shape.</returns>
    public static ProcessIdentity? Parse(int pid, string stat)
    {
        var name = stat.LastIndexOf(')');
        if (name < 0 || name + 2 >= stat.Length)
            return null;
        var fields = stat[(name + 2)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        const int state = 0, threads = 17, startTime = 19; // fields 3, 20 and 22 of the whole line
        if (fields.Length <= startTime || fields[state] is "X" or "x"
            || (fields[state] == "Z" && fields[threads] is "0" or "1"))
            return null;
        return long.TryParse(fields[startTime], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
            ? new ProcessIdentity(pid, ticks)
            : null;
    }
}
