using Pelago.Model;

namespace Pelago.Replication;

/// <summary>What an event handler may know about the event beside its payload.</summary>
/// <param name="EntityId">Id of the entity.</param>
/// <param name="Origin">Where it was written.</param>
/// <param name="Sequence">Its number there.</param>
/// <param name="Timestamp">Its hybrid timestamp.</param>
/// <param name="Vector">How many events of each origin its author had seen, this one included.</param>
/// <param name="BatchIndex">Its place among the events of its command, from 0.</param>
/// <param name="Concurrent">True when an event folded before it is concurrent to it (from stored vectors). Always false
/// for <see cref="MergeStrategy.Crdt"/>, where it would depend on the order of arrival.</param>
public readonly record struct EventContext(
    string EntityId, Origin Origin, ulong Sequence, HybridTimestamp Timestamp, VersionVector Vector, int BatchIndex,
    bool Concurrent)
{
    private readonly IReadOnlyList<Dot>? concurrentWith;

    /// <summary>Region of the origin.</summary>
    public string Region => Origin.Region;

    /// <summary>The stamp that a last-writer-wins register takes from this event.</summary>
    public Stamp Stamp => new(Timestamp, Origin.Region, Origin.Incarnation);

    /// <summary>The event's name within its entity.</summary>
    public Dot Dot => new(Origin, Sequence);

    /// <summary>The concurrent events among those that were applied here before it, in the total order; for
    /// <see cref="MergeStrategy.Custom"/> only. Whether two events are concurrent is the same everywhere; which of them
    /// came first is not, so a state must not depend on this list alone.</summary>
    public IReadOnlyList<Dot> ConcurrentWith { get => concurrentWith ?? []; init => concurrentWith = value; }

    /// <summary>True when the author had seen that event, or when it is this one: what was done in it was done before,
    /// or in the same event. The same in every region and for ever.</summary>
    public bool HasSeen(in Dot dot) => Vector[dot.Origin] >= dot.Sequence;

    /// <summary>True when the author had seen that event before it gave the command that this event belongs
    /// to.</summary>
    public bool HadSeenBefore(in Dot dot) => dot.Origin.Equals(Origin)
        ? dot.Sequence + (ulong)BatchIndex < Sequence
        : Vector[dot.Origin] >= dot.Sequence;
}
