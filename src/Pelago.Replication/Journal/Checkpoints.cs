using Pelago.Model;

namespace Pelago.Replication;

/// <summary>What stands in a journal for rows that are gone: the fold of an entity's final prefix, and what tells which
/// events that were. Opaque to the journal, written and read by the kernel (see <c>stored.proto</c>).</summary>
/// <remarks>Storing one replaces the older one of its entity and takes the entity's snapshot away, which may rest on
/// rows that go.</remarks>
/// <param name="Entity">The entity.</param>
/// <param name="Through">Rows of the entity up to this local sequence are gone: its rows begin after it.</param>
/// <param name="Content">The kernel's checkpoint message.</param>
public sealed record EntityCheckpoint(EntityKey Entity, ulong Through, ReadOnlyMemory<byte> Content);

/// <summary>A row that goes. The position stays taken: a journal remembers that the row was removed, so that nobody
/// takes it for lost.</summary>
public readonly record struct RemovedRow(EntityKey Entity, ulong LocalSequence, ulong Position);

/// <summary>Some rows of one entity in order of local sequence.</summary>
/// <param name="Rows">With their positions in the lane.</param>
public sealed record EntityRows(EntityKey Entity, IReadOnlyList<LaneRow> Rows)
{
    /// <summary>What stands for the rows before these; null when none are gone.</summary>
    public EntityCheckpoint? Checkpoint { get; init; }

    /// <summary>A row that could not be opened, or null; it and what follows it are left out.</summary>
    public Failure? Damage { get; init; }
}

/// <summary>A page of the checkpoints in a lane.</summary>
/// <param name="Next">Pass as <c>after</c> for the next page; 0 when this was the last.</param>
/// <param name="Damaged">How many could not be opened.</param>
public sealed record CheckpointPage(IReadOnlyList<EntityCheckpoint> Checkpoints, long Next, int Damaged);
