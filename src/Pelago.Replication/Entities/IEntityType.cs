using Pelago.Model;

namespace Pelago.Replication;

/// <summary>How concurrent events of one entity type are merged. Every type states one.</summary>
public enum MergeStrategy
{
    /// <summary>State = fold of all known events in the total order; a late one rewinds and folds again.</summary>
    Ordered = 1,

    /// <summary>Event handlers commute for concurrent events (CRDT data types): applied in order of arrival.</summary>
    Commutative = 2,
}

/// <summary>An entity type as the kernel sees it: pure functions over states and events that it does not look into.
/// Built by <see cref="EntityDefinition{TState}"/>.</summary>
/// <remarks>All members are deterministic, without side effects, and may be called on any thread.</remarks>
public interface IEntityType
{
    /// <summary>Registered name; part of every stored event's identity.</summary>
    string Name { get; }

    /// <summary>How concurrent events merge.</summary>
    MergeStrategy Strategy { get; }

    /// <summary>Schema version of the serialized state; a snapshot of another version is ignored and the state folded
    /// again from events.</summary>
    int StateVersion { get; }

    /// <summary>The state before the first event.</summary>
    object Initial(string id);

    /// <summary>Folds one event into a state.</summary>
    /// <exception cref="Exception">Anything thrown parks the entity.</exception>
    Folded Apply(object state, object payload, in EventContext context);

    /// <summary>Parses a payload; null when name or version is not known to this build.</summary>
    /// <exception cref="Exception">Anything thrown parks the entity.</exception>
    object? Decode(string payloadName, int payloadVersion, ReadOnlySpan<byte> payload);

    /// <summary>Serializes a new event's payload.</summary>
    EncodedPayload Encode(object payload);

    /// <summary>Serializes a state in canonical form: equal states give equal bytes.</summary>
    byte[] EncodeState(object state);

    /// <summary>The inverse of <see cref="EncodeState"/>.</summary>
    object DecodeState(ReadOnlySpan<byte> bytes);
}

/// <summary>A payload ready to be stored.</summary>
public readonly record struct EncodedPayload(string Name, int Version, byte[] Bytes);

/// <summary>Result of folding one event: the next state, or a refusal that leaves the state as it was.</summary>
/// <param name="State">The next state; null when refused.</param>
/// <param name="Refusal">Why the event does not count, or null.</param>
public readonly record struct Folded(object? State, string? Refusal)
{
    /// <summary>The event counts.</summary>
    public static Folded To(object state) => new(state, null);

    /// <summary>The event is refused by the fold: it stays in the journal and goes to the conflict ledger.</summary>
    public static Folded Refuse(string reason) => new(null, reason);
}

/// <summary>What an event handler may know about the event beside its payload.</summary>
/// <param name="EntityId">Id of the entity.</param>
/// <param name="Origin">Where it was written.</param>
/// <param name="Sequence">Its number there.</param>
/// <param name="Timestamp">Its hybrid timestamp.</param>
/// <param name="Concurrent">True when an event that comes earlier in the fold is concurrent to it (from stored
/// vectors).</param>
public readonly record struct EventContext(
    string EntityId, Origin Origin, ulong Sequence, HybridTimestamp Timestamp, bool Concurrent)
{
    /// <summary>Region of the origin.</summary>
    public string Region => Origin.Region;

    /// <summary>The stamp that a last-writer-wins register takes from this event.</summary>
    public Stamp Stamp => new(Timestamp, Origin.Region);
}

/// <summary>Order of writes for last-writer-wins: later timestamp, and at equal times the lower region name,
/// wins.</summary>
public readonly record struct Stamp(HybridTimestamp Timestamp, string Region) : IComparable<Stamp>
{
    /// <summary>Before every write.</summary>
    public static readonly Stamp None = new(default, "");

    /// <inheritdoc />
    public int CompareTo(Stamp other)
    {
        var byTime = Timestamp.CompareTo(other.Timestamp);
        return byTime != 0 ? byTime : string.CompareOrdinal(other.Region ?? "", Region ?? "");
    }
}
