using Pelago.Client;

namespace Pelago.Cli;

/// <summary>An event that does not count as its author meant it, and who says so.</summary>
/// <param name="Type">Type of the entity.</param>
/// <param name="Id">Id of the entity.</param>
/// <param name="Kind">Why: <c>RefusedByFold</c>, <c>Deduplicated</c>, <c>Fork</c>, <c>Orphaned</c>,
/// <c>CausesLost</c> or <c>Overwritten</c>.</param>
/// <param name="Origin">Where the event was written: region and incarnation.</param>
/// <param name="Sequence">Its number there, within the entity.</param>
/// <param name="RecordedAt">When the first of the regions noticed.</param>
/// <param name="Reason">One sentence, of the region that noticed first.</param>
/// <param name="Regions">Regions in whose ledgers it is, in order of name.</param>
internal sealed record ConflictEntry(
    string Type, string Id, string Kind, string Origin, ulong Sequence, DateTimeOffset RecordedAt, string Reason,
    IReadOnlyList<string> Regions);

/// <summary>The conflict ledgers of several regions as one.</summary>
internal static class ConflictLedger
{
    /// <summary>Which entries are wanted.</summary>
    /// <param name="Kind">Only of this kind, or null.</param>
    /// <param name="Entity">Only of this entity, <c>type/id</c>, or null.</param>
    /// <param name="Limit">At most so many, the newest.</param>
    public sealed record Filter(string? Kind, string? Entity, int Limit)
    {
        /// <summary>Whether an entry is of the kind and the entity that are wanted.</summary>
        public bool Wants(ConflictView conflict)
            => (Kind is null || conflict.Kind == Kind)
                && (Entity is null || Entity == $"{conflict.Type}/{conflict.Id}");
    }

    /// <summary>Merges what the regions have noticed: the same by several is one entry. The newest come last.</summary>
    /// <param name="ledgers">One a region.</param>
    /// <param name="filter">What is wanted.</param>
    public static IReadOnlyList<ConflictEntry> Merge(IEnumerable<ConflictPageView> ledgers, Filter filter)
        => [.. ledgers.SelectMany(ledger => ledger.Conflicts, (ledger, conflict) => (ledger.Region, Conflict: conflict))
            .Where(found => filter.Wants(found.Conflict))
            .GroupBy(found => (found.Conflict.Type, found.Conflict.Id, found.Conflict.Origin, found.Conflict.Sequence,
                found.Conflict.Kind))
            .Select(Merge).OrderBy(entry => entry.RecordedAt).TakeLast(filter.Limit)];

    private static ConflictEntry Merge(IEnumerable<(string Region, ConflictView Conflict)> same)
    {
        var found = same.OrderBy(s => s.Conflict.RecordedAt).ToList();
        var first = found[0].Conflict;
        return new ConflictEntry(first.Type, first.Id, first.Kind, first.Origin, first.Sequence, first.RecordedAt,
            first.Reason, [.. found.Select(f => f.Region).Distinct().Order(StringComparer.Ordinal)]);
    }
}
