using Microsoft.Extensions.Logging;
using Pelago.Journal;
using Pelago.Model;

namespace Pelago.Entities;

/// <summary>Checks, counts, compactions and renewals of keys of a whole journal. They outlast any request, so one
/// starts them, and asks how far they are. At most one of a kind at a time: who starts one that runs already joins it.
/// The last of each kind is remembered.</summary>
/// <param name="journal">The journal.</param>
/// <param name="clock">Clock.</param>
/// <param name="logger">The room's log.</param>
public sealed class JournalRuns(IJournal journal, TimeProvider clock, ILogger logger) : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly CancellationTokenSource ending = new();
    private readonly Dictionary<JournalRunKind, JournalRun> last = [];
    private readonly Dictionary<JournalRunKind, Task> running = [];

    /// <summary>Compacts what can be compacted, of one entity type or of all; told how many rows are gone.</summary>
    public required Func<string?, IProgress<long>, CancellationToken, Task<CompactionReport>> Compact
    {
        private get;
        init;
    }

    /// <summary>The run under way, or the last one; null when there was none.</summary>
    public JournalRun? Last(JournalRunKind kind)
    {
        lock (gate)
            return last.GetValueOrDefault(kind);
    }

    /// <summary>Starts a run, or joins the one that is under way.</summary>
    /// <param name="type">Of a compaction: only entities of this type; null for all.</param>
    /// <returns>Null when one is under way that does something else.</returns>
    public JournalRun? Start(JournalRunKind kind, string? type = null)
    {
        lock (gate)
        {
            if (last.GetValueOrDefault(kind) is { EndedAt: null } underway)
                return underway.Type == type ? underway : null;
            var run = last[kind] = new JournalRun(kind, clock.GetUtcNow(), 0) { Type = type };
            if (!ending.IsCancellationRequested)
                running[kind] = Task.Run(() => RunAsync(run), CancellationToken.None);
            return run;
        }
    }

    /// <summary>Ends what runs.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] left;
        lock (gate)
        {
            ending.Cancel();
            left = [.. running.Values];
        }
        await Task.WhenAll(left);
        ending.Dispose();
    }

    private async Task RunAsync(JournalRun run)
    {
        var progress = new Progress(rows => Change(run.Kind, r => r with { Rows = rows }));
        try
        {
            var done = await PerformAsync(run, progress);
            Change(run.Kind, done);
        }
        catch (Exception error) // whatever the store does, who asks hears that it came to no end
        {
            Log.JournalRunFailed(logger, run.Kind, error);
            Change(run.Kind, r => r with
            {
                Failure = (error as PelagoException)?.Failure ?? new Failure(ErrorCodes.JournalUnavailable,
                    "The journal could not be read to its end.", "Try again; look into the instance's log."),
            });
        }
        finally
        {
            Change(run.Kind, r => r with { EndedAt = clock.GetUtcNow() });
        }
    }

    private async Task<Func<JournalRun, JournalRun>> PerformAsync(JournalRun asked, IProgress<long> progress)
    {
        switch (asked.Kind)
        {
            case JournalRunKind.Check:
                var report = await journal.CheckAsync(progress, ending.Token);
                Log.JournalChecked(logger, report.Rows, report.Damage.Count);
                return run => run with { Rows = report.Rows, Report = report };
            case JournalRunKind.Stats:
                var stats = await journal.CountAsync(progress, ending.Token);
                return run => run with { Rows = stats.Rows, Stats = stats };
            case JournalRunKind.Compact:
                var done = await Compact(asked.Type, progress, ending.Token);
                return run => run with { Rows = done.Removed, Compaction = done };
            default:
                var renewal = await journal.RekeyAsync(asked.Kind == JournalRunKind.Rekey ? RekeyScope.DataKey
                    : RekeyScope.KeyEncryptionKey, ending.Token);
                return run => run with { Renewal = renewal };
        }
    }

    private void Change(JournalRunKind kind, Func<JournalRun, JournalRun> change)
    {
        lock (gate)
            last[kind] = change(last[kind]);
    }

    // Not Progress<T>: that one reports later, after the end perhaps.
    private sealed class Progress(Action<long> report) : IProgress<long>
    {
        public void Report(long value) => report(value);
    }
}
