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
    public void Pinned_CommandWithoutAForm_IsAMistakeUnlessOthersRefuse()
    {
        Mistake(Local().Mode(EntityMode.Pinned("eu"))).ShouldContain("command Choose cannot be sent to the primary");
        Local().Mode(EntityMode.Pinned("eu", Elsewhere.Refuse)).Build().Mode.Primary.ShouldBe("eu");
        Local().Mode(EntityMode.None).Build().Mode.Kind.ShouldBe(EntityModeKind.None);
    }

    [Fact]
    public void Pinned_ToWhatIsNoRegionName_IsAMistake()
        => Mistake(Local().Mode(EntityMode.Pinned("EU West", Elsewhere.Refuse))).ShouldContain("primary region");

    [Fact]
    public void Mode_AsText_SaysWhichRegion()
        => ((EntityMode[])[EntityMode.Replicated, EntityMode.Local, EntityMode.None, EntityMode.Pinned("eu")])
            .Select(m => m.ToString()).ShouldBe(["replicated", "local", "none", "pinned(eu)"]);

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
