using Pelago.Model;

namespace Pelago.Replication;

/// <summary>What a filter must be like. What can be seen in a definition is refused when it is built; what depends on
/// the group, when a region applies the rule: once, when it meets the epoch. Members come and go later, and a region
/// must still start.</summary>
public static class FilterChecks
{
    /// <summary>What is wrong with a rule by itself: clauses for people.</summary>
    public static IEnumerable<string> MistakesOf(EntityFilter filter)
    {
        if (filter.Epoch == 0)
        {
            if (filter.IsSelective)
                yield return "a filter needs an epoch: begin it with EntityFilter.InEpoch(1)";
            yield break;
        }
        if (filter.Epoch > int.MaxValue)
            yield return $"the filter's epoch is {filter.Epoch}, and the highest is {int.MaxValue}";
        string[] named = [.. filter.Included ?? [], .. filter.Excluded];
        if (named.Length > EntityFilter.MaxRegions)
            yield return $"the filter names {named.Length} regions, and {EntityFilter.MaxRegions} are the most";
        foreach (var name in named.Distinct(StringComparer.Ordinal))
        {
            if (Names.Check(name, "region in the filter") is { } failure)
                yield return failure.Message;
        }
        if (filter.Included is { Count: 0 })
            yield return "the filter includes no region: name at least one, or leave Only(…) away";
        else if (filter.Included is { } included && included.All(filter.Excluded.Contains))
            yield return "the filter excludes every region that it includes: nobody would have the entities";
    }

    /// <summary>What is wrong with applying a rule in a group; null when it can be.</summary>
    /// <param name="known">Regions that are members, or were.</param>
    /// <param name="members">Members.</param>
    public static Failure? Refuse(
        string type, EntityFilter filter, IReadOnlyCollection<string> known, IReadOnlyList<string> members)
    {
        var unknown = (filter.Included ?? []).Concat(filter.Excluded).Where(r => !known.Contains(r))
            .Distinct(StringComparer.Ordinal).ToArray();
        if (unknown.Length > 0)
        {
            return new Failure(ErrorCodes.InvalidFilter,
                $"The filter of entity type '{type}' names '{string.Join("', '", unknown)}', and the group has no such "
                + "region; it is not applied.",
                $"Members: {string.Join(", ", members)}. To keep events from a region that is not there yet, name "
                + "those that are to have them with Only(…).");
        }
        return members.Any(filter.Admits) ? null : new Failure(ErrorCodes.InvalidFilter,
            $"The filter of entity type '{type}' ({filter}) leaves out every member of the group; it is not applied.",
            $"Members: {string.Join(", ", members)}.");
    }

    /// <summary>What to tell people when a rule was changed and its epoch was not.</summary>
    public static string Changed(string type, EntityFilter inForce, EntityFilter stated)
        => $"The filter of entity type '{type}' says '{stated}' in epoch {stated.Epoch}, and that epoch says "
            + $"'{inForce}' here already, which stays in force. State the one that is meant in epoch "
            + $"{inForce.Epoch + 1}.";
}
