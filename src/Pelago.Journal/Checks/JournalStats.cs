namespace Pelago.Journal;

/// <summary>What a journal holds, counted; nothing is opened for it.</summary>
/// <param name="Rows">Rows of events.</param>
/// <param name="Bytes">What the store takes on disk, indexes and log included.</param>
/// <param name="Entities">Entities that the journal knows.</param>
/// <param name="Heads">The last position of each of the 32 lanes.</param>
/// <param name="Keys">Every data key, oldest first; new rows are sealed under the last.</param>
/// <param name="Oldest">Time of the oldest event by its author's clock; null without events.</param>
/// <param name="Newest">Time of the newest event by its author's clock.</param>
/// <param name="Snapshots">Entities with a snapshot.</param>
/// <param name="Owed">Gaps that are still open.</param>
/// <param name="Conflicts">Entries of the conflict ledger.</param>
/// <param name="Replies">Replies that are remembered for idempotency keys.</param>
public sealed record JournalStats(
    long Rows, long Bytes, long Entities, IReadOnlyList<ulong> Heads, IReadOnlyList<DataKeyUse> Keys,
    DateTimeOffset? Oldest, DateTimeOffset? Newest, long Snapshots, long Owed, long Conflicts, long Replies)
{
    /// <summary>Keys of subjects under which personal members are sealed.</summary>
    public long SubjectKeys { get; init; }
}

/// <summary>What is sealed under one data key.</summary>
/// <param name="Number">The key's number: 1 is the journal's first.</param>
/// <param name="Kek">Id of the key-encryption key that wraps it.</param>
/// <param name="MadeAt">When it was made; null for a key of the first format, of which nobody knows.</param>
/// <param name="Rows">Rows of events.</param>
/// <param name="Records">Everything else: entities, origins, snapshots, replies, conflicts, frontiers, gaps, marks,
/// notes, keys of subjects.</param>
public sealed record DataKeyUse(long Number, string Kek, DateTimeOffset? MadeAt, long Rows, long Records);
