using Pelago.Model;

namespace Pelago.Cli;

/// <summary>One command at a time changes a world; the second waits for its turn.</summary>
internal static class WorldLock
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <exception cref="PelagoException">PLG1108 when the other one does not end, PLG1103 without
    /// permission.</exception>
    public static async Task<FileStream> TakeAsync(
        WorldDirectory directory, Terminal terminal, TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        for (var first = true; ; first = false)
        {
            if (directory.TryLock() is { } turn)
                return turn;
            if (first)
                terminal.Say("Another command is changing this world; waiting for it …");
            if (time.GetElapsedTime(started) > Limit)
            {
                throw new Failure(ErrorCodes.WorldBusy,
                    $"Another command has been changing '{directory.Root}' for long.",
                    "Wait for it or interrupt it, then run this again.").ToException();
            }
            await Task.Delay(Interval, time, cancellationToken);
        }
    }
}
