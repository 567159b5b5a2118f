using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>An entity of data types that keep something until it is final: what only the whole kernel decides, with its
/// frontiers, reports, snapshots and restarts.</summary>
internal static class BoardType
{
    /// <summary>Its registered name.</summary>
    public const string Name = "board";

    private static readonly BoardState Empty = new(OrSet<string>.Empty, RemoveWinsSet<string>.Empty,
        OrMap<string, ResettableCounter>.Empty, LwwMap<string, string>.Empty, Sequence<string>.Empty);

    /// <summary>The type. A payload is <c>number:kind:argument</c>.</summary>
    public static readonly TextType Board = new(Name, MergeStrategy.Crdt, () => Empty, Apply,
        state => Encoding.UTF8.GetString(CanonicalJson.Write(
            JsonSerializer.SerializeToUtf8Bytes((BoardState)state, BoardJson.Default.BoardState))),
        text => JsonSerializer.Deserialize(text, BoardJson.Default.BoardState)!)
    {
        Settling = (state, horizon) => ((BoardState)state).Settle(horizon),
    };

    /// <summary>Any operation. One on the sequence is made from the state that its handler is given, and so becomes
    /// known only then.</summary>
    public static Operation Next(Dice dice, Pelago.Model.EntityKey entity, int number, string key, long patience)
    {
        var prefix = string.Create(CultureInfo.InvariantCulture, $"{number}:");
        if (dice.Chance(500))
        {
            var kind = dice.Pick(["tag", "untag", "grant", "revoke", "vote", "unvote", "set", "unset"]);
            return new Operation(entity, [$"{prefix}{kind}:{dice.Pick(["x", "y"])}"], key, patience);
        }
        var (place, cuts, length) = (dice.Below(1000), dice.Chance(400), 1 + dice.Below(3));
        var line = new[] { "" };
        return new Operation(entity, line, "", patience)
        {
            Handle = (state, context) =>
            {
                var lines = ((BoardState)state).Lines;
                line[0] = prefix + (lines.Count > 5 || (cuts && lines.Count > 0) // short: more happens at one place
                    ? "cut:" + Json(lines.DeleteAt(place % lines.Count), BoardJson.Default.SequenceDeletion)
                    : "type:" + Json(lines.InsertAt(place % (lines.Count + 1),
                        Enumerable.Range(0, length).Select(i => $"{number}.{i}")),
                        BoardJson.Default.SequenceInsertionString));
                return TestTypes.Persist(line)(state, context);
            },
        };
    }

    private static Folded Apply(object state, string line, EventContext context)
    {
        var board = (BoardState)state;
        var parts = line.Split(':', 3);
        var argument = parts[2];
        return Folded.To(parts[1] switch
        {
            "tag" => board with { Tags = board.Tags.Add(argument, context) },
            "untag" => board with { Tags = board.Tags.Remove(argument, context) },
            "grant" => board with { Readers = board.Readers.Add(argument, context) },
            "revoke" => board with { Readers = board.Readers.Remove(argument, context) },
            "vote" => board with { Votes = board.Votes.Update(argument, context, v => v.Add(1, context)) },
            "unvote" => board with { Votes = board.Votes.Remove(argument, context) },
            "set" => board with { Fields = board.Fields.Set(argument, parts[0], context) },
            "unset" => board with { Fields = board.Fields.Remove(argument, context) },
            "type" => board with { Lines = board.Lines.Apply(
                JsonSerializer.Deserialize(argument, BoardJson.Default.SequenceInsertionString)!, context) },
            _ => board with { Lines = board.Lines.Apply(
                JsonSerializer.Deserialize(argument, BoardJson.Default.SequenceDeletion)!, context) },
        });
    }

    private static string Json<T>(T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> json)
        => JsonSerializer.Serialize(value, json);
}

internal sealed record BoardState(
    OrSet<string> Tags, RemoveWinsSet<string> Readers, OrMap<string, ResettableCounter> Votes,
    LwwMap<string, string> Fields, Sequence<string> Lines)
{
    public BoardState Settle(Horizon horizon) => new(Tags.Settle(horizon), Readers.Settle(horizon),
        Votes.Settle(horizon), Fields.Settle(horizon), Lines.Settle(horizon));
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(BoardState))]
[JsonSerializable(typeof(SequenceInsertion<string>))]
[JsonSerializable(typeof(SequenceDeletion))]
internal sealed partial class BoardJson : JsonSerializerContext;
