using Pelago.Model;

namespace Pelago.Replication;

/// <summary>An event in the tail of a fold, with its decoded payload and its verdict.</summary>
public sealed class FoldEntry(EventRecord e, object? payload)
{
    /// <summary>The event.</summary>
    public EventRecord Event { get; } = e;

    /// <summary>Decoded payload; null when this build does not know it.</summary>
    public object? Payload { get; } = payload;

    /// <summary>Why it does not count, or null when it does.</summary>
    public string? Refusal { get; internal set; }

    /// <summary>True when a primary wrote it that had been replaced, and the next one had started without it.</summary>
    public bool Orphaned { get; internal set; }

    /// <summary>True when another batch with its idempotency key counts instead.</summary>
    public bool Deduplicated { get; internal set; }
}

/// <summary>Names the batch of one command: its origin and the sequence of its first event.</summary>
public readonly record struct BatchId(Origin Origin, ulong FirstSequence)
{
    /// <summary>The batch of an event.</summary>
    public static BatchId Of(EventRecord e) => new(e.Origin, e.Sequence - (ulong)e.BatchIndex);
}

/// <summary>The final prefix of a fold as a snapshot stores it.</summary>
/// <param name="Count">Events in it.</param>
/// <param name="State">The type's canonical state after it; empty when <paramref name="Count"/> is 0.</param>
/// <param name="Last">Place of its last event in the total order; null when there is none.</param>
/// <param name="Vector">For each origin, the highest sequence in it.</param>
/// <param name="Settled">What every event that is not in it had seen before its command, as far as the state relies on
/// that.</param>
/// <param name="Keys">Idempotency keys whose batch is decided.</param>
public sealed record FoldedPrefix(
    ulong Count, ReadOnlyMemory<byte> State, EventPlace? Last, VersionVector Vector, VersionVector Settled,
    IReadOnlyList<KeyValuePair<string, KeyOwner>> Keys)
{
    /// <summary>Its last event is a deletion: whatever comes before that in the total order changes nothing.</summary>
    public bool IsDeleted { get; init; }

    /// <summary>Writes to last-writer-wins values in it that are not decided yet.</summary>
    public IReadOnlyList<OpenWrite> Open { get; init; } = [];
}

/// <summary>The batch that counts for an idempotency key, and when it was written.</summary>
/// <param name="Regions">Whom its events are for; null for every region.</param>
public readonly record struct KeyOwner(BatchId Batch, HybridTimestamp At, EntityFilter? Regions = null);
