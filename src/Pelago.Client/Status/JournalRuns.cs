using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pelago.Client;

/// <summary>What can be asked of a whole journal: the last part of
/// <c>/v1/journal/{project}/{service}/{kind}</c>.</summary>
public static class JournalRunKinds
{
    /// <summary>Verify everything that it holds.</summary>
    public const string Check = "check";

    /// <summary>Count what it holds.</summary>
    public const string Stats = "stats";

    /// <summary>Seal new rows under a new data key.</summary>
    public const string Rekey = "rekey";

    /// <summary>Wrap the data keys under a new key-encryption key.</summary>
    public const string RekeyKek = "rekey-kek";

    /// <summary>Remove rows of final events, of types that let them go.</summary>
    public const string Compact = "compact";
}

/// <summary>Body of <c>POST /v1/journal/{project}/{service}/{kind}</c> of the Execution API (bearer: the
/// administrator's token): 202 when the run is under way, started now or before.</summary>
/// <param name="Type">Of a compaction: only entities of this type; null for all.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record JournalRunRequest(string? Type = null);

/// <summary>A run over a service's journal in one region, as <c>GET /v1/journal/{project}/{service}/{kind}</c> shows
/// it: the one under way, or the last one.</summary>
/// <param name="Region">The region that answers: each has a journal of its own.</param>
/// <param name="Kind"><c>Check</c>, <c>Stats</c>, <c>Rekey</c>, <c>RekeyKek</c> or <c>Compact</c>.</param>
/// <param name="State"><c>Running</c>, <c>Done</c> or <c>Failed</c>.</param>
/// <param name="StartedAt">When it was started.</param>
/// <param name="EndedAt">When it ended; null while it runs.</param>
/// <param name="Rows">Rows so far.</param>
public sealed record JournalRunView(
    string Region, string Kind, string State, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, long Rows)
{
    /// <summary>Of a compaction: the entity type that it was asked for; null for all.</summary>
    public string? Type { get; init; }

    /// <summary>What a check that is done found, at most 1,000 findings; empty when all is well.</summary>
    public IReadOnlyList<TroubleView>? Damage { get; init; }

    /// <summary>What was counted.</summary>
    public JournalStatsView? Stats { get; init; }

    /// <summary>What became of the keys.</summary>
    public KeyRenewalView? Renewal { get; init; }

    /// <summary>What was removed.</summary>
    public CompactionView? Compaction { get; init; }

    /// <summary>Why it came to no end.</summary>
    public TroubleView? Failure { get; init; }
}

/// <summary>What a journal holds.</summary>
/// <param name="Rows">Rows of events.</param>
/// <param name="Bytes">What the store takes on disk.</param>
/// <param name="Entities">Entities that the journal knows.</param>
/// <param name="Heads">The last position of each of the 32 lanes.</param>
/// <param name="Keys">Every data key, oldest first; new rows are sealed under the last.</param>
/// <param name="Oldest">Time of the oldest event; null without events.</param>
/// <param name="Newest">Time of the newest event.</param>
/// <param name="Snapshots">Entities with a snapshot.</param>
/// <param name="Owed">Gaps that are still open.</param>
/// <param name="Conflicts">Entries of the conflict ledger.</param>
/// <param name="Replies">Replies that are remembered for idempotency keys.</param>
public sealed record JournalStatsView(
    long Rows, long Bytes, long Entities, IReadOnlyList<ulong> Heads, IReadOnlyList<DataKeyView> Keys,
    DateTimeOffset? Oldest, DateTimeOffset? Newest, long Snapshots, long Owed, long Conflicts, long Replies)
{
    /// <summary>Keys of subjects under which personal members are sealed.</summary>
    public long SubjectKeys { get; init; }
}

/// <summary>What is sealed under one data key.</summary>
/// <param name="Number">The key's number: 1 is the journal's first.</param>
/// <param name="Kek">Id of the key-encryption key that wraps it.</param>
/// <param name="MadeAt">When it was made; null when nobody knows.</param>
/// <param name="Rows">Rows of events.</param>
/// <param name="Records">Everything else that is sealed under it.</param>
public sealed record DataKeyView(long Number, string Kek, DateTimeOffset? MadeAt, long Rows, long Records);

/// <summary>What became of a journal's keys.</summary>
/// <param name="DataKey">Number of the data key under which new rows are sealed.</param>
/// <param name="Kek">Id of the key-encryption key that wraps it.</param>
/// <param name="Rewrapped">Keys that were wrapped anew.</param>
public sealed record KeyRenewalView(long DataKey, string Kek, int Rewrapped);

/// <summary>What a compaction has come to.</summary>
/// <param name="Removed">Rows that are gone.</param>
/// <param name="Kept">Rows that stay, of entities that may be compacted.</param>
/// <param name="Entities">Entities that were compacted.</param>
/// <param name="HeldBack">For each region that has not confirmed events: how many entities it holds back.</param>
/// <param name="Trouble">Why an entity could not be compacted, of the first; null when none failed.</param>
public sealed record CompactionView(
    long Removed, long Kept, long Entities, IReadOnlyDictionary<string, long> HeldBack, TroubleView? Trouble);

/// <summary>How runs are written.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(JournalRunRequest))]
[JsonSerializable(typeof(JournalRunView))]
public sealed partial class JournalRunJson : JsonSerializerContext;
