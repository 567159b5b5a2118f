using Pelago.Model;

namespace Pelago.Replication;

/// <summary>How concurrent events of one entity type are merged. Every type states one.</summary>
public enum MergeStrategy
{
    /// <summary>State = fold of all known events in the total order; a late one rewinds and folds again.</summary>
    Ordered = 1,

    /// <summary>State consists of replicated data types (CRDT), whose operations commute when they are concurrent: an
    /// event is applied when it arrives, once.</summary>
    Crdt = 2,

    /// <summary>Like <see cref="Crdt"/>, with handlers of the user's own that are told what an event is concurrent
    /// with. That the state does not depend on the order of arrival is theirs to ensure; the test kit checks
    /// it.</summary>
    Custom = 3,
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

    /// <summary>Which regions take commands, and whether events leave their region.</summary>
    EntityMode Mode => EntityMode.Replicated;

    /// <summary>Which regions get the events.</summary>
    EntityFilter Filter => EntityFilter.None;

    /// <summary>Each entity may have a filter of its own.</summary>
    bool HasRegions => false;

    /// <summary>In how many regions the events of a command must be durable before it is answered, unless the command
    /// says otherwise.</summary>
    Acknowledgement Acknowledgement => Acknowledgement.Local;

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

    /// <summary>A state of some schema version; null when this build cannot read that version. Rows of which a
    /// checkpoint is left cannot be folded again.</summary>
    object? ReadState(int version, ReadOnlySpan<byte> bytes) => version == StateVersion ? DecodeState(bytes) : null;

    /// <summary>Whether rows of final events may be removed: their fold is kept in their place.</summary>
    bool Compacts => false;

    /// <summary>State or events have personal members (<see cref="Sealed{T}"/>), so commands may bring in the clear
    /// what is sealed later: nothing of what the type's code throws is to be shown but where it was thrown.</summary>
    bool HasPersonalMembers => false;

    /// <summary>Last-writer-wins values in the state: writes to them that are overwritten unseen go to the conflict
    /// ledger.</summary>
    IReadOnlyList<LastWriter> LastWriters => [];

    /// <summary>True when an event of that name has effects that run once it is final.</summary>
    bool HasEffects(string payloadName) => false;

    /// <summary>True when some event has.</summary>
    bool HasAnyEffects => false;

    /// <summary>True when states hold what is only needed until it is final: <see cref="Settle"/> is called
    /// then.</summary>
    bool Settles => false;

    /// <summary>Drops from a state what is not needed once everything applied to it has seen the horizon.</summary>
    object Settle(object state, Horizon horizon) => state;

    /// <summary>The form of a state that regions compare: what is kept only until it is final is left out, because
    /// regions find out at different times. Equal events give equal bytes, whatever is final where.</summary>
    byte[] EncodeComparable(object state) => EncodeState(Settles ? Settle(state, Horizon.All) : state);
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
