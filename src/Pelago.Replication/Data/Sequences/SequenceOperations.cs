using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Pelago.Replication;

/// <summary>On which side of its parent an element stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Side>))]
public enum Side
{
    /// <summary>Before it.</summary>
    Left = 1,

    /// <summary>After it.</summary>
    Right = 2,
}

/// <summary>An insertion, to be persisted in an event: made by <see cref="Sequence{T}.InsertAt"/>, applied by
/// <see cref="Sequence{T}.Apply(SequenceInsertion{T}, in EventContext)"/>.</summary>
/// <param name="Parent">The element beside which the first value stands; null for the beginning.</param>
/// <param name="Side">On which side of it.</param>
/// <param name="Values">The values, in order.</param>
public sealed record SequenceInsertion<T>(ElementId? Parent, Side Side, ImmutableArray<T> Values);

/// <summary>A deletion, to be persisted in an event: made by <see cref="Sequence{T}.DeleteAt"/>, applied by
/// <see cref="Sequence{T}.Apply(SequenceDeletion, in EventContext)"/>.</summary>
/// <param name="Runs">The elements.</param>
public sealed record SequenceDeletion(ImmutableArray<ElementRun> Runs);

/// <summary>Elements that one event inserted one after the other.</summary>
/// <param name="First">The first of them.</param>
/// <param name="Count">How many, at least 1.</param>
public readonly record struct ElementRun(ElementId First, int Count)
{
    internal bool Holds(in ElementId id)
        => id.Dot.Sequence == First.Dot.Sequence && id.Dot.Origin.Equals(First.Dot.Origin)
        && id.Offset >= First.Offset && id.Offset - First.Offset < Count;
}
