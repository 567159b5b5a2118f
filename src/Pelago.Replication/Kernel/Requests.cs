using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Where a write or read stands: what a causality token says about one entity.</summary>
/// <param name="Lane">Lane of the entity.</param>
/// <param name="Position">Position at the origin.</param>
public readonly record struct WritePoint(EntityKey Entity, Origin Origin, ulong Sequence, int Lane, ulong Position);

/// <summary>What a replica must have before it answers.</summary>
/// <param name="Sequences">Of the read entity: at least these.</param>
/// <param name="Positions">Of its lane: these origins consumed through these positions.</param>
public sealed record ReadCondition(IReadOnlyList<VersionVector.Slot> Sequences, IReadOnlyList<Frontier> Positions)
{
    /// <summary>Answer from what is here.</summary>
    public static readonly ReadCondition None = new([], []);
}

/// <summary>Something asked of one entity. The shell makes it, the kernel completes it exactly once.</summary>
public abstract class EntityRequest
{
    /// <summary>The entity.</summary>
    public required EntityKey Entity { get; init; }

    /// <summary>What must be here before the request is carried out.</summary>
    public ReadCondition Condition { get; init; } = ReadCondition.None;

    /// <summary>Monotonic milliseconds after which a waiting request fails.</summary>
    public required long DeadlineMilliseconds { get; init; }

    /// <summary>Another region has asked for it: it is not passed on.</summary>
    public bool CameFromPeer { get; init; }

    /// <summary>The shell's own: whoever waits for the answer.</summary>
    public object? Waiter { get; init; }

    /// <summary>It was sent to another region, which may have carried it out.</summary>
    internal bool WasSent { get; set; }

    /// <summary>The kernel's own: told in place of the shell.</summary>
    internal Action<RequestResult>? Done { get; init; }

    /// <summary>How often keys of subjects were fetched for it.</summary>
    internal int KeyRounds { get; set; }
}

/// <summary>Serializes what is remembered of a command that was carried out.</summary>
/// <param name="reply">What was replied.</param>
/// <param name="isKept">False: the reply may hold something personal in the clear, so nothing of it is to be in the
/// bytes; they only say that the command was done.</param>
public delegate byte[] ReplyEncoder(object? reply, bool isKept);

/// <summary>A command for one entity.</summary>
public sealed class CommandRequest : EntityRequest
{
    /// <summary>The command; only its handler looks into it.</summary>
    public required object Command { get; init; }

    /// <summary>The command's handler, of state and command: pure.</summary>
    public required Func<object, object, CommandContext, Decision> Handle { get; init; }

    /// <summary>Serializes a reply so that an idempotent retry gets the same; used only with a key.</summary>
    public ReplyEncoder? EncodeReply { get; init; }

    /// <summary>The inverse of <see cref="EncodeReply"/>.</summary>
    public Func<ReadOnlyMemory<byte>, object?>? DecodeReply { get; init; }

    /// <summary>Idempotency key or empty.</summary>
    public string IdempotencyKey { get; init; } = "";

    /// <summary>W3C trace context or empty.</summary>
    public string TraceParent { get; init; } = "";

    /// <summary>In how many regions its events must be durable before it is answered; null for its type's
    /// level.</summary>
    public Acknowledgement? Acknowledgement { get; init; }

    /// <summary>How it is sent to another region; null when it has no form for that.</summary>
    public ForwardableCommand? Forwardable { get; init; }
}

/// <summary>A read of one entity's state.</summary>
public sealed class ReadRequest : EntityRequest
{
    /// <summary>Makes the answer from the state; pure.</summary>
    public required Func<EntityView, object?> Project { get; init; }

    /// <summary>The answer is the primary's, and shows whatever was acknowledged before the read was asked. From
    /// another region the view comes without the events that are not final.</summary>
    public bool AtPrimary { get; init; }
}

/// <summary>Asks to remove rows of an entity's final events.</summary>
public sealed class CompactRequest
{
    /// <summary>The entity.</summary>
    public required EntityKey Entity { get; init; }

    /// <summary>The shell's own: whoever waits for the answer.</summary>
    public object? Waiter { get; init; }

    internal bool IsAutomatic { get; init; }
}

/// <summary>What became of a <see cref="CompactRequest"/>.</summary>
/// <param name="Removed">Rows that are gone.</param>
/// <param name="Kept">Rows that stay.</param>
/// <param name="WaitingFor">Regions that have not confirmed the first event that stays: they hold it back.</param>
/// <param name="Failure">Why nothing, or no more, was removed; null when all that may go is gone.</param>
public sealed record CompactResult(
    ulong Removed, ulong Kept, IReadOnlyList<string> WaitingFor, Failure? Failure);

/// <summary>An entity as a read sees it.</summary>
/// <param name="State">The folded state.</param>
/// <param name="Seen">What the replica has seen of it.</param>
/// <param name="Count">Number of events in the journal.</param>
/// <param name="Highest">Highest timestamp.</param>
/// <param name="Tail">Events that are not final, in the total order.</param>
public sealed record EntityView(
    object State, VersionVector Seen, ulong Count, HybridTimestamp Highest, IReadOnlyList<EventRecord> Tail)
{
    /// <summary>Opens personal members of the entity while the projection runs.</summary>
    public ISealing? Sealing { get; init; }
}

/// <summary>Answer to a command or a read.</summary>
/// <param name="Value">The reply or projection.</param>
/// <param name="Failure">Set when it was refused or failed.</param>
/// <param name="Points">Where the causality token has to point; what was seen, own write included.</param>
public readonly record struct RequestResult(object? Value, Failure? Failure, IReadOnlyList<WritePoint> Points);
