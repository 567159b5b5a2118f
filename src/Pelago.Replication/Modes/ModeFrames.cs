using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Asks for a page of a history that its region has opened; a <see cref="FetchedFrame"/> answers.</summary>
public sealed record FetchTypeFrame(long Request, int Lane, OpenedHistory History) : Frame
{
    /// <summary>As the answer before said; 0 for the first page.</summary>
    public ulong Scanned { get; init; }

    /// <summary>As the answer before said; 0 for the first page.</summary>
    public ulong Until { get; init; }
}

/// <summary>Asks the primary of an entity to carry out a command, or to show its state. It is not passed on.</summary>
/// <param name="Command">Registered name of the command; empty for a read.</param>
/// <param name="Payload">The command in JSON.</param>
/// <param name="PatienceMilliseconds">What is left of the deadline, less the way back.</param>
public sealed record AskFrame(
    long Request, EntityKey Entity, string Command, ReadOnlyMemory<byte> Payload, int PatienceMilliseconds) : Frame
{
    /// <summary>Idempotency key or empty.</summary>
    public string IdempotencyKey { get; init; } = "";

    /// <summary>Of the request that the key stands for, or empty.</summary>
    public ReadOnlyMemory<byte> Fingerprint { get; init; }

    /// <summary>Level of acknowledgement; null for the type's.</summary>
    public Acknowledgement? Acknowledgement { get; init; }

    /// <summary>W3C trace context or empty.</summary>
    public string TraceParent { get; init; } = "";

    /// <summary>What must be there before it is carried out.</summary>
    public ReadCondition Condition { get; init; } = ReadCondition.None;
}

/// <summary>Answers an <see cref="AskFrame"/>.</summary>
/// <param name="Value">The reply in JSON; to a read the state in its canonical form.</param>
/// <param name="Failure">Why there is none, or null.</param>
public sealed record AnswerFrame(long Request, ReadOnlyMemory<byte> Value, Failure? Failure) : Frame
{
    /// <summary>To a read: schema version of the state.</summary>
    public int StateVersion { get; init; }

    /// <summary>To a read: number of the entity's events.</summary>
    public ulong Count { get; init; }

    /// <summary>To a read: the highest timestamp.</summary>
    public HybridTimestamp Highest { get; init; }

    /// <summary>What the client has seen by it: of the entity and its lane.</summary>
    public IReadOnlyList<(Origin Origin, ulong Sequence, ulong Position)> Points { get; init; } = [];
}
