using Pelago.Model;

namespace Pelago.Entities;

/// <summary>Says which instance of the region owns an entity. An instance with an embedded journal owns all of them;
/// with a shared journal this is where leases of lanes are looked up, and a command that lands elsewhere takes its
/// one hop.</summary>
/// <param name="self">Name of this instance.</param>
public sealed class EntityOwners(string self)
{
    /// <summary>Name of the owning instance.</summary>
    public string OwnerOf(EntityKey entity) => self;

    /// <summary>True when the entity is this instance's own.</summary>
    public bool IsHere(EntityKey entity) => OwnerOf(entity) == self;
}
