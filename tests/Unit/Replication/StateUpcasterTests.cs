using System.Text;
using System.Text.Json.Nodes;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit;

/// <summary>States of older versions, for types whose events may be gone.</summary>
public sealed class StateUpcasterTests
{
    [Fact]
    public void ReadState_OlderVersions_GoThroughTheChain()
    {
        var type = Define(3).UpcastState(1, Named("full")).UpcastState(2, Named("name")).Build();
        var state = new Person("Ada Lovelace");
        var text = Encoding.UTF8.GetString(type.EncodeState(state));

        type.ReadState(3, type.EncodeState(state)).ShouldBe(state);
        type.ReadState(1, "{\"called\":\"Ada Lovelace\"}"u8).ShouldBe(state, $"the present form is {text}");
        type.ReadState(4, type.EncodeState(state)).ShouldBeNull();
        type.ReadState(0, "{}"u8).ShouldBeNull();
    }

    [Fact]
    public void Build_CompactsAndAVersionCannotBeRead_IsRefused()
        => Mistake(Define(3).UpcastState(1, Named("full"))).ShouldContain("state version 2 cannot be read any more");

    [Fact]
    public void Build_StepsThatLeadBeyondTheVersion_AreReported()
        => Mistake(Define(1).UpcastState(1, Named("full")))
            .ShouldContain("the upcaster of the state from version 1 leads beyond version 1");

    [Fact]
    public void Build_TwoStepsFromOneVersion_AreReported()
        => Mistake(Define(2).UpcastState(1, Named("full")).UpcastState(1, Named("name")))
            .ShouldContain("the state has two upcasters from version 1");

    [Fact]
    public void Build_CompactsAndHasEffects_IsRefused()
        => Mistake(Define(1).Final<Renamed>("tell", (_, _, _) => ValueTask.CompletedTask))
            .ShouldContain("effects need the rows of final events");

    private static EntityDefinition<Person> Define(int version) => new EntityDefinition<Person>().Named("person")
        .Merge(MergeStrategy.Ordered).State(_ => new Person(""), UpcasterJson.Default.Person, version)
        .Event("renamed", 1, UpcasterJson.Default.Renamed, (_, e, _) => Folded.To(new Person(e.First))).Compact();

    // The only member gets another name.
    private static Func<JsonObject, JsonObject> Named(string name) => state =>
    {
        var (before, value) = state.First();
        state.Remove(before);
        state[name] = value!.DeepClone();
        return state;
    };

    private static string Mistake(EntityDefinition<Person> definition)
        => Should.Throw<PelagoException>(() => definition.Build()).Failure.Message;
}
