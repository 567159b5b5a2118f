using Microsoft.Extensions.Logging;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Keeps the guard file of an open journal: at the moments that change what it says, and from time to time, so
/// that an older copy that is put back after a kill shows as one, too.</summary>
/// <remarks>While a process runs, the heads in the file are what the journal has at least: they were read after they
/// were durable, and no head ever falls. A write that fails leaves the file as it was, which stays true; the next
/// interval tries again. Several processes may have one journal open: whose life is over leaves the file alone, and
/// should it have been a moment late, the next interval of the other one sees it.</remarks>
internal sealed class GuardKeeper : IAsyncDisposable
{
    private readonly GuardFile file;
    private readonly Func<CancellationToken, Task<ulong[]?>> heads;
    private readonly TimeSpan interval;
    private readonly ILogger logger;
    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly Schedule schedule;
    private GuardState? known;

    /// <param name="file">Where it lies.</param>
    /// <param name="known">What it says; null when it is not this journal's, and is left alone until it is
    /// replaced.</param>
    /// <param name="heads">Reads the heads, as committed; null when the journal has a newer life than this process's.
    /// </param>
    /// <param name="clock">Tells when the interval is over.</param>
    /// <param name="intervalSeconds">How old the heads may be; from 1.</param>
    /// <param name="logger">The room's log.</param>
    public GuardKeeper(
        GuardFile file, GuardState? known, Func<CancellationToken, Task<ulong[]?>> heads, TimeProvider clock,
        int intervalSeconds, ILogger logger)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(intervalSeconds, 1);
        (this.file, this.known, this.heads, this.logger) = (file, known, heads, logger);
        interval = TimeSpan.FromSeconds(intervalSeconds);
        schedule = new Schedule(interval, RefreshAsync, clock);
    }

    /// <summary>Replaces it, and makes its directory if need be; what is noted from time to time does not, so that one
    /// that somebody deletes stays deleted.</summary>
    /// <exception cref="PelagoException">It cannot be written (PLG4003).</exception>
    public async ValueTask WriteAsync(GuardState state, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            file.MakeDirectory();
            await file.WriteAsync(state, cancellationToken);
            known = state;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Ends the interval, before heads can no longer be read; the file may still be written.</summary>
    public ValueTask StopAsync() => schedule.StopAsync();

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await schedule.DisposeAsync();
        gate.Dispose();
    }

    private async Task<TimeSpan> RefreshAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await heads(cancellationToken) is { } now)
                await NoteAsync(now, cancellationToken);
        }
        catch (PelagoException e)
        {
            Log.GuardNotRefreshed(logger, e.Failure.Message);
        }
        return interval;
    }

    private async Task NoteAsync(ulong[] now, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            var (there, _) = await file.ReadAsync(cancellationToken);
            if (known is not { Stopped: false } running)
                return;
            var ours = there?.JournalId == running.JournalId && there.Incarnation == running.Incarnation;
            // Whoever stopped this life cleanly had the whole of it, and nothing was committed in it since.
            if (ours && there!.Stopped)
                return;
            // A life that was begun meanwhile had its heads read later.
            IReadOnlyList<ulong> least = ours ? there!.Heads : running.Heads;
            var next = running with { Heads = [.. least.Zip(now, Math.Max)] };
            if (ours && next.Heads.SequenceEqual(there!.Heads))
                return;
            await file.WriteAsync(next, CancellationToken.None);
            known = next;
        }
        finally
        {
            gate.Release();
        }
    }
}
