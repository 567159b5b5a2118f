using Pelago.Model;

namespace Pelago.Replication;

/// <summary>One atomic step of one lane: what the kernel decided, to be made durable as a whole or not at
/// all.</summary>
/// <remarks>The journal commits many of these, of many lanes, in one transaction (group commit). In it, for each lane,
/// the lane's row is advanced under its epoch; a batch of a deposed owner is refused whole.</remarks>
public sealed class LaneBatch
{
    /// <summary>The lane, 0–31.</summary>
    public required int Lane { get; init; }

    /// <summary>The epoch under which the writer owns the lane: the fence.</summary>
    public required uint Epoch { get; init; }

    /// <summary>Rows to append, in this order, at the lane's next positions.</summary>
    public IReadOnlyList<EventRow> Rows { get; init; } = [];

    /// <summary>Frontiers that move in the same transaction.</summary>
    public IReadOnlyList<Frontier> Frontiers { get; init; } = [];

    /// <summary>How far the effects of own events are done; each replaces the older one of its origin.</summary>
    public IReadOnlyList<EffectMark> Marks { get; init; } = [];

    /// <summary>Gaps that a frontier passed: events that are owed to this replica.</summary>
    public IReadOnlyList<Owed> Owed { get; init; } = [];

    /// <summary>Owed gaps that are closed: the row with the same entity and origin is removed.</summary>
    public IReadOnlyList<Owed> Settled { get; init; } = [];

    /// <summary>Replies whose key can no longer match: removed. Applied before <see cref="Replies"/>.</summary>
    public IReadOnlyList<ForgottenReply> Forgotten { get; init; } = [];

    /// <summary>Replies remembered for idempotent commands.</summary>
    public IReadOnlyList<RememberedReply> Replies { get; init; } = [];

    /// <summary>Entries of the conflict ledger; an entry with the same identity replaces the older one.</summary>
    public IReadOnlyList<ConflictRecord> Conflicts { get; init; } = [];

    /// <summary>Checkpoints that stand for rows that are gone. Applied before <see cref="Snapshots"/>.</summary>
    public IReadOnlyList<EntityCheckpoint> Checkpoints { get; init; } = [];

    /// <summary>Rows that go: each lies at or before the checkpoint of its entity in this batch.</summary>
    public IReadOnlyList<RemovedRow> Removed { get; init; } = [];

    /// <summary>Snapshots; each replaces the older one of its entity.</summary>
    public IReadOnlyList<EntitySnapshot> Snapshots { get; init; } = [];

    /// <summary>Keys of subjects, each of an entity of <see cref="SubjectType"/> in this lane; one that is known
    /// already is replaced.</summary>
    public IReadOnlyList<SubjectKey> SubjectKeys { get; init; } = [];

    /// <summary>Subjects of which all keys go. Applied after <see cref="SubjectKeys"/>.</summary>
    public IReadOnlyList<EntityKey> ForgottenSubjects { get; init; } = [];

    /// <summary>Notes of the lane; each replaces the older one of its name.</summary>
    public IReadOnlyList<LaneNote> Notes { get; init; } = [];
}

/// <summary>An event with the number of its row among the rows of its entity in this replica.</summary>
/// <param name="Event">The event; its <see cref="EventRecord.OriginPosition"/> is 0 when this journal is its origin:
/// the position that the journal gives it is then its position at the origin.</param>
/// <param name="LocalSequence">1, 2, 3 … per entity in this replica: the second fence, and the order in which consumers
/// see the entity's events.</param>
/// <param name="Own">True when this journal's present incarnation is the origin.</param>
public readonly record struct EventRow(EventRecord Event, ulong LocalSequence, bool Own);

/// <summary>"Every event of this origin in this lane up to this position at the origin is here, or is owed."</summary>
/// <param name="Highest">The highest position at the origin of any event that is here, at least <c>Position</c>: events
/// can be here beyond the frontier while an earlier one is missing. Written with the rows it describes.</param>
public readonly record struct Frontier(Origin Origin, ulong Position, ulong Highest);

/// <summary>A durable note that a frontier passed events of one entity and origin without appending them.</summary>
/// <param name="Entity">The entity.</param>
/// <param name="Origin">Whose events are missing.</param>
/// <param name="FromSequence">First missing sequence number; everything from there on may be missing.</param>
/// <param name="Position">Position at the origin of the first one that was passed.</param>
public sealed record Owed(EntityKey Entity, Origin Origin, ulong FromSequence, ulong Position);

/// <summary>The reply that was given for an idempotency key, serialized by the entity's type.</summary>
public sealed record RememberedReply(EntityKey Entity, string IdempotencyKey, ReadOnlyMemory<byte> Reply)
{
    /// <summary>For a command that made no event: when it was answered, in milliseconds since 1970. No event carries
    /// its key, so this record alone knows it. 0 when the command made events.</summary>
    public long AtMilliseconds { get; init; }

    /// <summary>The events whose reply it is; null when there are none, and for what was remembered by versions that
    /// did not say.</summary>
    public BatchId? Batch { get; init; }
}

/// <summary>A reply that need not be remembered any more.</summary>
public sealed record ForgottenReply(EntityKey Entity, string IdempotencyKey);

/// <summary>Why an event is not in the state as its author meant it.</summary>
public enum ConflictKind
{
    /// <summary>An earlier event in the total order had made it invalid.</summary>
    RefusedByFold = 1,

    /// <summary>Another batch with the same idempotency key counts instead.</summary>
    Deduplicated = 2,

    /// <summary>Two different events claim the same origin and sequence.</summary>
    Fork = 3,

    /// <summary>It was written by a primary that had been replaced, and is not among what the next one had.</summary>
    Orphaned = 4,

    /// <summary>It counts, and was taken without something that its author had seen: that was lost with a region that
    /// was removed. Or it is the first of an entity with a filter of its own of which only placeholders are
    /// left.</summary>
    CausesLost = 5,

    /// <summary>It counts, and what it wrote to a last-writer-wins value was overwritten by an event that had not seen
    /// it, before anybody who had seen it wrote again.</summary>
    Overwritten = 6,
}

/// <summary>An entry of the conflict ledger. Identity: entity, origin, sequence, kind.</summary>
public sealed record ConflictRecord(
    EntityKey Entity, ConflictKind Kind, Origin Origin, ulong Sequence, long RecordedAtMilliseconds, string Reason);

/// <summary>A snapshot of one entity: opaque to the journal, written and read by the kernel.</summary>
/// <param name="Entity">The entity.</param>
/// <param name="LocalSequence">Rows up to this one are contained.</param>
/// <param name="Content">The kernel's snapshot message (see <c>stored.proto</c>).</param>
public sealed record EntitySnapshot(EntityKey Entity, ulong LocalSequence, ReadOnlyMemory<byte> Content);

/// <summary>A record that belongs to the lane and to no entity's events, such as a vote: opaque to the journal, written
/// and read by the kernel (see <c>stored.proto</c>).</summary>
/// <param name="Name">What it is found by in its lane; at most <see cref="MaxNameLength"/> characters.</param>
public sealed record LaneNote(string Name, ReadOnlyMemory<byte> Content)
{
    /// <summary>Longest name in characters.</summary>
    public const int MaxNameLength = 512;
}
