using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>How one command or read is to be handled; the default is "here, now, without a token".</summary>
public sealed record RequestOptions
{
    /// <summary>Nothing asked for.</summary>
    public static readonly RequestOptions Default = new();

    /// <summary>What the client has seen: the request waits until this replica is that far.</summary>
    public CausalityToken Token { get; init; } = CausalityToken.Empty;

    /// <summary>Length of a <see cref="Fingerprint"/>.</summary>
    public const int FingerprintBytes = 16;

    /// <summary>Two commands of one entity with the same key are one. Empty for none; at most 256 characters.</summary>
    public string IdempotencyKey { get; init; } = "";

    /// <summary>Hash of the request that the key stands for: a key that comes again with another one is refused
    /// (PLG5015), where the reply of the first is remembered. Empty for none: then the key alone decides; else
    /// <see cref="FingerprintBytes"/> bytes.</summary>
    /// <exception cref="ArgumentException">It has another length.</exception>
    public ReadOnlyMemory<byte> Fingerprint
    {
        get;
        init => field = value.Length is 0 or FingerprintBytes ? value
            : throw new ArgumentException($"A fingerprint has {FingerprintBytes} bytes.", nameof(value));
    }

    /// <summary>In how many regions a command's events must be durable before it is answered; null for its type's
    /// level. PLG5020 when that is not confirmed by the deadline: the write stands all the same.</summary>
    public Acknowledgement? Acknowledgement { get; init; }

    /// <summary>A read is answered by the entity's primary, and shows whatever was acknowledged before it was asked.
    /// Only for types that have one; PLG5032 otherwise, PLG5030 when it is out of reach.</summary>
    public bool AtPrimary { get; init; }

    /// <summary>W3C trace context of the caller, or empty.</summary>
    public string TraceParent { get; init; } = "";

    /// <summary>Time that the request may take, waiting included; null for the runtime's default.</summary>
    public TimeSpan? Deadline { get; init; }
}

/// <summary>Answer to a command or read: a value or a failure, and what the client has seen by it.</summary>
/// <param name="Value">The reply; default when it failed.</param>
/// <param name="Failure">Why it was refused or failed, or null.</param>
/// <param name="Before">The token that the request came with.</param>
/// <param name="Points">What this request added to it.</param>
public readonly record struct EntityReply<T>(
    T? Value, Failure? Failure, CausalityToken Before, IReadOnlyList<WritePoint> Points)
{
    /// <summary>What the client has seen now; made when it is asked for.</summary>
    public CausalityToken Token => Before.With(Points);

    /// <summary>The value.</summary>
    /// <exception cref="PelagoException">It failed.</exception>
    public T ValueOrThrow() => Failure is null ? Value! : throw Failure.ToException();
}
