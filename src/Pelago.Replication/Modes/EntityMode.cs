namespace Pelago.Replication;

/// <summary>Which regions take commands for the entities of a type, and whether its events leave the region that wrote
/// them. A type states it in its definition, the same in every region.</summary>
/// <remarks>The default is <see cref="Replicated"/>. Every mode stores events in the same form, so that a type may
/// change its mode later and keeps its history.</remarks>
public sealed record EntityMode
{
    private EntityMode(EntityModeKind kind) => Kind = kind;

    /// <summary>Every region takes commands, and every region has every event.</summary>
    public static readonly EntityMode Replicated = new(EntityModeKind.Replicated);

    /// <summary>Every region takes commands for entities of its own, whose events it keeps to itself: the same id names
    /// another entity in each region. Once the type becomes replicated, its history goes to the others.</summary>
    public static readonly EntityMode Local = new(EntityModeKind.Local);

    /// <summary>The kind of mode.</summary>
    public EntityModeKind Kind { get; }

    /// <summary>Events stay in the region that wrote them.</summary>
    public bool IsLocal => Kind == EntityModeKind.Local;

    /// <inheritdoc />
    public override string ToString() => IsLocal ? "local" : "replicated";
}

/// <summary>Kinds of <see cref="EntityMode"/>.</summary>
public enum EntityModeKind
{
    /// <summary>Every region takes commands.</summary>
    Replicated = 0,

    /// <summary>Events stay in the region that wrote them.</summary>
    Local = 1,
}
