using Pelago.Journal;
using Pelago.Model;

namespace Pelago.Entities;

/// <summary>What can be asked of a whole journal. Whatever it is, the service goes on meanwhile.</summary>
public enum JournalRunKind
{
    /// <summary>Verify everything that it holds.</summary>
    Check,

    /// <summary>Count what it holds.</summary>
    Stats,

    /// <summary>Seal new rows under a new data key.</summary>
    Rekey,

    /// <summary>Wrap the data keys under a new key-encryption key.</summary>
    RekeyKek,

    /// <summary>Remove rows of final events, of types that let them go.</summary>
    Compact,
}

/// <summary>One run over a whole journal, as far as it has come.</summary>
/// <param name="Kind">What was asked.</param>
/// <param name="StartedAt">When.</param>
/// <param name="Rows">Rows so far.</param>
public sealed record JournalRun(JournalRunKind Kind, DateTimeOffset StartedAt, long Rows)
{
    /// <summary>Of a compaction: the entity type that it was asked for; null for all.</summary>
    public string? Type { get; init; }

    /// <summary>When it ended; null while it runs.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>What a check found.</summary>
    public JournalReport? Report { get; init; }

    /// <summary>What was counted.</summary>
    public JournalStats? Stats { get; init; }

    /// <summary>What became of the keys.</summary>
    public KeyRenewal? Renewal { get; init; }

    /// <summary>What was removed.</summary>
    public CompactionReport? Compaction { get; init; }

    /// <summary>Why it came to no end.</summary>
    public Failure? Failure { get; init; }
}
