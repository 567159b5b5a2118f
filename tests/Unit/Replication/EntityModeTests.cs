using Pelago.Model;
using Pelago.Replication;
using Pelago.Sdk.Testing;
using Pelago.Tests.Unit.Guide;

namespace Pelago.Tests.Unit;

public sealed class EntityModeTests
{
    [Fact]
    public void Mode_NothingSaid_IsReplicated()
        => EntityType.Of<Deed>().Mode.ShouldBe(EntityMode.Replicated);

    [Fact]
    public void Local_WithALevelOfAcknowledgement_IsAMistakeAtStartUp()
        => Mistake(Local().Acknowledge(Acknowledgement.Majority)).ShouldContain("acknowledged by majority");

    [Fact]
    public void Local_WithAnEffectOfFinalEvents_IsAMistakeAtStartUp()
        => Mistake(Local().Final<Chosen>("mail", (_, _, _) => ValueTask.CompletedTask))
            .ShouldContain("no effects of final events");

    [Fact]
    public void Local_InAWorld_IsEachRegionsOwnAndTheWorldConverges()
    {
        using var world = PelagoWorld.Create("eu", "us");
        world.Region("eu").Get<Preference>("ada").Send(new Choose("red"));
        world.Region("us").Get<Preference>("ada").Send(new Choose("green"));
        world.Region("us").Get<Preference>("bob").Send(new Choose("black"));
        world.Converged();

        world.Region("eu").Get<Preference>("ada").Read().Colour.ShouldBe("red");
        world.Region("us").Get<Preference>("ada").Read().Colour.ShouldBe("green");
        world.Region("eu").Get<Preference>("bob").Read().Colour.ShouldBe("blue");
    }

    private static EntityDefinition<Preference> Local()
    {
        var definition = new EntityDefinition<Preference>();
        Preference.Define(definition);
        return definition;
    }

    private static string Mistake(EntityDefinition<Preference> definition)
        => Should.Throw<PelagoException>(definition.Build).Failure.Message;
}
