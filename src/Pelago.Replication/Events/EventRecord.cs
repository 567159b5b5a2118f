using Pelago.Model;

namespace Pelago.Replication;

/// <summary>One event, as its origin wrote it. Stored and forwarded unchanged, whichever way it travels.</summary>
/// <remarks>Immutable and safe to share between threads. Equality is by reference.</remarks>
public sealed partial class EventRecord
{
    private ulong originPosition;

    /// <summary>The entity.</summary>
    public required EntityKey Entity { get; init; }

    /// <summary>Where it was first written.</summary>
    public required Origin Origin { get; init; }

    /// <summary>Its number among the events of this entity and origin: 1, 2, 3 … without gaps.</summary>
    public required ulong Sequence { get; init; }

    /// <summary>The origin's version vector for this entity after the event; <c>Vector[Origin] ==
    /// Sequence</c>.</summary>
    public required VersionVector Vector { get; init; }

    /// <summary>Hybrid timestamp, above that of every event in <see cref="Vector"/>.</summary>
    public required HybridTimestamp Timestamp { get; init; }

    /// <summary>Epoch of the entity's primary under which it was written; 0 where the mode has no primary.</summary>
    public uint Epoch { get; init; }

    /// <summary>Place in the batch of its command, from 0.</summary>
    public int BatchIndex { get; init; }

    /// <summary>The timestamp with which its batch began: authors count up by one from event to event of a
    /// command.</summary>
    public ulong BatchStart => Timestamp.Value - Math.Min((ulong)BatchIndex, Timestamp.Value);

    /// <summary>Number of events of its command, at least 1.</summary>
    public int BatchLength { get; init; } = 1;

    /// <summary>The user's tags; at most <see cref="EventLimits.MaxTags"/>.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>W3C trace context of the command, or empty.</summary>
    public string TraceParent { get; init; } = "";

    /// <summary>The command's idempotency key, or empty.</summary>
    public string IdempotencyKey { get; init; } = "";

    /// <summary>Registered name of the payload, never a CLR name.</summary>
    public required string PayloadName { get; init; }

    /// <summary>Version of the payload's schema, from 1.</summary>
    public int PayloadVersion { get; init; } = 1;

    /// <summary>The payload as the origin serialized it.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>The entity's own filter as of this event: which regions get it. Null while it has none.</summary>
    public EntityFilter? Regions { get; init; }

    /// <summary>The event's position in its lane of the <em>origin's</em> journal: the coordinate in which frontiers
    /// are kept (see docs/adr). 0 until the origin has committed it; set once, by the kernel that wrote the
    /// event.</summary>
    public ulong OriginPosition { get => originPosition; init => originPosition = value; }

    /// <summary>Bytes that this event takes of a buffer's bound: its payload and strings plus a constant for the
    /// rest.</summary>
    public int Weight => Payload.Length + Entity.Id.Length + IdempotencyKey.Length + TraceParent.Length + 128
        + (Regions?.Weight ?? 0);

    internal void CommittedAt(ulong position) => originPosition = position;

    /// <summary>True when two copies of an event agree in everything that its author wrote; the position at the origin
    /// is the journal's, and is not compared.</summary>
    public bool HasSameContent(EventRecord other)
        => IsWithheld != other.IsWithheld ? Withheld().HasSameContent(other.Withheld())
        : Entity == other.Entity && Origin.Equals(other.Origin) && Sequence == other.Sequence
        && Timestamp == other.Timestamp && Epoch == other.Epoch
        && BatchIndex == other.BatchIndex && BatchLength == other.BatchLength
        && PayloadName == other.PayloadName && PayloadVersion == other.PayloadVersion
        && IdempotencyKey == other.IdempotencyKey && TraceParent == other.TraceParent
        && Tags.SequenceEqual(other.Tags) && Vector.Equals(other.Vector) && Equals(Regions, other.Regions)
        && Payload.Span.SequenceEqual(other.Payload.Span);

    /// <summary>True when neither event's author had seen the other's event. Computed from the stored vectors alone, so
    /// it is the same everywhere and for ever.</summary>
    public static bool Concurrent(EventRecord e, EventRecord f)
        => e.Vector[f.Origin] < f.Sequence && f.Vector[e.Origin] < e.Sequence;

    /// <inheritdoc />
    public override string ToString() => $"{Entity} {Origin.Region}#{Sequence} {PayloadName}";
}

/// <summary>Bounds of what an event may carry. Part of the contract between regions: lowering one would make stored
/// events unacceptable.</summary>
public static class EventLimits
{
    /// <summary>Largest payload in bytes.</summary>
    public const int MaxPayloadBytes = 1024 * 1024;

    /// <summary>Most events of one command.</summary>
    public const int MaxBatchLength = 1024;

    /// <summary>Largest sum of payloads of one command in bytes.</summary>
    public const int MaxBatchBytes = 4 * 1024 * 1024;

    /// <summary>Most tags of one event.</summary>
    public const int MaxTags = 16;

    /// <summary>Longest tag, payload name, entity type name in characters.</summary>
    public const int MaxNameLength = 128;

    /// <summary>Longest idempotency key in characters.</summary>
    public const int MaxIdempotencyKeyLength = 256;

    /// <summary>Two batches with one idempotency key are one command when their timestamps lie no further
    /// apart.</summary>
    public const long IdempotencyWindowMilliseconds = 24L * 60 * 60 * 1000;

    /// <summary>Longest trace context in characters.</summary>
    public const int MaxTraceParentLength = 128;

    /// <summary>Most slots of a version vector.</summary>
    public const int MaxVectorSlots = 256;
}
