using Pelago.Model;

namespace Pelago.Entities;

/// <summary>What a compaction of a whole journal has come to.</summary>
/// <param name="Removed">Rows that are gone.</param>
/// <param name="Kept">Rows of entities that may be compacted, and that stay.</param>
/// <param name="Entities">Entities that were compacted.</param>
/// <param name="HeldBack">For each region that has not confirmed events, how many entities it holds back.</param>
/// <param name="Trouble">Why an entity could not be compacted, of the first one; null when none failed.</param>
public sealed record CompactionReport(
    long Removed, long Kept, long Entities, IReadOnlyDictionary<string, long> HeldBack, Failure? Trouble);

/// <summary>Compacts every entity of a journal whose type lets rows go, one after another.</summary>
/// <remarks>Each entity is loaded for it, so that one which nobody uses is compacted, too; memory stays within the
/// kernel's bound for loaded entities.</remarks>
internal sealed class CompactionRun(EntityRuntime runtime)
{
    private const int PageEntities = 256;

    /// <param name="type">Only entities of this type; null for all.</param>
    public async Task<CompactionReport> RunAsync(
        string? type, IProgress<long> progress, CancellationToken cancellationToken)
    {
        var (removed, kept, entities) = (0L, 0L, 0L);
        var heldBack = new SortedDictionary<string, long>(StringComparer.Ordinal);
        Failure? trouble = null;
        for (var lane = 0; lane < EntityKey.Lanes; lane++)
        {
            for (var after = 0L; ;)
            {
                var page = await runtime.Journal.ReadEntitiesAsync(lane, after, PageEntities, cancellationToken);
                foreach (var entity in page.Entities.Where(e
                    => (type is null || e.Type == type) && runtime.MayCompact(e)))
                {
                    var result = await runtime.CompactAsync(entity, cancellationToken);
                    if (result.Failure?.Error == ErrorCodes.NotCompactable)
                        continue; // of this type deleted entities alone
                    (removed, kept) = (removed + (long)result.Removed, kept + (long)result.Kept);
                    entities += result.Removed > 0 ? 1 : 0;
                    foreach (var region in result.WaitingFor)
                        heldBack[region] = heldBack.GetValueOrDefault(region) + 1;
                    if (result.Failure is { } failure && failure.Error != ErrorCodes.CompactionTooEarly)
                        trouble ??= failure;
                    progress.Report(removed);
                }
                after = page.Next;
                if (after == 0)
                    break;
            }
        }
        return new CompactionReport(removed, kept, entities, heldBack, trouble);
    }
}
