namespace Pelago.Journal;

/// <summary>Does something now and then while a journal is open, one run after another.</summary>
/// <remarks>What a run cannot do for now it deals with itself, and says when it is to be tried again. What it throws
/// beside that ends the schedule, and is thrown when that is stopped.</remarks>
internal sealed class Schedule : IAsyncDisposable
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromDays(30); // timers hold no more than seven weeks

    private readonly Func<CancellationToken, Task<TimeSpan>> run;
    private readonly TimeProvider clock;
    private readonly CancellationTokenSource ending = new();
    private readonly Task following;

    /// <param name="first">Until the first run.</param>
    /// <param name="run">Returns how long it is until the next; after thirty days it is run in any case.</param>
    /// <param name="clock">Tells when it is due.</param>
    public Schedule(TimeSpan first, Func<CancellationToken, Task<TimeSpan>> run, TimeProvider clock)
    {
        (this.run, this.clock) = (run, clock);
        following = Task.Run(() => FollowAsync(first, ending.Token), CancellationToken.None);
    }

    /// <summary>Ends it, and waits for the run under way.</summary>
    public async ValueTask StopAsync()
    {
        await ending.CancelAsync();
        await following;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        ending.Dispose();
    }

    private async Task FollowAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(pause < LongestPause ? pause : LongestPause, clock, cancellationToken);
                pause = await run(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The journal is being closed.
        }
    }
}
