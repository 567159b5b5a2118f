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
        .Event("struck", TallyJson.Default.Struck, (tally, e) => new Tally(tally.Words.Remove(e.Word)))
        .Command<Strike, int>(TallyJson.Default.Int32, (tally, strike, _) => tally.Words.Contains(strike.Word)
            ? Effect.Persist(new Struck(strike.Word)).ThenReply<Tally, int>(left => left.Words.Count)
            : Effect.Reply<Tally, int>(tally.Words.Count))
        .Command<NoteAside, int>(TallyJson.Default.Int32, (_, note, _) => Effect
            .Persist(new Noted(note.Word)).ThenReply<Tally, int>(tally => tally.Words.Count))
        .Command<Note, int>(TallyJson.Default.Int32, (_, note, _) => Effect
            .Persist(new Noted(note.Word)).ThenReply<Tally, int>(tally => tally.Words.Count));
}

public sealed record Note(string Word) : ICommand<int>;

/// <summary>Notes a word; no JSON is registered for the reply as an object.</summary>
public sealed record NoteAside(string Word) : ICommand<int>, ICommand<object>;

/// <summary>Strikes a word out; makes no event when it is not there. The reply is how many words are left.</summary>
public sealed record Strike(string Word) : ICommand<int>;

public sealed record Struck(string Word);

public sealed record Noted(string Word);

[JsonSerializable(typeof(Tally))]
[JsonSerializable(typeof(Noted))]
[JsonSerializable(typeof(Struck))]
[JsonSerializable(typeof(int))]
internal sealed partial class TallyJson : JsonSerializerContext;
