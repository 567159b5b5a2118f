using Pelago.Model;

namespace Pelago.Replication;

/// <summary>What one lane has decided and not yet handed to the journal, or has under way there.</summary>
internal sealed class PendingGroup
{
    public List<EventRow> Rows { get; } = [];
    public List<EntityReplica> Touched { get; } = [];
    public List<InboundFrame> Resolves { get; } = [];

    /// <summary>How far each frontier is once this group is durable.</summary>
    public List<(OriginCursor Cursor, ulong Frontier)> Reached { get; } = [];

    /// <summary>Answers that are given once this group is durable.</summary>
    public List<Completion> Completions { get; } = [];

    /// <summary>How far effects are done.</summary>
    public IReadOnlyList<EffectMark> Marks { get; set; } = [];

    public List<OwedGap> Owed { get; } = [];
    public List<OwedGap> Settled { get; } = [];
    public List<RememberedReply> Replies { get; } = [];
    public List<ForgottenReply> Forgotten { get; } = [];
    public List<ConflictRecord> Conflicts { get; } = [];
    public List<SubjectKey> SubjectKeys { get; } = [];
    public List<EntityKey> ForgottenSubjects { get; } = [];
    public List<EntitySnapshot> Snapshots { get; } = [];
    public List<EntityCheckpoint> Checkpoints { get; } = [];
    public List<RemovedRow> Removed { get; } = [];

    /// <summary>Through which positions rows may be gone once this group is durable; null when it changes
    /// nothing.</summary>
    public Dictionary<Origin, ulong>? RemovedThrough { get; set; }

    /// <summary>Told once the notes are durable.</summary>
    public List<Action> Noted { get; } = [];

    /// <summary>The newest note of each name.</summary>
    public Dictionary<string, LaneNote> Notes { get; } = new(StringComparer.Ordinal);

    /// <summary>Something waits for this group; snapshots and moved frontiers alone do not hurry.</summary>
    public bool IsUrgent => Rows.Count + Completions.Count + Resolves.Count + Owed.Count + Settled.Count + Noted.Count
        + Checkpoints.Count + SubjectKeys.Count + ForgottenSubjects.Count > 0;

    public bool IsEmpty => !IsUrgent && Snapshots.Count + Conflicts.Count + Forgotten.Count
        + Notes.Count == 0;

    // A gap that was passed and then closed within one group is closed: nothing is noted of it.
    public LaneBatch ToBatch(int lane, uint epoch, IReadOnlyList<Frontier> frontiers) => new()
    {
        Lane = lane, Epoch = epoch, Rows = Rows, Frontiers = frontiers,
        Owed = Owed.Count == 0 ? [] : [.. Owed.Where(o => !Settled.Contains(o)).Select(o => o.Entry)],
        Settled = Settled.Count == 0 ? [] : [.. Settled.Select(o => o.Entry)], Replies = Replies,
        Forgotten = Forgotten, Conflicts = Conflicts, Snapshots = Snapshots, Marks = Marks,
        Checkpoints = Checkpoints, Removed = Removed, SubjectKeys = SubjectKeys,
        ForgottenSubjects = ForgottenSubjects,
        Notes = Notes.Count == 0 ? [] : [.. Notes.Values],
    };
}

/// <summary>The answer to a request, decided and not yet given: what it says must be durable first.</summary>
/// <param name="Value">The reply or projection.</param>
/// <param name="Failure">Why the request is refused, or null.</param>
/// <param name="Written">The last event that the request wrote, or null.</param>
/// <param name="Seen">What of the entity was seen when the request ran: later events may never become durable.</param>
internal readonly record struct Completion(
    EntityRequest Request, EntityReplica Entity, object? Value, Failure? Failure, EventRecord? Written,
    VersionVector Seen);
