using System.Text;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>An entity type whose payloads and stored states are lines of text, so that a failing run can be
/// read.</summary>
internal sealed class TextType(
    string name, MergeStrategy strategy, Func<object> initial, Func<object, string, EventContext, Folded> apply,
    Func<object, string> write, Func<string, object> read) : IEntityType
{
    /// <summary>The only payload name that these types know.</summary>
    public const string PayloadName = "line";

    public string Name { get; } = name;

    public MergeStrategy Strategy { get; } = strategy;

    public EntityMode Mode { get; private init; } = EntityMode.Replicated;

    /// <summary>Which regions get its events.</summary>
    public EntityFilter Filter { get; private init; } = EntityFilter.None;

    /// <summary>Whether each entity may have a filter.</summary>
    public bool HasRegions { get; init; }

    public int StateVersion { get; set; } = 1;

    public object Initial(string id) => initial();

    public Folded Apply(object state, object payload, in EventContext context)
        => payload is RegionsChange ? Folded.To(state)
            : payload is Deletion ? Folded.To(initial()) : apply(state, (string)payload, context);

    public object? Decode(string payloadName, int payloadVersion, ReadOnlySpan<byte> payload)
        => payloadName == Deletion.PayloadName ? Deletion.Instance
            : payloadName == RegionsChange.PayloadName ? new RegionsChange(EntityFilter.None)
            : payloadName == PayloadName && payloadVersion == 1 ? Encoding.UTF8.GetString(payload) : null;

    public EncodedPayload Encode(object payload) => payload is Deletion
        ? new(Deletion.PayloadName, Deletion.PayloadVersion, [])
        : payload is RegionsChange ? new(RegionsChange.PayloadName, RegionsChange.PayloadVersion, [])
        : new(PayloadName, 1, Encoding.UTF8.GetBytes((string)payload));

    public byte[] EncodeState(object state) => Encoding.UTF8.GetBytes(write(state));

    public object DecodeState(ReadOnlySpan<byte> bytes) => read(Encoding.UTF8.GetString(bytes));

    /// <summary>How states of data types are settled; null when there is nothing to settle.</summary>
    public Func<object, Horizon, object>? Settling { get; init; }

    /// <summary>Whether its events have effects once they are final.</summary>
    public bool HasAnyEffects { get; init; }

    /// <summary>Last-writer-wins values in its states.</summary>
    public IReadOnlyList<LastWriter> LastWriters { get; init; } = [];

    /// <summary>The same type, declared with another mode.</summary>
    public TextType In(EntityMode mode) => new(Name, Strategy, initial, apply, write, read)
    {
        Mode = mode, Settling = Settling, LastWriters = LastWriters, HasAnyEffects = HasAnyEffects, Compacts = Compacts,
    };

    /// <summary>The same type, declared with a filter.</summary>
    public TextType For(EntityFilter filter) => new(Name, Strategy, initial, apply, write, read)
    {
        Mode = Mode, Settling = Settling, LastWriters = LastWriters, HasAnyEffects = HasAnyEffects,
        Compacts = Compacts, Filter = filter,
    };

    /// <summary>Whether rows of its final events may go.</summary>
    public bool Compacts { get; init; }

    /// <summary>The same type, whose rows may go.</summary>
    public TextType Compacting() => new(Name, Strategy, initial, apply, write, read)
    {
        Mode = Mode, Settling = Settling, LastWriters = LastWriters, HasAnyEffects = HasAnyEffects, Compacts = true,
    };

    public bool HasEffects(string payloadName) => HasAnyEffects;

    public bool Settles => Settling is not null;

    public object Settle(object state, Horizon horizon) => Settling!(state, horizon);
}
