using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

internal static partial class JournalText
{
    /// <summary>Shows what was removed, and who holds back what was not.</summary>
    /// <exception cref="PelagoException">PLG5041: nothing was removed in any region, because events are not final;
    /// PLG1208: a region did not answer.</exception>
    public static int Compact(Terminal terminal, IReadOnlyList<JournalRunView> runs, OutputFormat format)
    {
        var done = runs.Where(r => r.Compaction is not null).Select(r => (r.Region, Did: r.Compaction!)).ToList();
        if (!terminal.Document(runs, format, run => run.Region))
        {
            terminal.Table(["REGION", "REMOVED", "KEPT", "ENTITIES", "HELD BACK BY"], done.Select(d
                => (IReadOnlyList<string>)[d.Region, $"{d.Did.Removed}", $"{d.Did.Kept}", $"{d.Did.Entities}",
                    string.Join(", ", d.Did.HeldBack.Select(h => $"{h.Key} ({h.Value})"))]));
        }
        if (JournalRound.Missing(runs) is { } missing)
            throw missing.ToException();
        if (done.Find(d => d.Did.Trouble is not null) is { Did.Trouble: { } trouble } failed)
        {
            throw new Failure(ErrorCodes.PartlyDone,
                $"Not every entity could be compacted in {failed.Region}: {trouble.Message}",
                trouble.Next).ToException();
        }
        string[] holders = [.. done.SelectMany(d => d.Did.HeldBack.Keys).Distinct().Order(StringComparer.Ordinal)];
        if (holders.Length > 0 && done.Sum(d => d.Did.Removed) == 0)
        {
            throw new Failure(ErrorCodes.CompactionTooEarly,
                $"No rows were removed: events are not final, because {string.Join(", ", holders)} has not confirmed "
                + "them.", "Wait until it is reachable and has caught up: see 'pelago status'.").ToException();
        }
        terminal.Say(done.Sum(d => d.Did.Removed) == 0
            ? "There was nothing to remove. Rows go of entity types that call Compact() in their definition."
            : "The rows are gone; states, numbers and keys stay. Next: pelago verify compares the regions.");
        return 0;
    }
}
