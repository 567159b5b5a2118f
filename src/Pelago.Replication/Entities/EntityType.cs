using System.Text.Json.Serialization.Metadata;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>A registered entity type: events by name and by CLR type, commands by CLR type. Immutable,
/// thread-safe.</summary>
public sealed class EntityType : IEntityType
{
    private readonly Func<string, object> initial;
    private readonly Func<object, byte[]> encodeState;
    private readonly DecodePayload decodeState;
    private readonly Dictionary<(string Name, int Version), EventDefinition> byName;
    private readonly Dictionary<Type, EventDefinition> byType;
    private readonly Dictionary<Type, Func<object, object, CommandContext, Decision>> commands;
    private readonly Dictionary<Type, JsonTypeInfo> replies;

    internal EntityType(
        string name, MergeStrategy strategy, int stateVersion, Func<string, object> initial, Type stateType,
        Func<object, byte[]> encodeState, DecodePayload decodeState,
        Dictionary<(string Name, int Version), EventDefinition> byName, Dictionary<Type, EventDefinition> byType,
        Dictionary<Type, Func<object, object, CommandContext, Decision>> commands,
        Dictionary<Type, JsonTypeInfo> replies)
    {
        (Name, Strategy, StateVersion, StateType) = (name, strategy, stateVersion, stateType);
        (this.initial, this.encodeState, this.decodeState) = (initial, encodeState, decodeState);
        (this.byName, this.byType, this.commands, this.replies) = (byName, byType, commands, replies);
    }

    /// <inheritdoc />
    public string Name { get; }

    /// <inheritdoc />
    public MergeStrategy Strategy { get; }

    /// <inheritdoc />
    public int StateVersion { get; }

    /// <summary>CLR type of the state.</summary>
    public Type StateType { get; }

    /// <summary>JSON contract of a reply type, for remembered replies.</summary>
    public JsonTypeInfo? ReplyJson(Type reply) => replies.GetValueOrDefault(reply);

    /// <summary>The type that a state record defines.</summary>
    public static EntityType Of<TState>() where TState : class, IEntity<TState>
    {
        var definition = new EntityDefinition<TState>();
        TState.Define(definition);
        return definition.Build();
    }

    /// <inheritdoc />
    public object Initial(string id) => initial(id);

    /// <summary>The handler of a command type; null when there is none.</summary>
    public Func<object, object, CommandContext, Decision>? Handler(Type command) => commands.GetValueOrDefault(command);

    /// <inheritdoc />
    public Folded Apply(object state, object payload, in EventContext context)
        => byType[payload.GetType()].Apply(state, payload, context);

    /// <inheritdoc />
    public object? Decode(string payloadName, int payloadVersion, ReadOnlySpan<byte> payload)
        => byName.TryGetValue((payloadName, payloadVersion), out var e) ? e.Decode(payload) : null;

    /// <inheritdoc />
    public EncodedPayload Encode(object payload)
    {
        if (!byType.TryGetValue(payload.GetType(), out var e))
        {
            throw new Failure(ErrorCodes.InvalidEntityType,
                $"Entity type '{Name}' has no event for payload {payload.GetType().Name}.",
                "Add it with Event(…) in Define.").ToException();
        }
        return new EncodedPayload(e.Name, e.Version, e.Encode(payload));
    }

    /// <inheritdoc />
    public byte[] EncodeState(object state) => encodeState(state);

    /// <inheritdoc />
    public object DecodeState(ReadOnlySpan<byte> bytes) => decodeState(bytes);
}
