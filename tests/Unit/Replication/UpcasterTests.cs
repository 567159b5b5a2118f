using System.Text;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit;

/// <summary>Payloads of older versions, and what is found wrong with the steps when a type is registered.</summary>
public sealed class UpcasterTests
{
    [Fact]
    public void Decode_OldVersions_GoThroughTheChain()
    {
        var type = Build(Third().Upcast("renamed", 1, Split).Upcast(
            "renamed", 2, UpcasterJson.Default.RenamedSecond, UpcasterJson.Default.Renamed,
            old => new Renamed(old.First, old.Last, "unknown")));

        Decode(type, 1, "{\"name\":\"Ada Lovelace\"}").ShouldBe(new Renamed("Ada", "Lovelace", "unknown"));
        Decode(type, 2, "{\"first\":\"Ada\",\"last\":\"King\"}").ShouldBe(new Renamed("Ada", "King", "unknown"));
        Decode(type, 3, "{\"first\":\"A\",\"last\":\"B\",\"by\":\"c\"}").ShouldBe(new Renamed("A", "B", "c"));
    }

    [Fact]
    public void Decode_NewerVersionOrOtherName_IsUnknown()
    {
        var type = Build(Third().Upcast("renamed", 1, Split).Upcast("renamed", 2, Split));

        type.Decode("renamed", 4, "{}"u8).ShouldBeNull();
        type.Decode("renamed", 0, "{}"u8).ShouldBeNull();
        type.Decode("other", 1, "{}"u8).ShouldBeNull();
    }

    [Fact]
    public void State_NewerVersionThanThisBuildKnows_ParksTheEntity()
    {
        var type = Build(Third().Upcast("renamed", 1, Split).Upcast("renamed", 2, Split));
        var fold = new EntityFold(type, "e");
        fold.Insert(Events.Write(Events.A, 1, 1, "{}"), type.Decode("renamed", 4, "{}"u8));
        _ = fold.State;

        fold.Parked.ShouldNotBeNull().Error.ShouldBe(ErrorCodes.EntityParked);
    }

    [Fact]
    public void Decode_UpcasterGivenSomethingElse_Throws()
    {
        var type = Build(Third().Upcast("renamed", 1, Split).Upcast("renamed", 2, Split));

        Should.Throw<Exception>(() => type.Decode("renamed", 1, "null"u8));
        Should.Throw<Exception>(() => type.Decode("renamed", 1, "[]"u8));
    }

    [Fact]
    public void Build_MissingLink_IsRefused()
        => Mistake(Third().Upcast("renamed", 1, Split))
            .ShouldContain("event 'renamed' version 2 cannot be read any more: add an upcaster from it to version 3");

    [Fact]
    public void Build_NoUpcasterAtAll_NamesEveryVersion()
    {
        var mistake = Mistake(Third());

        mistake.ShouldContain("version 1 cannot be read any more");
        mistake.ShouldContain("version 2 cannot be read any more");
    }

    [Fact]
    public void Build_TwoForOneStep_IsRefused()
        => Mistake(Third().Upcast("renamed", 1, Split).Upcast("renamed", 1, Split).Upcast("renamed", 2, Split))
            .ShouldContain("event 'renamed' has two upcasters from version 1");

    [Fact]
    public void Build_UpcasterFromACurrentVersion_IsRefused()
        => Mistake(Third().Upcast("renamed", 1, Split).Upcast("renamed", 2, Split).Upcast("renamed", 3, Split))
            .ShouldContain("event 'renamed' version 3 has a handler, and an upcaster away from it");

    [Fact]
    public void Build_UpcastersThatLeadNowhere_AreAllReported()
    {
        var mistake = Mistake(Third().Upcast("renamed", 1, Split).Upcast("renamed", 2, Split)
            .Upcast("renamed", 7, Split).Upcast("renamed", 0, Split).Upcast("gone", 1, Split));

        mistake.ShouldContain("from version 7 leads to no version with a handler");
        mistake.ShouldContain("from version 0 leads to no version with a handler");
        mistake.ShouldContain("an upcaster for event 'gone', and no such event");
    }

    [Fact]
    public void Build_DataTypeThatNobodySettles_IsRefused()
    {
        var definition = new EntityDefinition<Board>().Named("board").Merge(MergeStrategy.Crdt)
            .State(_ => Board.Empty, BoardJson.Default.Board);

        var mistake = Should.Throw<PelagoException>(() => definition.Build()).Failure.Message;
        mistake.ShouldContain("state member 'tags'");
        mistake.ShouldContain("state member 'lines'");
    }

    [Fact]
    public void Build_DataTypeBelowTheState_IsFoundToo()
    {
        var definition = new EntityDefinition<Shelf>().Named("shelf").Merge(MergeStrategy.Crdt)
            .State(_ => new Shelf([]), UpcasterJson.Default.Shelf);

        Should.Throw<PelagoException>(() => definition.Build()).Failure.Message
            .ShouldContain("state member 'rows.[].books'");
    }

    private static EntityDefinition<Person> Third() => new EntityDefinition<Person>().Named("person")
        .Merge(MergeStrategy.Ordered).State(_ => new Person(""), UpcasterJson.Default.Person)
        .Event("renamed", 3, UpcasterJson.Default.Renamed, (_, e, _) => Folded.To(new Person($"{e.First} {e.Last}")));

    private static JsonObject Split(JsonObject payload)
    {
        var names = payload["name"]!.GetValue<string>().Split(' ');
        payload.Remove("name");
        (payload["first"], payload["last"]) = (names[0], names[1]);
        return payload;
    }

    private static EntityType Build(EntityDefinition<Person> definition) => definition.Build();

    private static object? Decode(EntityType type, int version, string json)
        => type.Decode("renamed", version, Encoding.UTF8.GetBytes(json));

    private static string Mistake(EntityDefinition<Person> definition)
        => Should.Throw<PelagoException>(() => definition.Build()).Failure.Message;
}

internal sealed record Person(string Name);

internal sealed record Shelf(IReadOnlyList<ShelfRow> Rows);

internal sealed record ShelfRow(int Number, OrSet<string> Books);

internal sealed record Renamed(string First, string Last, string By);

internal sealed record RenamedSecond(string First, string Last);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Person))]
[JsonSerializable(typeof(Shelf))]
[JsonSerializable(typeof(Renamed))]
[JsonSerializable(typeof(RenamedSecond))]
internal sealed partial class UpcasterJson : JsonSerializerContext;
