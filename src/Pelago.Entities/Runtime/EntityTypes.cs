using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>The entity types of a service, by name and by CLR type. Immutable once built.</summary>
public sealed class EntityTypes
{
    private readonly Dictionary<string, EntityType> byName = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, EntityType> byState = [];

    /// <summary>A registry of these types.</summary>
    /// <exception cref="PelagoException">Two have one name, or one state type.</exception>
    public EntityTypes(IEnumerable<EntityType> types)
    {
        foreach (var type in types)
        {
            if (!byName.TryAdd(type.Name, type) || !byState.TryAdd(type.StateType, type))
            {
                throw new Failure(ErrorCodes.InvalidEntityType, $"Entity type '{type.Name}' is registered twice.",
                    "Register each type once, under a name of its own.").ToException();
            }
        }
    }

    /// <summary>All types.</summary>
    public IReadOnlyCollection<EntityType> All => byName.Values;

    internal IReadOnlyDictionary<string, IEntityType> ForKernel
        => byName.ToDictionary(t => t.Key, IEntityType (t) => t.Value, StringComparer.Ordinal);

    /// <summary>The type with that name, or null. <see cref="SubjectType"/> is there without being
    /// registered.</summary>
    public EntityType? Find(string name)
        => byName.GetValueOrDefault(name) ?? (name == SubjectType.Name ? SubjectType.Type : null);

    /// <summary>The type that a state record defines.</summary>
    /// <exception cref="PelagoException">It was not registered.</exception>
    public EntityType Of<TState>() where TState : class, IEntity<TState>
        => byState.GetValueOrDefault(typeof(TState)) ?? throw new Failure(ErrorCodes.UnknownEntityType,
            $"Entity type {typeof(TState).Name} is not registered.",
                "Add it where the service registers its entities.").ToException();
}
