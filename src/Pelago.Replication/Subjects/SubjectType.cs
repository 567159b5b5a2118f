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
/// forgotten, too. It is for good: for the same person who comes back there is another name.</para>
/// </remarks>
public static class SubjectType
{
    /// <summary>Its name, which no type of a service can have.</summary>
    public const string Name = EntityKey.SubjectType;

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

    internal static Effect<SubjectState, bool> Make(SubjectState state, SubjectKeyId id)
        => state.Forgotten ? Effect.Reject(ErrorCodes.SubjectForgotten, "The subject was forgotten.",
            "Nothing personal is written about it any more. For the same person who comes back, use another name.")
            : Effect.Persist(new SubjectKeyMade(id.ToString())).ThenReply<SubjectState, bool>(_ => true);

    private static EntityDefinition<SubjectState> Define() => new EntityDefinition<SubjectState>()
        .NamedByPelago(Name).Merge(MergeStrategy.Ordered)
        .State(_ => new SubjectState([], false), SubjectJson.Default.SubjectState)
        .Event("subject-key-made", 1, SubjectJson.Default.SubjectKeyMade,
            (state, made, context) => Made(state, made, context.Region))
        .Event("subject-forgotten", SubjectJson.Default.SubjectForgotten, (state, _) => state with { Forgotten = true })
        .Command<ForgetSubject, bool>(SubjectJson.Default.Boolean, (state, _, _) => state.Forgotten
            ? Effect.Reply<SubjectState, bool>(false)
            : Effect.Persist(SubjectForgotten.Instance).ThenReply<SubjectState, bool>(_ => true));

    // What is no name of a key is refused here, so that nothing after it has to ask.
    private static Folded Made(SubjectState state, SubjectKeyMade made, string region)
    {
        if (made.Key is not { Length: 2 * SubjectKeyId.Bytes } || !made.Key.All(char.IsAsciiHexDigitLower))
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
/// <param name="Keys">Names of its keys, in order of their names.</param>
/// <param name="Forgotten">It was forgotten: nobody is to have any of its keys.</param>
internal sealed record SubjectState(IReadOnlyList<MadeKey> Keys, bool Forgotten);

/// <summary>A key by name.</summary>
/// <param name="Key">As <see cref="SubjectKeyId.ToString"/> writes it.</param>
/// <param name="Region">Where it was made: who has it first.</param>
internal sealed record MadeKey(string Key, string Region);

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
