using System.Text.Json.Serialization;
using Pelago.Replication;

namespace Pelago.Tests.Unit.Guide;

// The code of docs/guide/modes.md: a test of tests/Tidy compares it with the page.

public sealed record Preference(string Colour) : IEntity<Preference>
{
    public static void Define(EntityDefinition<Preference> entity) => entity
        .Named("preference")
        .Merge(MergeStrategy.Ordered)
        .Mode(EntityMode.Local)
        .State(_ => new Preference("blue"), PreferenceJson.Default.Preference)
        .Event("chosen", PreferenceJson.Default.Chosen, (_, chosen) => new Preference(chosen.Colour))
        .Command<Choose, string>(PreferenceJson.Default.String, (_, choose, _)
            => Effect.Persist(new Chosen(choose.Colour)).ThenReply<Preference, string>(p => p.Colour));
}

public sealed record Choose(string Colour) : ICommand<string>;

public sealed record Chosen(string Colour);

[JsonSerializable(typeof(Preference))]
[JsonSerializable(typeof(Chosen))]
[JsonSerializable(typeof(string))]
internal sealed partial class PreferenceJson : JsonSerializerContext;
