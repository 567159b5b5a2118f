using System.Globalization;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>One run over the journals of a service, in several regions side by side.</summary>
/// <param name="world">Where the regions are.</param>
/// <param name="context">Terminal and clock.</param>
/// <param name="project">Project of the service.</param>
/// <param name="service">The service.</param>
internal sealed class JournalRound(RunningWorld world, VerbContext context, string project, string service)
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(5);

    /// <summary>Starts it in each region and waits for its end. A region that fails has a failure in its place.
    /// </summary>
    /// <param name="type">Of a compaction: only entities of this type; null for all.</param>
    /// <exception cref="PelagoException">No region carried it out: what the first said.</exception>
    public async Task<IReadOnlyList<JournalRunView>> RunAsync(
        IReadOnlyList<RegionRecord> regions, string kind, string? type, CancellationToken cancellationToken)
    {
        var runs = await Task.WhenAll(regions.Select(r => RunAsync(r, kind, type, cancellationToken)));
        return runs.All(r => r.Failure is not null) ? throw runs[0].Failure!.ToException()
            : [.. runs.Select(r => r.Run)];
    }

    /// <summary>What to say when not every region carried it out; null when all did.</summary>
    public static Failure? Missing(IEnumerable<JournalRunView> runs)
    {
        string[] why = [.. runs.Where(r => r.Failure is not null)
            .Select(r => $"{r.Region}: {r.Failure!.Message.TrimEnd('.')}")];
        return why.Length == 0 ? null : new Failure(ErrorCodes.PartlyDone,
            $"Not every region answered for its journal: {string.Join("; ", why)}.",
            "'pelago status' shows what is down.");
    }

    private async Task<(JournalRunView Run, Failure? Failure)> RunAsync(
        RegionRecord region, string kind, string? type, CancellationToken cancellationToken)
    {
        try
        {
            using var client = world.Region(region, AnswerLimit);
            await client.StartJournalRunAsync(project, service, kind, type, cancellationToken);
            var run = await WaitAsync(client, region.Name, kind, cancellationToken);
            return (run, run.Failure is null ? null : FailureOf(run.Failure));
        }
        catch (PelagoException e)
        {
            var now = context.Time.GetUtcNow();
            return (new JournalRunView(region.Name, kind, "Failed", now, now, 0)
            {
                Failure = TroubleView.Of(e.Failure),
            }, e.Failure);
        }
    }

    private static Failure FailureOf(TroubleView said) => new(
        ErrorCodes.All.GetValueOrDefault(said.Code) ?? ErrorCodes.JournalUnavailable, said.Message, said.Next);

    private async Task<JournalRunView> WaitAsync(
        RegionClient client, string region, string kind, CancellationToken cancellationToken)
    {
        var told = context.Time.GetTimestamp();
        while (true)
        {
            var run = await client.GetJournalRunAsync(project, service, kind, cancellationToken);
            if (run.EndedAt is not null)
                return run;
            if (context.Time.GetElapsedTime(told) >= ProgressInterval)
            {
                told = context.Time.GetTimestamp();
                context.Terminal.Progress(
                    region, kind, string.Create(CultureInfo.InvariantCulture, $"{run.Rows:N0} rows so far"));
            }
            await Task.Delay(Interval, context.Time, cancellationToken);
        }
    }
}
