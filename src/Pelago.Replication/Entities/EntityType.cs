using System.Text.Json.Serialization.Metadata;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>A registered entity type: events by name and by CLR type, commands by CLR type. Immutable,
/// thread-safe.</summary>
public sealed class EntityType : IEntityType
{
    private readonly EntityParts parts;

    internal EntityType(EntityParts parts) => this.parts = parts;

    /// <inheritdoc />
    public string Name => parts.Name;

    /// <inheritdoc />
    public MergeStrategy Strategy => parts.Strategy;

    /// <inheritdoc />
    public EntityMode Mode => parts.Mode;

    /// <inheritdoc />
    public EntityFilter Filter => parts.Filter;

    /// <inheritdoc />
    public bool HasRegions => parts.HasRegions;

    /// <inheritdoc />
    public Acknowledgement Acknowledgement => parts.Acknowledgement;

    /// <inheritdoc />
    public int StateVersion => parts.StateVersion;

    /// <summary>CLR type of the state.</summary>
    public Type StateType => parts.StateType;

    /// <summary>JSON contract of a reply type, for remembered replies.</summary>
    public JsonTypeInfo? ReplyJson(Type reply) => parts.Replies.GetValueOrDefault(reply);

    /// <summary>How a command is written for another region; null when it has no form for that.</summary>
    public CommandForm? FormOf(Type command) => parts.Forms.Values.FirstOrDefault(f => f.Command == command);

    /// <summary>The command of that name, or null.</summary>
    public CommandForm? FormNamed(string command) => parts.Forms.GetValueOrDefault(command);

    /// <summary>The type that a state record defines.</summary>
    public static EntityType Of<TState>() where TState : class, IEntity<TState>
    {
        var definition = new EntityDefinition<TState>();
        TState.Define(definition);
        return definition.Build();
    }

    /// <inheritdoc />
    public object Initial(string id) => parts.Initial(id);

    /// <summary>The handler of a command type; null when there is none.</summary>
    public Func<object, object, CommandContext, Decision>? Handler(Type command) 
        => parts.Commands.GetValueOrDefault(command);

    /// <inheritdoc />
    public Folded Apply(object state, object payload, in EventContext context)
    {
        if (payload is RegionsChange)
            return Folded.To(state);
        if (payload is not Deletion)
            return parts.ByType[payload.GetType()].Apply(state, payload, context);
        return parts.IsNeverDeleted ? Folded.Refuse("entities of this type are never deleted")
            : Folded.To(parts.Initial(context.EntityId));
    }

    /// <inheritdoc />
    public object? Decode(string payloadName, int payloadVersion, ReadOnlySpan<byte> payload)
    {
        if (payloadName == Deletion.PayloadName)
            return IsOrdered && payloadVersion == Deletion.PayloadVersion ? Deletion.Instance : null;
        if (payloadName == RegionsChange.PayloadName)
            return payloadVersion == RegionsChange.PayloadVersion ? RegionsChange.Stored : null;
        return parts.ByName.TryGetValue((payloadName, payloadVersion), out var e) ? e.Decode(payload)
            : parts.Upcasters.Decode(parts.ByName, payloadName, payloadVersion, payload);
    }

    private bool IsOrdered => Strategy == MergeStrategy.Ordered;

    /// <inheritdoc />
    public EncodedPayload Encode(object payload)
    {
        if (payload is Deletion)
        {
            return IsOrdered ? new EncodedPayload(Deletion.PayloadName, Deletion.PayloadVersion, [])
                : throw new Failure(ErrorCodes.InvalidEntityType,
                    $"Entities of type '{Name}' cannot be deleted: it merges by {Strategy}.",
                    "Merge it by Ordered, or empty its data types with events of its own.").ToException();
        }
        if (payload is RegionsChange)
        {
            return HasRegions ? new EncodedPayload(RegionsChange.PayloadName, RegionsChange.PayloadVersion, [])
                : throw new Failure(ErrorCodes.InvalidEntityType,
                    $"Entities of type '{Name}' have no filters of their own.",
                    "Add RegionsPerEntity() in Define.").ToException();
        }
        if (!parts.ByType.TryGetValue(payload.GetType(), out var e))
        {
            throw new Failure(ErrorCodes.InvalidEntityType,
                $"Entity type '{Name}' has no event for payload {payload.GetType().Name}.",
                "Add it with Event(…) in Define.").ToException();
        }
        return new EncodedPayload(e.Name, e.Version, e.Encode(payload));
    }

    /// <inheritdoc />
    public byte[] EncodeState(object state) => parts.EncodeState(state);

    /// <inheritdoc />
    public object DecodeState(ReadOnlySpan<byte> bytes) => parts.DecodeState(bytes);

    /// <inheritdoc />
    public object? ReadState(int version, ReadOnlySpan<byte> bytes)
    {
        if (version == StateVersion)
            return DecodeState(bytes);
        for (; version < StateVersion; version++)
        {
            if (!parts.StateSteps.TryGetValue(version, out var step))
                return null;
            bytes = step(bytes);
        }
        return version == StateVersion ? DecodeState(bytes) : null;
    }

    /// <inheritdoc />
    public bool Compacts => parts.Compacts;

    /// <inheritdoc />
    public bool HasPersonalMembers => parts.HasPersonalMembers;

    /// <inheritdoc />
    public IReadOnlyList<LastWriter> LastWriters => parts.LastWriters;

    /// <inheritdoc />
    public bool HasAnyEffects => parts.Effects.Count > 0;

    /// <inheritdoc />
    public bool HasEffects(string payloadName) => parts.EventsWithEffects.Contains(payloadName);

    /// <summary>The effects of final events with a payload of that type, in the order of their definition.</summary>
    public IReadOnlyList<FinalEffect> EffectsOf(Type payload)
        => parts.Effects.TryGetValue(payload, out var found) ? found : [];

    /// <inheritdoc />
    public bool Settles => parts.Settle is not null;

    /// <inheritdoc />
    public object Settle(object state, Horizon horizon)
        => parts.Settle is { } settle ? settle(state, horizon) : state;

    /// <inheritdoc />
    public byte[] EncodeComparable(object state) => EncodeState(Settle(state, Horizon.All));
}

/// <summary>What an entity type consists of.</summary>
internal sealed record EntityParts(string Name, MergeStrategy Strategy, int StateVersion, Type StateType)
{
    public Acknowledgement Acknowledgement { get; init; }
    public EntityMode Mode { get; init; } = EntityMode.Replicated;
    public EntityFilter Filter { get; init; } = EntityFilter.None;
    public bool HasRegions { get; init; }
    public required bool Compacts { get; init; }
    public bool IsNeverDeleted { get; init; }
    public required bool HasPersonalMembers { get; init; }
    public required IReadOnlyList<LastWriter> LastWriters { get; init; }
    public required IReadOnlyDictionary<int, UpcastPayload> StateSteps { get; init; }
    public required Func<string, object> Initial { get; init; }
    public required Func<object, byte[]> EncodeState { get; init; }
    public required DecodePayload DecodeState { get; init; }
    public required Func<object, Horizon, object>? Settle { get; init; }
    public required IReadOnlyDictionary<(string Name, int Version), EventDefinition> ByName { get; init; }
    public required IReadOnlyDictionary<Type, EventDefinition> ByType { get; init; }
    public required UpcasterChain Upcasters { get; init; }
    public required IReadOnlyDictionary<Type, Func<object, object, CommandContext, Decision>> Commands { get; init; }
    public required IReadOnlyDictionary<Type, JsonTypeInfo> Replies { get; init; }
    public required IReadOnlyDictionary<string, CommandForm> Forms { get; init; }
    public required IReadOnlyDictionary<Type, List<FinalEffect>> Effects { get; init; }
    public required IReadOnlySet<string> EventsWithEffects { get; init; }
}
