using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Pelago.Replication;

namespace Pelago.Tests.Unit;

/// <summary>An entity of several data types, for tests of the fold.</summary>
internal sealed record Board(
    OrSet<string> Tags, RemoveWinsSet<string> Readers, OrMap<string, ResettableCounter> Votes,
    LwwMap<string, string> Fields, Sequence<string> Lines) : IEntity<Board>
{
    public static readonly Board Empty = new(OrSet<string>.Empty, RemoveWinsSet<string>.Empty,
        OrMap<string, ResettableCounter>.Empty, LwwMap<string, string>.Empty, Sequence<string>.Empty);

    public static void Define(EntityDefinition<Board> entity) => entity
        .Named("board")
        .Merge(MergeStrategy.Crdt)
        .State(_ => Empty, BoardJson.Default.Board)
        .Settle((board, horizon) => new Board(board.Tags.Settle(horizon), board.Readers.Settle(horizon),
            board.Votes.Settle(horizon), board.Fields.Settle(horizon), board.Lines.Settle(horizon)))
        .Event("changed", 1, BoardJson.Default.BoardChanged, (board, e, context) => Folded.To(e.What switch
        {
            "tag" => board with { Tags = board.Tags.Add(e.Name, context) },
            "untag" => board with { Tags = board.Tags.Remove(e.Name, context) },
            "grant" => board with { Readers = board.Readers.Add(e.Name, context) },
            "revoke" => board with { Readers = board.Readers.Remove(e.Name, context) },
            "vote" => board with { Votes = board.Votes.Update(e.Name, context, v => v.Add(1, context)) },
            "unvote" => board with { Votes = board.Votes.Remove(e.Name, context) },
            "set" => board with { Fields = board.Fields.Set(e.Name, context.Dot.ToString(), context) },
            _ => board with { Fields = board.Fields.Remove(e.Name, context) },
        }))
        .Event("typed", 1, BoardJson.Default.SequenceInsertionString, (board, e, context)
            => Folded.To(board with { Lines = board.Lines.Apply(e, context) }))
        .Event("cut", 1, BoardJson.Default.SequenceDeletion, (board, e, context)
            => Folded.To(board with { Lines = board.Lines.Apply(e, context) }));

    private static readonly string[] Changes = ["tag", "untag", "grant", "revoke", "vote", "unvote", "set", "unset"];

    /// <summary>Any change that a handler could make of this state.</summary>
    public object AnyChange(Random random) => random.Next(12) switch
    {
        < 8 => new BoardChanged(
            Changes[random.Next(Changes.Length)],
            "xy"[random.Next(2)].ToString()),
        < 11 when Lines.Count < 6 => Lines.InsertAt(random.Next(Lines.Count + 1), $"{random.Next(100)}"),
        _ => Lines.DeleteAt(0, random.Next(Math.Min(3, Lines.Count + 1))),
    };
}

internal sealed record BoardChanged(string What, string Name);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Board))]
[JsonSerializable(typeof(BoardChanged))]
[JsonSerializable(typeof(SequenceInsertion<string>))]
[JsonSerializable(typeof(SequenceDeletion))]
internal sealed partial class BoardJson : JsonSerializerContext;
