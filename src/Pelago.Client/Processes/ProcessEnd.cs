namespace Pelago.Client;

/// <summary>How a process ended.</summary>
/// <param name="ExitCode">Its exit code; 0 when a signal ended it.</param>
/// <param name="Signal">Number of the signal that ended it; 0 when it ended by itself.</param>
public readonly record struct ProcessEnd(int ExitCode, int Signal)
{
    /// <summary>Reads a status of waitpid(2), as Linux lays it out: the signal in the low seven bits, else the exit
    /// code in the next eight.</summary>
    public static ProcessEnd OfWaitStatus(int status)
        => (status & 0x7f) is not 0 and var signal ? new ProcessEnd(0, signal)
            : new ProcessEnd((status >> 8) & 0xff, 0);

    /// <inheritdoc />
    public override string ToString() => Signal != 0 ? $"ended by signal {Signal}" : $"exit code {ExitCode}";
}

/// <summary>How children of this process ended, for whoever logs it: the system tells it once only, to whom looks
/// first. Bounded; the pids that are not asked for make room. Safe for any thread.</summary>
public static class ProcessEnds
{
    private const int MaxKept = 256;

    private static readonly Dictionary<int, ProcessEnd> Known = [];

    // Held over the look and the note of it: whoever finds that a process is gone finds how it went, too.
    private static readonly Lock Looking = new();

    /// <summary>Takes what is known of an ended child; null for a process that lives or that somebody else
    /// started.</summary>
    public static ProcessEnd? Take(int pid)
    {
        lock (Looking)
        {
            // Its state may have been read from /proc after the last look, and a zombie counts as ended.
            Look(pid);
            return Known.Remove(pid, out var end) ? end : null;
        }
    }

    /// <summary>Waits for a child that has ended, which nobody else will do, and keeps how it ended.</summary>
    internal static void Look(int pid)
    {
        lock (Looking)
        {
            if (Posix.Reap(pid) is not { } end)
                return;
            if (Known.Count >= MaxKept)
                Known.Clear();
            Known[pid] = end;
        }
    }
}
