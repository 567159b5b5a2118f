using Pelago.Model;

namespace Pelago.Replication;

/// <summary>What became of one <see cref="LaneBatch"/>.</summary>
/// <param name="Outcome">Committed, or why not.</param>
/// <param name="FirstPosition">Position of the first row; the others follow without gaps. 0 when there were no
/// rows.</param>
/// <param name="Head">The lane's head after the batch.</param>
public readonly record struct LaneCommit(CommitOutcome Outcome, ulong FirstPosition, ulong Head);

/// <summary>Outcome of a batch.</summary>
public enum CommitOutcome
{
    /// <summary>Durable.</summary>
    Committed,

    /// <summary>Another owner has raised the lane's epoch; nothing was written.</summary>
    Fenced,

    /// <summary>The store failed (disk full, connection lost …); nothing was written.</summary>
    Failed,
}

/// <summary>A lane as the journal recovers it.</summary>
/// <param name="Lane">0–31.</param>
/// <param name="Epoch">Epoch now held.</param>
/// <param name="Head">Position of the last row.</param>
/// <param name="OwnHead">Position of the last row whose origin is the journal's newest incarnation; 0 when
/// none.</param>
/// <param name="Frontiers">Durable frontiers, the journal's own older incarnations included.</param>
/// <param name="Owed">Open gaps.</param>
public sealed record LaneState(
    int Lane, uint Epoch, ulong Head, ulong OwnHead, IReadOnlyList<Frontier> Frontiers, IReadOnlyList<Owed> Owed)
{
    /// <summary>Entries of the conflict ledger that say <see cref="ConflictKind.Fork"/>: these entities stay
    /// quarantined.</summary>
    public IReadOnlyList<ConflictRecord> Forks { get; init; } = [];

    /// <summary>How far the effects of own events are done; empty where none ever ran.</summary>
    public IReadOnlyList<EffectMark> EffectMarks { get; init; } = [];

    /// <summary>A mark cannot be opened: nobody knows which effects are done.</summary>
    public bool AreEffectMarksDamaged { get; init; }

    /// <summary>Notes of the lane.</summary>
    public IReadOnlyList<LaneNote> Notes { get; init; } = [];

    /// <summary>Some notes are damaged and left out.</summary>
    public bool NotesDamaged { get; init; }
}

/// <summary>An entity as the journal recovers it: its newest snapshot and every row after it.</summary>
/// <param name="Snapshot">Null when there is none.</param>
/// <param name="Rows">Rows after the snapshot, or else after the checkpoint, in order of local sequence.</param>
/// <param name="Replies">Remembered replies.</param>
public sealed record EntityImage(
    EntityKey Entity, EntitySnapshot? Snapshot, IReadOnlyList<EventRow> Rows, IReadOnlyList<RememberedReply> Replies)
{
    /// <summary>What stands for the rows that are gone; null when none are. A snapshot goes before it.</summary>
    public EntityCheckpoint? Checkpoint { get; init; }

    /// <summary>Keys of the subject that the entity stands for; empty for every other entity.</summary>
    public IReadOnlyList<SubjectKey> SubjectKeys { get; init; } = [];

    /// <summary>A row that could not be opened (damaged, altered, key missing), or null. The entity is then
    /// parked.</summary>
    public Failure? Damage { get; init; }

    /// <summary>It was not read at all: what <see cref="Damage"/> says may pass, and says nothing of the
    /// rows.</summary>
    internal bool IsUnread { get; init; }
}

/// <summary>Rows of one origin beyond a position at that origin.</summary>
public sealed record LaneFilter(Origin Origin, ulong AfterOriginPosition);

/// <summary>A row read by lane.</summary>
public readonly record struct LaneRow(ulong Position, EventRow Row);

/// <summary>A page of a lane in order of position.</summary>
/// <param name="Rows">Rows after the asked position.</param>
/// <param name="Through">Every position up to here was looked at: the place to go on from.</param>
/// <param name="Damaged">Positions whose rows could not be opened; they are left out of
/// <paramref name="Rows"/>.</param>
public sealed record LanePage(int Lane, IReadOnlyList<LaneRow> Rows, ulong Through, IReadOnlyList<ulong> Damaged);

/// <summary>How sure the journal is, at opening, that it holds everything its newest incarnation ever wrote.</summary>
public enum Continuity
{
    /// <summary>The guard file agrees with a clean stop: the incarnation goes on.</summary>
    Clean,

    /// <summary>The process died: the incarnation goes on only if every member says that it holds nothing beyond our
    /// head.</summary>
    Unclean,

    /// <summary>Restored, cloned, or without a guard file: a new incarnation begins before the first write.</summary>
    Broken,
}

/// <summary>Who the journal is.</summary>
/// <param name="JournalId">Given at creation, never changed by a restore.</param>
/// <param name="Incarnation">The newest incarnation, or null in a new journal.</param>
/// <param name="Continuity">Whether that incarnation may be written to.</param>
/// <param name="Reason">One sentence for the operator when continuity is not clean.</param>
public sealed record JournalIdentity(Guid JournalId, Incarnation? Incarnation, Continuity Continuity, string Reason);
