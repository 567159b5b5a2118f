using Pelago.Model;

namespace Pelago.Replication;

/// <summary>A read of a register, or a change of it; completed exactly once.</summary>
public sealed class RegisterRequest
{
    /// <summary>The register. Each entity has one, under its own key; types that begin with
    /// <see cref="ReservedPrefix"/> are the protocol's.</summary>
    public required EntityKey Register { get; init; }

    /// <summary>The change, or null for a read.</summary>
    public RegisterChange? Change { get; init; }

    /// <summary>Monotonic milliseconds after which it fails.</summary>
    public required long DeadlineMilliseconds { get; init; }

    /// <summary>The shell's own: whoever waits for the answer.</summary>
    public object? Waiter { get; init; }

    /// <summary>How the types of the protocol's own registers begin.</summary>
    public const string ReservedPrefix = "pelago.";
}

/// <summary>Puts a content in the place of the one that has this version.</summary>
/// <param name="ExpectedVersion">0 when nothing was ever decided.</param>
public sealed record RegisterChange(ulong ExpectedVersion, ReadOnlyMemory<byte> Content)
{
    /// <summary>The voters from then on, where the change is about who votes: of those who vote until then, so many of
    /// these have to promise that they meet every majority, or it is not proposed. Null for any other change.</summary>
    internal IReadOnlyList<string>? VotersAfter { get; init; }
}

/// <summary>What became of a request.</summary>
public enum RegisterOutcome
{
    /// <summary>Read, or changed: <see cref="RegisterResult.Value"/> was the register's value at a moment between
    /// request and answer.</summary>
    Decided,

    /// <summary>Another version than the expected one was there at such a moment; nothing was changed.</summary>
    Mismatch,

    /// <summary>No majority answered before the deadline; nothing was changed, and nothing of it will be.</summary>
    NoQuorum,

    /// <summary>It is not known whether the change was made, or will be: a read tells.</summary>
    Unknown,

    /// <summary>Not tried.</summary>
    Refused,
}

/// <summary>Answer to a request.</summary>
/// <param name="Value">The register's value; null when it has none, or is not known.</param>
/// <param name="Failure">Set unless decided or mismatched.</param>
public sealed record RegisterResult(RegisterOutcome Outcome, RegisterValue? Value, Failure? Failure);
