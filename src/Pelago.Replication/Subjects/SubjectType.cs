using System.Text.Json;
using System.Text.Json.Serialization;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>The entity type that stands for subjects: people, whose personal members are sealed. Every service has it;
/// an entity of it is named like its subject.</summary>
/// <remarks>
/// <para>Its events say which keys were made, by name, and that the subject was forgotten. So names of keys travel and
/// lie in journals as all events do, by any path and in every region, and each region knows which keys it lacks. The
/// keys themselves are no part of it: they lie beside its rows, and commit with them.</para>
/// <para>The state is the same in whatever order its events are folded, so what is concurrent to a forgetting is
/// forgotten, too. It is for good: for the same person who comes back there is another name. So nothing takes its
/// events' place: none of them goes, it is not deleted, and another region's snapshot of it is not taken.</para>
/// </remarks>
public static class SubjectType
{
    /// <summary>Its name, which no type of a service can have.</summary>
    public const string Name = EntityKey.SubjectType;

    private const string ForgottenName = "subject-forgotten";

    /// <summary>The type.</summary>
    public static EntityType Type { get; } = Define().Build();

    /// <summary>The command that forgets a subject; its answer is false when it was forgotten before.</summary>
    public static ICommand<bool> Forget { get; } = new ForgetSubject();

    /// <summary>The entity that stands for a subject.</summary>
    public static EntityKey KeyOf(string subject) => new(Name, subject);

    /// <summary>What is known of a subject, from its entity's state.</summary>
    public static SubjectStanding StandingOf(object state)
        => state is SubjectState { Keys.Count: var keys, Forgotten: var forgotten }
            ? new SubjectStanding(keys, forgotten)
            : throw new ArgumentException("That is no subject's state.", nameof(state));

    /// <summary>The event says that its subject was forgotten; another is never taken for one.</summary>
    internal static bool Forgets(EventRecord e) => e.Entity.Type == Name && e.PayloadName == ForgottenName;

    internal static Effect<SubjectState, bool> Make(SubjectState state, SubjectKeyId id)
        => state.Forgotten ? Effect.Reject(ErrorCodes.SubjectForgotten, "The subject was forgotten.",
            "Nothing personal is written about it any more. For the same person who comes back, use another name.")
            : Effect.Persist(new SubjectKeyMade(id.ToString())).ThenReply<SubjectState, bool>(_ => true);

    private static EntityDefinition<SubjectState> Define() => new EntityDefinition<SubjectState>()
        .NamedByPelago(Name).Merge(MergeStrategy.Ordered).NeverDeleted()
        .State(_ => new SubjectState([], false), SubjectJson.Default.SubjectState)
        .Event("subject-key-made", 1, SubjectJson.Default.SubjectKeyMade,
            (state, made, context) => Made(state, made, context.Region))
        .Event(ForgottenName, SubjectJson.Default.SubjectForgotten, (state, _) => state with { Forgotten = true })
        .Command<ForgetSubject, bool>(SubjectJson.Default.Boolean, (state, _, _) => state.Forgotten
            ? Effect.Reply<SubjectState, bool>(false)
            : Effect.Persist(SubjectForgotten.Instance).ThenReply<SubjectState, bool>(_ => true));

    // What is no name of a key is refused here, so that nothing after it has to ask.
    private static Folded Made(SubjectState state, SubjectKeyMade made, string region)
    {
        if (!SubjectKeyId.IsText(made.Key))
            return Folded.Refuse("it names no key");
        if (state.Keys.Any(k => k.Key == made.Key))
            return Folded.Refuse("the key is known");
        return Folded.To(state with
        {
            Keys = [.. state.Keys.Append(new MadeKey(made.Key, region)).OrderBy(k => k.Key, StringComparer.Ordinal)],
        });
    }

    private sealed record ForgetSubject : ICommand<bool>;
}

/// <summary>How a subject stands in a region.</summary>
/// <param name="Keys">How many keys were ever made for it.</param>
/// <param name="IsForgotten">They are gone.</param>
public readonly record struct SubjectStanding(int Keys, bool IsForgotten);

/// <summary>What is known of a subject.</summary>
internal sealed record SubjectState
{
    /// <summary>A state as it was folded or stored.</summary>
    /// <exception cref="JsonException">No fold makes such a one: whoever reads it from a journal takes the entity for
    /// damaged, and nothing after it has to ask.</exception>
    [JsonConstructor]
    public SubjectState(IReadOnlyList<MadeKey> keys, bool forgotten)
    {
        if (keys is null || keys.Any(k => k is null || !SubjectKeyId.IsText(k.Key)
                || Names.Check(k.Region, "region") is not null)
            || keys.Zip(keys.Skip(1)).Any(pair => string.CompareOrdinal(pair.First.Key, pair.Second.Key) >= 0))
            throw new JsonException("The state of a subject names no keys, or names them twice or out of order.");
        (Keys, Forgotten) = (keys, forgotten);
    }

    /// <summary>Names of its keys, in order of their names.</summary>
    public IReadOnlyList<MadeKey> Keys { get; init; }

    /// <summary>It was forgotten: nobody is to have any of its keys.</summary>
    public bool Forgotten { get; init; }

    /// <summary>An event says that there is a key of that name.</summary>
    public bool IsNamed(SubjectKeyId id) => Keys.Any(k => k.Key == id.ToString());
}

/// <summary>A key by name.</summary>
/// <param name="Key">As <see cref="SubjectKeyId.ToString"/> writes it.</param>
/// <param name="Region">Where it was made: who has it first.</param>
internal sealed record MadeKey(string Key, string Region)
{
    /// <summary>Its name as a key of a subject.</summary>
    public SubjectKeyName NameOf(string subject) => new(subject, SubjectKeyId.Parse(Key));
}

/// <summary>A key was made. Its name alone: an event cannot be forgotten.</summary>
internal sealed record SubjectKeyMade(string Key);

/// <summary>The subject was forgotten: whoever applies this deletes its keys and takes none of them any more.</summary>
internal sealed record SubjectForgotten
{
    public static readonly SubjectForgotten Instance = new();
}

/// <summary>Makes a key, of which the entity's events get the name.</summary>
internal sealed record MakeSubjectKey(SubjectKey Key) : ICommand<bool>;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SubjectState))]
[JsonSerializable(typeof(SubjectKeyMade))]
[JsonSerializable(typeof(SubjectForgotten))]
[JsonSerializable(typeof(bool))]
internal sealed partial class SubjectJson : JsonSerializerContext;
