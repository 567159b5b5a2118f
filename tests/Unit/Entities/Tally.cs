using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Pelago.Replication;

namespace Pelago.Tests.Unit.Entities;

/// <summary>The words that were noted, in the total order.</summary>
public sealed record Tally(ImmutableList<string> Words) : IEntity<Tally>
{
    public static void Define(EntityDefinition<Tally> entity) => entity
        .Named("tally")
        .Merge(MergeStrategy.Ordered)
        .State(_ => new Tally([]), TallyJson.Default.Tally)
        .Event("noted", TallyJson.Default.Noted, (tally, e) => new Tally(tally.Words.Add(e.Word)))
        .Command<Note, int>(TallyJson.Default.Int32, (_, note, _) => Effect
            .Persist(new Noted(note.Word)).ThenReply<Tally, int>(tally => tally.Words.Count));
}

public sealed record Note(string Word) : ICommand<int>;

public sealed record Noted(string Word);

[JsonSerializable(typeof(Tally))]
[JsonSerializable(typeof(Noted))]
[JsonSerializable(typeof(int))]
internal sealed partial class TallyJson : JsonSerializerContext;
