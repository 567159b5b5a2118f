using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pelago.Entities;

/// <summary>Body of <c>/v1/digests</c>.</summary>
internal sealed record SlicesBody(string Region, IReadOnlyList<SliceBody> Slices);

/// <summary>One slice; the hashes are lower-case hex and independent of order.</summary>
internal sealed record SliceBody(int Slice, long Entities, ulong Events, string EventsHash, string StatesHash);

/// <summary>Body of <c>/v1/digests/entities</c>.</summary>
internal sealed record EntitiesBody(string Region, int Slice, IReadOnlyList<EntityBody> Entities);

/// <summary>One entity; the vector counts events by origin, and the state hash is empty when it cannot be folded
/// here.</summary>
internal sealed record EntityBody(
    string Type, string Id, IReadOnlyDictionary<string, ulong> Vector, ulong Events, string EventsHash,
    string StateHash);

/// <summary>Body of <c>/v1/digests/events</c>: by origin, the first 16 hex digits of each event's hash, from number 1
/// on; empty for one of which the row is gone.</summary>
internal sealed record EventsBody(
    string Region, IReadOnlyDictionary<string, IReadOnlyList<string>> Origins, bool Complete);

/// <summary>Body of a call of <see cref="QuarantineEndpoint"/>.</summary>
internal sealed record QuarantineBody(string Type, string Id, string Origin, ulong Sequence, string Where);

/// <summary>Body of <c>/v1/conflicts</c>; <c>Next</c> is the <c>after</c> of the next page, 0 at the end.</summary>
internal sealed record ConflictsBody(string Region, long Next, IReadOnlyList<ConflictBody> Conflicts);

/// <summary>Body of <c>/v1/about</c>: the version of Pelago that the program is made with.</summary>
internal sealed record AboutBody(string Version);

/// <summary>One entry of the conflict ledger.</summary>
internal sealed record ConflictBody(
    string Type, string Id, string Kind, string Origin, ulong Sequence, DateTimeOffset RecordedAt, string Reason);

/// <summary>Body of <c>/v1/journal</c>.</summary>
internal sealed record JournalBody(string Region, Guid JournalId, string? Incarnation, string Continuity,
    string Reason);

/// <summary>Body of a call that starts a run over the journal: of a compaction the type, or none for all.</summary>
internal sealed record JournalRunAsked(string? Type = null);

/// <summary>Body of <c>/v1/journal/check</c>, <c>stats</c>, <c>rekey</c>, <c>rekey-kek</c> and <c>compact</c>: how far
/// the run is. <c>Damage</c> is there when a check is done, <c>Stats</c> when a count is, <c>Renewal</c> when keys were
/// renewed, <c>Compaction</c> when rows were removed, <c>Failure</c> when it came to no end.</summary>
internal sealed record JournalRunBody(
    string Region, string Kind, string State, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, long Rows)
{
    public string? Type { get; init; }

    public IReadOnlyList<TroubleStatus>? Damage { get; init; }

    public JournalStatsBody? Stats { get; init; }

    public KeyRenewalBody? Renewal { get; init; }

    public CompactionBody? Compaction { get; init; }

    public TroubleStatus? Failure { get; init; }
}

/// <summary>What a compaction came to.</summary>
internal sealed record CompactionBody(
    long Removed, long Kept, long Entities, IReadOnlyDictionary<string, long> HeldBack, TroubleStatus? Trouble);

/// <summary>What a journal holds.</summary>
internal sealed record JournalStatsBody(
    long Rows, long Bytes, long Entities, IReadOnlyList<ulong> Heads, IReadOnlyList<DataKeyBody> Keys,
    DateTimeOffset? Oldest, DateTimeOffset? Newest, long Snapshots, long Owed, long Conflicts, long Replies)
{
    public long SubjectKeys { get; init; }
}

/// <summary>What is sealed under one data key.</summary>
internal sealed record DataKeyBody(long Number, string Kek, DateTimeOffset? MadeAt, long Rows, long Records);

/// <summary>What became of a journal's keys.</summary>
internal sealed record KeyRenewalBody(long DataKey, string Kek, int Rewrapped);

/// <summary>Body of a call of <see cref="SubjectEndpoint"/>.</summary>
internal sealed record SubjectBody(string Subject, bool Force)
{
    /// <summary>Of an erasure, in how many regions it has to be durable; null for this one.</summary>
    public string? Acknowledge { get; init; }

    /// <summary>Nothing of the subject: bodies may be logged.</summary>
    public override string ToString() => "a subject";
}

/// <summary>How a subject is here: <c>Unknown</c>, <c>Known</c> or <c>Forgotten</c>.</summary>
internal sealed record SubjectStatus(string Region, string State, int Keys)
{
    public TroubleStatus? Failure { get; init; }
}

/// <summary>Body of <c>/alive</c> and <c>/ready</c>.</summary>
internal sealed record HealthBody(string State);

/// <summary>How inspection answers are written.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SlicesBody))]
[JsonSerializable(typeof(EntitiesBody))]
[JsonSerializable(typeof(EventsBody))]
[JsonSerializable(typeof(QuarantineBody))]
[JsonSerializable(typeof(ConflictsBody))]
[JsonSerializable(typeof(AboutBody))]
[JsonSerializable(typeof(JournalBody))]
[JsonSerializable(typeof(HealthBody))]
[JsonSerializable(typeof(JournalRunBody))]
[JsonSerializable(typeof(JournalRunAsked))]
[JsonSerializable(typeof(ReplicationStatus))]
[JsonSerializable(typeof(MembersStatus))]
[JsonSerializable(typeof(MembersChangeBody))]
[JsonSerializable(typeof(SubjectBody))]
[JsonSerializable(typeof(SubjectStatus))]
internal sealed partial class InspectionJson : JsonSerializerContext;
