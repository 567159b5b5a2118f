using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Collects what an entity type consists of; <see cref="Build"/> checks that nothing is missing.</summary>
/// <remarks>Not thread-safe; used once, at registration. Every mistake is reported at start-up, all at once.</remarks>
public sealed partial class EntityDefinition<TState> where TState : class
{
    private readonly Dictionary<(string Name, int Version), EventDefinition> byName = [];
    private readonly Dictionary<Type, EventDefinition> byType = [];
    private readonly Dictionary<Type, Func<object, object, CommandContext, Decision>> commands = [];
    private readonly Dictionary<Type, JsonTypeInfo> replies = [];
    private readonly Dictionary<string, CommandForm> forms = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, List<FinalEffect>> effects = [];
    private readonly UpcasterChain upcasters = new();
    private readonly List<string> mistakes = [];
    private string name = "";
    private MergeStrategy strategy;
    private Func<string, TState>? initial;
    private JsonTypeInfo<TState>? stateJson;
    private int stateVersion = 1;
    private Func<object, Horizon, object>? settle;
    private Acknowledgement acknowledgement;
    private EntityMode mode = EntityMode.Replicated;

    /// <summary>The type's registered name, stored with every event: a–z, 0–9 and hyphens.</summary>
    public EntityDefinition<TState> Named(string typeName)
    {
        name = typeName;
        if (Names.Check(typeName, "entity type name") is { } failure)
            mistakes.Add(failure.Message);
        return this;
    }

    /// <summary>For types of Pelago's own, whose names no type of a service can have.</summary>
    internal EntityDefinition<TState> NamedByPelago(string typeName)
    {
        name = typeName;
        return this;
    }

    /// <summary>How concurrent events merge; there is no default.</summary>
    public EntityDefinition<TState> Merge(MergeStrategy mergeStrategy)
    {
        strategy = mergeStrategy;
        return this;
    }

    /// <summary>In how many regions the events of a command must be durable before it is answered; a command may ask
    /// for another level. Without this: in the region that takes it.</summary>
    public EntityDefinition<TState> Acknowledge(Acknowledgement level)
    {
        acknowledgement = level;
        return this;
    }

    /// <summary>Which regions take commands, and whether events leave the region that wrote them. Without this: every
    /// region takes commands, and has every event.</summary>
    public EntityDefinition<TState> Mode(EntityMode entityMode)
    {
        mode = entityMode;
        return this;
    }

    /// <summary>The first state and the state's JSON form.</summary>
    /// <param name="first">State before the first event, from the entity's id.</param>
    /// <param name="json">Source-generated JSON contract of the state.</param>
    /// <param name="version">Raise it when the form changes: older snapshots are then folded again from events.</param>
    public EntityDefinition<TState> State(Func<string, TState> first, JsonTypeInfo<TState> json, int version = 1)
    {
        (initial, stateJson, stateVersion) = (first, json, version);
        return this;
    }

    /// <summary>Settles the data types in the state that keep something until it is final: sets, maps, registers and
    /// sequences. Called now and then with what every later event has seen.</summary>
    /// <param name="change">The state with each of them settled through the horizon; the same to every reader.</param>
    public EntityDefinition<TState> Settle(Func<TState, Horizon, TState> change)
    {
        settle = (state, horizon) => change((TState)state, horizon);
        return this;
    }

    /// <summary>An event with a handler that needs nothing but state and payload.</summary>
    public EntityDefinition<TState> Event<TEvent>(
        string eventName, JsonTypeInfo<TEvent> json, Func<TState, TEvent, TState> apply) where TEvent : class
        => Event(eventName, 1, json, (state, e, _) => Folded.To(apply(state, e)));

    /// <summary>An event whose handler looks at the context, or may refuse (<see cref="Folded.Refuse"/>).</summary>
    /// <param name="eventName">Registered name, never a CLR name.</param>
    /// <param name="version">Schema version of the payload, from 1.</param>
    public EntityDefinition<TState> Event<TEvent>(
        string eventName, int version, JsonTypeInfo<TEvent> json, Func<TState, TEvent, EventContext, Folded> apply)
        where TEvent : class
    {
        var definition = new EventDefinition(
            eventName, version,
            (object state, object payload, in EventContext context) => apply((TState)state, (TEvent)payload, context),
            payload => JsonSerializer.SerializeToUtf8Bytes((TEvent)payload, json),
            bytes => JsonSerializer.Deserialize(bytes, json)
                ?? throw new JsonException($"Event '{eventName}' is JSON null."), json);
        if (eventName.Length is 0 or > EventLimits.MaxNameLength)
            mistakes.Add($"event name '{eventName}' must have 1–{EventLimits.MaxNameLength} characters");
        if (eventName.StartsWith('$'))
            mistakes.Add($"event name '{eventName}' begins with $, which is reserved");
        if (!byName.TryAdd((eventName, version), definition))
            mistakes.Add($"event '{eventName}' version {version} is defined twice");
        if (!byType.TryAdd(typeof(TEvent), definition))
            mistakes.Add($"payload type {typeof(TEvent).Name} belongs to two events");
        return this;
    }

    /// <summary>How a payload of an older version of an event becomes one of the next version, as JSON.</summary>
    /// <param name="eventName">Registered name of the event.</param>
    /// <param name="fromVersion">The version that is read; the result is of the next one.</param>
    /// <param name="change">May change what it is given. Pure: the same payload gives the same result for ever.</param>
    public EntityDefinition<TState> Upcast(string eventName, int fromVersion, Func<JsonObject, JsonObject> change)
    {
        upcasters.Add(eventName, fromVersion, payload => UpcasterChain.Write(change(
            JsonNode.Parse(payload)?.AsObject() ?? throw new JsonException($"Event '{eventName}' is JSON null."))));
        return this;
    }

    /// <summary>How a payload of an older version of an event becomes one of the next version, as records.</summary>
    /// <param name="eventName">Registered name of the event.</param>
    /// <param name="fromVersion">The version that is read; the result is of the next one.</param>
    /// <param name="from">JSON contract of the older version.</param>
    /// <param name="to">JSON contract of the next version.</param>
    /// <param name="change">Pure: the same payload gives the same result for ever.</param>
    public EntityDefinition<TState> Upcast<TOld, TNew>(
        string eventName, int fromVersion, JsonTypeInfo<TOld> from, JsonTypeInfo<TNew> to, Func<TOld, TNew> change)
        where TOld : class where TNew : class
    {
        upcasters.Add(eventName, fromVersion, payload => JsonSerializer.SerializeToUtf8Bytes(
            change(JsonSerializer.Deserialize(payload, from)
                ?? throw new JsonException($"Event '{eventName}' is JSON null.")), to));
        return this;
    }

    /// <summary>A command with its handler and the JSON form of its reply (kept for idempotent retries).</summary>
    public EntityDefinition<TState> Command<TCommand, TReply>(
        JsonTypeInfo<TReply> replyJson, Func<TState, TCommand, CommandContext, Effect<TState, TReply>> handle)
        where TCommand : ICommand<TReply>
    {
        replies.TryAdd(typeof(TReply), replyJson);
        if (!commands.TryAdd(typeof(TCommand), (s, c, x) => handle((TState)s, (TCommand)c, x).Decision))
            mistakes.Add($"command {typeof(TCommand).Name} has two handlers");
        return this;
    }

    /// <summary>A command that other regions can ask the entity's primary to carry out: with a name and a JSON
    /// form.</summary>
    /// <param name="commandName">Registered name, never a CLR name; unique within the type.</param>
    public EntityDefinition<TState> Command<TCommand, TReply>(
        string commandName, JsonTypeInfo<TCommand> json, JsonTypeInfo<TReply> replyJson,
        Func<TState, TCommand, CommandContext, Effect<TState, TReply>> handle)
        where TCommand : ICommand<TReply>
    {
        if (commandName.Length is 0 or > EventLimits.MaxNameLength)
            mistakes.Add($"command name '{commandName}' must have 1–{EventLimits.MaxNameLength} characters");
        if (!forms.TryAdd(commandName, new CommandForm(commandName, typeof(TCommand), typeof(TReply), json)))
            mistakes.Add($"command '{commandName}' is defined twice");
        return Command(replyJson, handle);
    }

    /// <summary>What happens once an event is final: nothing that could change what became of it can still arrive, in
    /// any region. The place for what cannot be taken back, a payment for example.</summary>
    /// <remarks>Runs in the region in which the event was written, whether the event counts or not; events that were
    /// written before the service first had an effect have none. At least once, and until it succeeds: after a failure
    /// it runs again with a growing pause, and after a crash it may. See <see cref="IFinalContext"/>.</remarks>
    /// <param name="effectName">Its name within the type: part of its key, so it must never change.</param>
    /// <param name="run">Carries it out.</param>
    public EntityDefinition<TState> Final<TEvent>(
        string effectName, Func<TEvent, IFinalContext, CancellationToken, ValueTask> run) where TEvent : class
    {
        if (Names.Check(effectName, "effect name") is { } failure)
            mistakes.Add(failure.Message);
        if (effectName.Length > FinalEffect.MaxNameLength)
            mistakes.Add($"effect name '{effectName}' is longer than {FinalEffect.MaxNameLength} characters");
        if (effects.Values.Any(all => all.Exists(x => x.Name == effectName)))
            mistakes.Add($"effect '{effectName}' is defined twice");
        if (!effects.TryGetValue(typeof(TEvent), out var ofEvent))
            effects[typeof(TEvent)] = ofEvent = [];
        ofEvent.Add(new FinalEffect(effectName, (payload, final, cancellationToken)
            => run((TEvent)payload, final, cancellationToken)));
        return this;
    }

    /// <summary>The finished type.</summary>
    /// <exception cref="PelagoException">Something is missing or contradictory; names every mistake.</exception>
    public EntityType Build()
    {
        if (name.Length == 0)
            mistakes.Add("no name: call Named(…)");
        if (!Enum.IsDefined(strategy))
            mistakes.Add("no merge strategy: call Merge(…)");
        if (initial is null || stateJson is null)
            mistakes.Add("no state: call State(…)");
        mistakes.AddRange(upcasters.Mistakes(byName.Keys));
        mistakes.AddRange(ModeMistakes());
        mistakes.AddRange(MistakesOfFilter());
        mistakes.AddRange(MistakesOfRegions());
        mistakes.AddRange(MistakesOfCompaction());
        var lastWriters = LastWriters();
        mistakes.AddRange(effects.Keys.Where(e => e != typeof(Deletion) && !byType.ContainsKey(e))
            .Select(e => $"{e.Name} has an effect and is no event"));
        mistakes.AddRange(Unsettled().Select(member =>
            $"state member '{member}' keeps something until it is final: settle it in Settle(…)"));
        if (mistakes.Count > 0)
        {
            throw new Failure(ErrorCodes.InvalidEntityType,
                $"Entity type {typeof(TState).Name} is not complete: {string.Join("; ", mistakes)}.",
                "Correct its Define method.").ToException();
        }
        return new EntityType(new EntityParts(name, strategy, stateVersion, typeof(TState))
        {
            Acknowledgement = acknowledgement, Compacts = compacts, IsNeverDeleted = isNeverDeleted,
            StateSteps = stateSteps, HasPersonalMembers = HasPersonalMembers(),
            LastWriters = lastWriters,
            Initial = id => initial!(id),
            EncodeState =
                state => CanonicalJson.Write(JsonSerializer.SerializeToUtf8Bytes((TState)state, stateJson!)),
            DecodeState =
                bytes => JsonSerializer.Deserialize(bytes, stateJson!)
                    ?? throw new JsonException("State is JSON null."),
            Settle = settle, ByName = byName, ByType = byType, Upcasters = upcasters, Commands = commands,
            Replies = replies, Effects = effects, Mode = mode, Filter = filter, Forms = forms,
            HasRegions = hasRegions,
            EventsWithEffects = effects.Keys
                .Select(e => e == typeof(Deletion) ? Deletion.PayloadName : byType[e].Name)
                .ToHashSet(StringComparer.Ordinal),
        });
    }

    private IEnumerable<string> ModeMistakes()
    {
        if (mode.Primary is { } primary && Names.Check(primary, "primary region") is { } failure)
            yield return failure.Message;
        if (mode.Primary is not null && mode.Elsewhere == Elsewhere.Forward)
        {
            foreach (var command in commands.Keys.Where(c => forms.Values.All(f => f.Command != c)))
            {
                yield return $"command {command.Name} cannot be sent to the primary: give it a name and a JSON form, "
                    + "or let other regions refuse";
            }
        }
        if (mode.IsLocal && acknowledgement != Acknowledgement.Local)
            yield return $"its events stay in one region, and are to be acknowledged by {acknowledgement}";
        if (mode.IsLocal && effects.Count > 0)
        {
            yield return "its events stay in one region, so nothing tells when they are final for all: it can have no "
                + "effects of final events";
        }
    }

    // Members of the state, and of what it consists of, that have to be settled when nobody does.
    private IEnumerable<string> Unsettled() => settle is not null || stateJson is null ? []
        : MembersOf(stateJson, typeof(ISettling).IsAssignableFrom);

    private bool HasPersonalMembers() => byType.Values.Select(e => e.Json).Append(stateJson!)
        .Any(json => IsSealed(json.Type) || MembersOf(json, IsSealed).Any());

    private static bool IsSealed(Type type)
        => type.IsConstructedGenericType && type.GetGenericTypeDefinition() == typeof(Sealed<>);

    // Paths of the members of a type, and of what it consists of, that are of a kind.
    private static IEnumerable<string> MembersOf(JsonTypeInfo root, Func<Type, bool> isOfKind)
    {
        var known = new HashSet<Type>();
        var open = new Stack<(JsonTypeInfo Type, string Path)>([(root, "")]);
        while (open.TryPop(out var next))
        {
            if (!known.Add(next.Type.Type))
                continue;
            var parts = next.Type.Properties.Select(p => (p.PropertyType, Path: $"{next.Path}{p.Name}"));
            if (next.Type.ElementType is { } element)
                parts = parts.Append((element, $"{next.Path}[]"));
            foreach (var kind in next.Type.PolymorphismOptions?.DerivedTypes ?? [])
                parts = parts.Append((kind.DerivedType, $"{next.Path}({kind.DerivedType.Name})"));
            foreach (var (written, path) in parts)
            {
                var type = Nullable.GetUnderlyingType(written) ?? written;
                if (isOfKind(type))
                    yield return path;
                else if (root.Options.TryGetTypeInfo(type, out var json))
                    open.Push((json, path + "."));
            }
        }
    }
}

internal delegate Folded ApplyEvent(object state, object payload, in EventContext context);

internal delegate object DecodePayload(ReadOnlySpan<byte> bytes);

internal sealed record EventDefinition(
    string Name, int Version, ApplyEvent Apply, Func<object, byte[]> Encode, DecodePayload Decode, JsonTypeInfo Json);
