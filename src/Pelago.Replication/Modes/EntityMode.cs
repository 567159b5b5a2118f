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

    /// <summary>Every region has every event, and no region takes commands: between two primaries, for
    /// example.</summary>
    public static readonly EntityMode None = new(EntityModeKind.None);

    /// <summary>One region takes the commands; every region has every event.</summary>
    /// <param name="region">Name of the primary region.</param>
    /// <param name="elsewhere">What other regions do with a command.</param>
    public static EntityMode Pinned(string region, Elsewhere elsewhere = Elsewhere.Forward)
        => new(EntityModeKind.Pinned) { Primary = region, Elsewhere = elsewhere };

    /// <summary>One region takes the commands, and which one changes: it moves to where commands are sent, and when it
    /// is out of reach, with a majority of the regions. Every region has every event.</summary>
    /// <param name="home">The primary region of a type that has never moved.</param>
    /// <param name="elsewhere">What other regions do with a command while the primary is to stay where it is.</param>
    public static EntityMode RequestRegion(string home, Elsewhere elsewhere = Elsewhere.Forward)
        => new(EntityModeKind.RequestRegion) { Primary = home, Elsewhere = elsewhere };

    /// <summary>The kind of mode.</summary>
    public EntityModeKind Kind { get; }

    /// <summary>The region that takes the commands, at first where that changes; null where the mode has
    /// none.</summary>
    public string? Primary { get; private init; }

    /// <summary>What a region does with a command that another one takes.</summary>
    public Elsewhere Elsewhere { get; private init; }

    /// <summary>Events stay in the region that wrote them.</summary>
    public bool IsLocal => Kind == EntityModeKind.Local;

    /// <summary>The primary changes while the service runs.</summary>
    public bool Moves => Kind == EntityModeKind.RequestRegion;

    /// <inheritdoc />
    public override string ToString() => Kind switch
    {
        EntityModeKind.Pinned => $"pinned({Primary})",
        EntityModeKind.RequestRegion => $"request-region({Primary})",
        EntityModeKind.Local => "local",
        EntityModeKind.None => "none",
        _ => "replicated",
    };
}

/// <summary>Kinds of <see cref="EntityMode"/>.</summary>
public enum EntityModeKind
{
    /// <summary>Every region takes commands.</summary>
    Replicated = 0,

    /// <summary>Events stay in the region that wrote them.</summary>
    Local = 1,

    /// <summary>No region takes commands.</summary>
    None = 2,

    /// <summary>One named region takes commands.</summary>
    Pinned = 3,

    /// <summary>One region takes commands, and which one changes.</summary>
    RequestRegion = 4,
}

/// <summary>What a region does with a command for an entity whose primary is another region.</summary>
public enum Elsewhere
{
    /// <summary>It asks the primary, which must answer within the deadline.</summary>
    Forward = 0,

    /// <summary>It refuses, and names the primary.</summary>
    Refuse = 1,
}
