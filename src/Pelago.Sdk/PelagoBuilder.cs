using Pelago.Replication;

namespace Pelago.Sdk;

/// <summary>Names what a service consists of.</summary>
public sealed class PelagoBuilder
{
    private readonly List<EntityType> types = [];

    internal PelagoBuilder()
    {
    }

    internal IReadOnlyList<EntityType> Types => types;

    /// <summary>Registers an entity type by its state record.</summary>
    /// <exception cref="Pelago.Model.PelagoException">PLG5001: its definition is not complete; says all that is
    /// missing.
    /// </exception>
    public PelagoBuilder Entity<TState>() where TState : class, IEntity<TState>
    {
        types.Add(EntityType.Of<TState>());
        return this;
    }
}
