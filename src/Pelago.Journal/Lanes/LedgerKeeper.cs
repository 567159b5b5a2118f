using Microsoft.Extensions.Logging;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Removes entries of the conflict ledger that are older than it is kept, from time to time. Forks stay: they
/// are what quarantines an entity.</summary>
/// <remarks>A slice at a time, so that what is appended meanwhile waits for no more than one. What fails is tried again
/// at the next look.</remarks>
internal sealed class LedgerKeeper : IAsyncDisposable
{
    /// <summary>Entries of a slice.</summary>
    public const int Slice = 1_000;

    private static readonly TimeSpan First = TimeSpan.FromMinutes(1); // not while a journal comes into use
    private static readonly TimeSpan Pace = TimeSpan.FromHours(1);

    private readonly Func<long, CancellationToken, Task<int>> remove;
    private readonly TimeSpan age;
    private readonly TimeProvider clock;
    private readonly ILogger logger;
    private readonly Schedule? schedule;

    /// <param name="remove">Removes a slice of what was recorded before a time, in milliseconds since 1970; says how
    /// many entries.</param>
    /// <param name="days">How long entries are kept; 0 for ever.</param>
    /// <param name="clock">Tells their age.</param>
    /// <param name="logger">The room's log.</param>
    public LedgerKeeper(
        Func<long, CancellationToken, Task<int>> remove, int days, TimeProvider clock, ILogger logger)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(days);
        (this.remove, this.clock, this.logger, age) = (remove, clock, logger, TimeSpan.FromDays(days));
        schedule = days == 0 ? null : new Schedule(First, RunAsync, clock);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => schedule?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<TimeSpan> RunAsync(CancellationToken cancellationToken)
    {
        var before = (clock.GetUtcNow() - age).ToUnixTimeMilliseconds();
        try
        {
            while (await remove(before, cancellationToken) == Slice)
                cancellationToken.ThrowIfCancellationRequested();
        }
        catch (PelagoException e)
        {
            Log.LedgerNotKept(logger, e.Failure.Message);
        }
        return Pace;
    }
}
