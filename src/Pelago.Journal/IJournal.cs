using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>The append-only store of one service in one region. Two implementations stand behind it (SQLite and
/// PostgreSQL), and one conformance suite runs against each and against the simulator's.</summary>
/// <remarks>Thread-safe. One writer appends at a time (calls to <see cref="AppendAsync"/> are not concurrent); reads
/// run beside it and see committed rows only. Positions are gap-free per lane and in commit order.</remarks>
public interface IJournal : IAsyncDisposable
{
    /// <summary>Journal id, newest incarnation and continuity as found when it was opened, or after
    /// <see cref="OpenIncarnationAsync"/>.</summary>
    JournalIdentity Identity { get; }

    /// <summary>What keeps part of an open journal from being used, or null: its store took no write the last time, or
    /// a page that many entities need is damaged. Damage that parks one entity is not among it.</summary>
    Failure? Trouble => null;

    /// <summary>Takes ownership of a lane: raises its epoch, which fences every earlier owner, and reads its
    /// state.</summary>
    ValueTask<LaneState> AcquireLaneAsync(int lane, CancellationToken cancellationToken);

    /// <summary>Begins a new life, durable before the call returns: own rows appended from now on belong to it. The
    /// closed incarnation keeps its head as an ordinary frontier.</summary>
    ValueTask OpenIncarnationAsync(Origin next, CancellationToken cancellationToken);

    /// <summary>Appends a group of batches in one transaction, durable when the call returns. One result per batch, in
    /// order. A fenced batch does not keep the others from committing; a failed store fails all of them and changes
    /// nothing.</summary>
    ValueTask<IReadOnlyList<LaneCommit>> AppendAsync(IReadOnlyList<LaneBatch> batches,
        CancellationToken cancellationToken);

    /// <summary>An entity's snapshot and the rows after it; an empty image when the entity is unknown.</summary>
    ValueTask<EntityImage> LoadAsync(EntityKey entity, CancellationToken cancellationToken);

    /// <summary>Every row of an entity from the first that is left, ignoring snapshots, with the checkpoint that stands
    /// for those that are gone: for a refold beyond the snapshot, and for verification.</summary>
    ValueTask<EntityImage> LoadHistoryAsync(EntityKey entity, CancellationToken cancellationToken);

    /// <summary>Rows of an entity after a local sequence, at most <paramref name="maxRows"/>, with its checkpoint. They
    /// end before a row that cannot be opened.</summary>
    ValueTask<EntityRows> ReadRowsAsync(
        EntityKey entity, ulong after, int maxRows, CancellationToken cancellationToken);

    /// <summary>Checkpoints of a lane's entities, in pages: ordered by an internal number, strictly after
    /// <paramref name="after"/> (0 to begin).</summary>
    ValueTask<CheckpointPage> ReadCheckpointsAsync(
        int lane, long after, int maxCheckpoints, CancellationToken cancellationToken);

    /// <summary>Rows of a lane after a position, at most <paramref name="maxRows"/> and about
    /// <paramref name="maxBytes"/> of payload (at least one row when there is one).</summary>
    /// <param name="filter">Only rows that pass are opened and returned; null for all. <see cref="LanePage.Through"/>
    /// also covers the rows that were passed over, and positions whose rows were removed.</param>
    ValueTask<LanePage> ReadLaneAsync(
        int lane, ulong after, LaneFilter? filter, int maxRows, int maxBytes, CancellationToken cancellationToken);

    /// <summary>Entries of the conflict ledger, oldest first, in pages: strictly after <paramref name="after"/>
    /// (0 to begin). An entry that was replaced keeps its place.</summary>
    ValueTask<ConflictPage> ReadConflictsAsync(long after, int limit, CancellationToken cancellationToken);

    /// <summary>Keys of the entities in a lane, in pages: ordered by an internal number, strictly after
    /// <paramref name="after"/> (0 to begin).</summary>
    ValueTask<EntityPage> ReadEntitiesAsync(int lane, long after, int maxEntities, CancellationToken cancellationToken);

    /// <summary>Verifies every row, every record beside the rows, the lane heads and the indexes; names what is
    /// damaged. Writes go on meanwhile.</summary>
    /// <param name="progress">Told how many rows were verified.</param>
    ValueTask<JournalReport> CheckAsync(IProgress<long>? progress, CancellationToken cancellationToken);

    /// <summary>Counts what the journal holds. Writes go on meanwhile, so that what is written last may be
    /// missing.</summary>
    /// <param name="progress">Told how many rows were counted.</param>
    ValueTask<JournalStats> CountAsync(IProgress<long>? progress, CancellationToken cancellationToken);

    /// <summary>Renews keys, durable before the call returns. Appends and reads go on meanwhile, and no row is written
    /// again.</summary>
    /// <exception cref="PelagoException">The key-encryption key is missing, wrong or refused (PLG4004, PLG4005,
    /// PLG4008), or the store failed; the keys are then as they were.</exception>
    ValueTask<KeyRenewal> RekeyAsync(RekeyScope scope, CancellationToken cancellationToken);
}

/// <summary>A page of the conflict ledger.</summary>
/// <param name="Next">Pass as <c>after</c> for the next page; 0 when this was the last.</param>
public sealed record ConflictPage(IReadOnlyList<ConflictRecord> Conflicts, long Next);

/// <summary>A page of entity keys.</summary>
/// <param name="Next">Pass as <c>after</c> for the next page; 0 when this was the last.</param>
public sealed record EntityPage(IReadOnlyList<EntityKey> Entities, long Next);

/// <summary>What a check found.</summary>
/// <param name="Rows">Rows verified.</param>
/// <param name="Damage">One failure per damaged row, snapshot, gap or head; empty when all is well.</param>
public sealed record JournalReport(long Rows, IReadOnlyList<Failure> Damage);
