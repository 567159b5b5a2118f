namespace Pelago.Client;

/// <summary>Ends processes that are known by identity. A pid whose process is another one by now is left alone: a
/// signal goes through a descriptor that was opened before the start time was compared, so that no process which got
/// the pid in between can be hit.</summary>
public static class ProcessControl
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(25);

    /// <summary>SIGKILL, if it still lives. Returns at once; the process is gone a moment later.</summary>
    public static void Kill(this ProcessIdentity process) => Send(process, Posix.SigKill);

    /// <summary>SIGTERM, if it still lives.</summary>
    public static void Terminate(this ProcessIdentity process) => Send(process, Posix.SigTerm);

    /// <summary>SIGINT, if it still lives.</summary>
    public static void Interrupt(this ProcessIdentity process) => Send(process, Posix.SigInt);

    /// <summary>SIGTERM, then SIGKILL when the grace period is over; returns when the process has ended.</summary>
    public static async Task StopAsync(
        this ProcessIdentity process, TimeSpan grace, TimeProvider time, CancellationToken cancellationToken)
    {
        process.Terminate();
        if (await process.WaitForExitAsync(grace, time, cancellationToken))
            return;
        process.Kill();
        await process.WaitForExitAsync(Timeout.InfiniteTimeSpan, time, cancellationToken);
    }

    /// <summary>Waits until the process has ended; it need not be a child of this one.</summary>
    /// <param name="process">Whom to wait for.</param>
    /// <param name="limit">Longest wait, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>False when the limit was reached first.</returns>
    public static async Task<bool> WaitForExitAsync(
        this ProcessIdentity process, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (process.IsAlive)
        {
            if (limit != Timeout.InfiniteTimeSpan && time.GetElapsedTime(started) >= limit)
                return false;
            await Task.Delay(PollInterval, time, cancellationToken);
        }
        return true;
    }

    private static void Send(ProcessIdentity process, int signal)
    {
        var descriptor = Posix.OpenProcess(process.Pid);
        if (descriptor < 0)
            return; // it has ended
        try
        {
            if (process.IsAlive)
                Posix.SignalProcess(descriptor, signal);
        }
        finally
        {
            _ = Posix.Close(descriptor);
        }
    }
}
