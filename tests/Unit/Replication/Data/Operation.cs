using Pelago.Replication;

namespace Pelago.Tests.Unit;

/// <summary>An operation of a generated history, with what its author had seen.</summary>
internal sealed record Operation<TOp>(TOp What, EventContext Context, int BatchLength)
{
    public Dot Dot => Context.Dot;

    /// <summary>True when this one's author had seen the other.</summary>
    public bool After<TOther>(Operation<TOther> other) => Dot != other.Dot && Context.HasSeen(other.Dot);
}

/// <summary>A data type as the generator and its naive specification see it.</summary>
internal sealed record DataType<TState, TOp>(
    TState First, Func<Random, TState, TOp> Make, Func<TState, TOp, EventContext, TState> Apply,
    Func<TState, Horizon, TState> Settle, System.Text.Json.Serialization.Metadata.JsonTypeInfo<TState> Json,
    Func<TState, string> Show, Func<IReadOnlyList<Operation<TOp>>, string> Specification)
{
    /// <summary>What must hold between the state that an author saw, its operation, and the state after it.</summary>
    public Action<TState, TOp, TState>? Intention { get; init; }
}
