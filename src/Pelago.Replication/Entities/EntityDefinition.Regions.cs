namespace Pelago.Replication;

public sealed partial class EntityDefinition<TState>
{
    private bool hasRegions;

    /// <summary>Each entity may say which regions get its events: a command does, with
    /// <see cref="Persisting.KeptIn"/> or <see cref="Persisting.KeptOutOf"/>. A region that is left out of an entity
    /// sends commands and reads for it on.</summary>
    /// <remarks>Once declared it must stay: a build that does not declare it still withholds what entities say, and
    /// takes no change of it.</remarks>
    public EntityDefinition<TState> RegionsPerEntity()
    {
        hasRegions = true;
        return this;
    }

    private IEnumerable<string> MistakesOfRegions()
    {
        if (!hasRegions)
            yield break;
        const string So = "its entities can have no filters of their own";
        if (filter.Epoch > 0)
            yield return $"it has a filter as a whole: {So}";
        if (mode.Kind != EntityModeKind.Replicated)
            yield return $"not every region takes its commands: {So}";
        if (effects.Count > 0)
            yield return $"it has effects of final events, and a region that is left out cannot judge its own: {So}";
        if (compacts)
            yield return $"its rows may go, and a region that an entity is opened to needs them: {So}";
        if (stateJson is not null && HasPersonalMembers())
            yield return $"it has personal members, whose keys are in regions that the entity may not be for: {So}";
        foreach (var command in commands.Keys.Where(c => forms.Values.All(f => f.Command != c)))
        {
            yield return $"command {command.Name} cannot be sent on by a region that is left out of an entity: give it "
                + "a name and a JSON form";
        }
    }
}
