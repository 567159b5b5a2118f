using System.Text.Json.Serialization;
using Pelago.Replication;

namespace Pelago.Tests.Unit.Guide;

// The code of docs/guide/deletion.md: a test of tests/Tidy compares it with the page.

public sealed record Draft(string Text) : IEntity<Draft>
{
    public static void Define(EntityDefinition<Draft> entity) => entity
        .Named("draft")
        .Merge(MergeStrategy.Ordered)
        .State(_ => new Draft(""), DraftJson.Default.Draft)
        .Event("written", DraftJson.Default.Written, (draft, e) => new Draft(draft.Text + e.Text))
        .Command<Write, string>(DraftJson.Default.String, (_, write, _) => Effect
            .Persist(new Written(write.Text)).ThenReply<Draft, string>(draft => draft.Text))
        .Command<Discard, string>(DraftJson.Default.String, (_, _, _) => Effect
            .Delete().ThenReply<Draft, string>(_ => "discarded"));
}

public sealed record Write(string Text) : ICommand<string>;

public sealed record Discard : ICommand<string>;

public sealed record Written(string Text);

[JsonSerializable(typeof(Draft))]
[JsonSerializable(typeof(Written))]
[JsonSerializable(typeof(string))]
internal sealed partial class DraftJson : JsonSerializerContext;
