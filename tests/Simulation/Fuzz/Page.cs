using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>A page that keeps its lines in the total order.</summary>
internal sealed record Page(ImmutableArray<string> Lines) : IEntity<Page>
{
    public static void Define(EntityDefinition<Page> entity) => entity
        .Named("page").Merge(MergeStrategy.Ordered)
        .State(_ => new Page(ImmutableArray<string>.Empty), PageJson.Default.Page)
        .Event("line-written", PageJson.Default.LineWritten, (page, e) => new Page(page.Lines.Add(e.Text)))
        .Command<WriteLine, int>(PageJson.Default.Int32, (_, command, _) => Effect
            .Persist(new LineWritten(command.Text)).ThenReply<Page, int>(page => page.Lines.Length));
}

internal sealed record WriteLine(string Text) : ICommand<int>;

internal sealed record LineWritten(string Text);

[JsonSerializable(typeof(Page))]
[JsonSerializable(typeof(LineWritten))]
[JsonSerializable(typeof(int))]
internal sealed partial class PageJson : JsonSerializerContext;
