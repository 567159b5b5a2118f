using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Asks that this region become the primary of a type whose primary moves; completed exactly once.</summary>
public sealed class PrimaryRequest
{
    /// <summary>Name of the type.</summary>
    public required string Type { get; init; }

    /// <summary>Monotonic milliseconds after which it fails.</summary>
    public required long DeadlineMilliseconds { get; init; }

    /// <summary>The shell's own: whoever waits for the answer.</summary>
    public object? Waiter { get; init; }
}

/// <summary>What became of a <see cref="PrimaryRequest"/>.</summary>
/// <param name="Epoch">The epoch in which this region is the primary; 0 also when it is not.</param>
/// <param name="Failure">Why it is not the primary, or null.</param>
public sealed record PrimaryResult(uint Epoch, Failure? Failure);
