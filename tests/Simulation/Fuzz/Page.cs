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

/// <summary>For two regions of the three: its events are left out of what the third is sent.</summary>
internal sealed record Letter(int Lines) : IEntity<Letter>
{
    public static void Define(EntityDefinition<Letter> entity) => entity
        .Named("letter").Merge(MergeStrategy.Ordered).Filter(EntityFilter.InEpoch(1).Except("bob"))
        .State(_ => new Letter(0), PageJson.Default.Letter)
        .Event("line-written", PageJson.Default.LineWritten, (letter, _) => new Letter(letter.Lines + 1))
        .Command<WriteLetter, int>("write-letter", PageJson.Default.WriteLetter, PageJson.Default.Int32,
            (_, command, _) => Effect.Persist(new LineWritten(command.Text)).ThenReply<Letter, int>(l => l.Lines));
}

/// <summary>Its primary moves.</summary>
internal sealed record Entry(int Lines) : IEntity<Entry>
{
    public static void Define(EntityDefinition<Entry> entity) => entity
        .Named("entry").Merge(MergeStrategy.Ordered).Mode(EntityMode.RequestRegion("ada"))
        .State(_ => new Entry(0), PageJson.Default.Entry)
        .Event("line-written", PageJson.Default.LineWritten, (entry, _) => new Entry(entry.Lines + 1))
        .Command<WriteEntry, int>("write-entry", PageJson.Default.WriteEntry, PageJson.Default.Int32,
            (_, command, _) => Effect.Persist(new LineWritten(command.Text)).ThenReply<Entry, int>(e => e.Lines));
}

internal sealed record WriteLetter(string Text) : ICommand<int>;

internal sealed record WriteEntry(string Text) : ICommand<int>;

[JsonSerializable(typeof(Page))]
[JsonSerializable(typeof(Letter))]
[JsonSerializable(typeof(Entry))]
[JsonSerializable(typeof(WriteLetter))]
[JsonSerializable(typeof(WriteEntry))]
[JsonSerializable(typeof(LineWritten))]
[JsonSerializable(typeof(int))]
internal sealed partial class PageJson : JsonSerializerContext;
