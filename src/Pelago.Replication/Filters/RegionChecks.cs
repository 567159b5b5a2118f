using Pelago.Model;

namespace Pelago.Replication;

/// <summary>What the filter of a single entity must be like, said to whoever wants to set it.</summary>
internal static class RegionChecks
{
    public static Failure NotFirst(EntityKey entity) => new(ErrorCodes.InvalidFilter,
        $"The filter of {entity} was to change in the middle of a batch, and holds for whole ones. Nothing was "
        + "changed.",
        "Use KeptIn(…), KeptOutOf(…) or KeptEverywhere() of Effect.Persist(…).");

    /// <summary>What is wrong with a rule that is to be in force; null when it can be.</summary>
    /// <param name="said">What the command says of it. Names in the rest of it may be of regions that are gone.</param>
    /// <remarks>Who runs alone, on a developer's machine for example, may name regions that are not there and leave
    /// itself away. What nobody could read afterwards is refused there, too.</remarks>
    public static Failure? Refuse(EntityReplica entity, EntityFilter said, EntityFilter rule, KernelContext context)
    {
        string[] members = [.. context.Members];
        var mistakes = FilterChecks.MistakesOf(rule).ToList();
        if (rule.Names > EntityFilter.MaxRegionsOfEntity)
            mistakes.Add($"it names {rule.Names} regions, and {EntityFilter.MaxRegionsOfEntity} are the most");
        var unknown = (said.Included ?? []).Concat(said.Excluded)
            .Where(r => !context.IsAlone && !members.Contains(r)).Distinct(StringComparer.Ordinal).ToArray();
        if (unknown.Length > 0)
            mistakes.Add($"the group has no region '{string.Join("', '", unknown)}'");
        if (!rule.Admits(context.Options.Region)
            && (!context.IsAlone || rule.Excluded.Contains(context.Options.Region)))
        {
            mistakes.Add($"it leaves out '{context.Options.Region}', which takes the command: send that to a region "
                + "that is to have the entity");
        }
        if (entity.Compacted.Count > 0)
            mistakes.Add("rows of the entity's first events are gone, and a region that it is opened to needs them");
        return mistakes.Count == 0 ? null : new Failure(ErrorCodes.InvalidFilter,
            $"The filter of {entity.Key} ({rule}) cannot be: {string.Join("; ", mistakes)}. Nothing was changed.",
            $"Members: {string.Join(", ", members)}.");
    }
}
