namespace Pelago.Api;

/// <summary>Waits for the end of a role.</summary>
public static class StopSignal
{
    /// <summary>Completes, without an exception, when the token is cancelled.</summary>
    public static Task WaitAsync(CancellationToken cancellationToken)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var registration = cancellationToken.Register(() => stopped.TrySetResult());
        return stopped.Task.ContinueWith(
            _ => registration.Dispose(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }
}
