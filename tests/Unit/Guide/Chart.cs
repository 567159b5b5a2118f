using System.Text.Json.Serialization;
using Pelago.Replication;

namespace Pelago.Tests.Unit.Guide;

// The code of docs/guide/filters.md: a test of tests/Tidy compares it with the page.

public sealed record Chart(int Notes) : IEntity<Chart>
{
    public static void Define(EntityDefinition<Chart> entity) => entity
        .Named("chart")
        .Merge(MergeStrategy.Ordered)
        .Filter(EntityFilter.InEpoch(1).Only("eu-west-1", "eu-north-1"))
        .State(_ => new Chart(0), ChartJson.Default.Chart)
        .Event("noted", ChartJson.Default.Noted, (chart, _) => new Chart(chart.Notes + 1))
        .Command<AddNote, int>("add-note", ChartJson.Default.AddNote, ChartJson.Default.Int32,
            (_, add, _) => Effect.Persist(new Noted(add.Text)).ThenReply<Chart, int>(after => after.Notes));
}

public sealed record AddNote(string Text) : ICommand<int>;

public sealed record Noted(string Text);

[JsonSerializable(typeof(Chart))]
[JsonSerializable(typeof(AddNote))]
[JsonSerializable(typeof(Noted))]
[JsonSerializable(typeof(int))]
internal sealed partial class ChartJson : JsonSerializerContext;
