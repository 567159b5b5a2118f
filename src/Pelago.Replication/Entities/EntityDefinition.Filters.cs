namespace Pelago.Replication;

public sealed partial class EntityDefinition<TState>
{
    private EntityFilter filter = EntityFilter.None;

    /// <summary>Which regions get the events. Without this: every region, or whatever was stated before. A region that
    /// is left out sends commands and reads on to one that has the entities.</summary>
    /// <param name="entityFilter">The rule of an epoch; a changed rule needs a higher one.</param>
    public EntityDefinition<TState> Filter(EntityFilter entityFilter)
    {
        filter = entityFilter;
        return this;
    }

    private IEnumerable<string> MistakesOfFilter()
    {
        foreach (var mistake in FilterChecks.MistakesOf(filter))
            yield return mistake;
        if (filter.Epoch == 0)
            yield break;
        if (mode.IsLocal)
            yield return "its events stay in the region that writes them: it can have no filter";
        if (mode.Moves)
            yield return "its primary moves to any region: it can have no filter";
        if (mode.Primary is { } primary && !filter.Admits(primary))
            yield return $"its filter leaves out '{primary}', which takes its commands";
        if (effects.Count > 0)
            yield return "it has effects of final events, and a region that is left out cannot judge its own: it can "
                + "have no filter";
        if (compacts)
            yield return "its rows may go, and a region that it is opened to needs them: it can have no filter";
        if (!filter.IsSelective || mode.Primary is not null)
            yield break;
        foreach (var command in commands.Keys.Where(c => forms.Values.All(f => f.Command != c)))
        {
            yield return $"command {command.Name} cannot be sent on by a region that is left out: give it a name and a "
                + "JSON form";
        }
    }
}
