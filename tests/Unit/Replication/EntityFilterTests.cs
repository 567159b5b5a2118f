using Pelago.Model;
using Pelago.Replication;
using Pelago.Tests.Unit.Guide;

namespace Pelago.Tests.Unit;

public sealed class EntityFilterTests
{
    [Fact]
    public void Admits_RegionThatIsIncludedAndExcluded_ExcludedWins()
    {
        var filter = EntityFilter.InEpoch(1).Only("eu", "us").Except("us", "ap");

        (filter.Admits("eu"), filter.Admits("us"), filter.Admits("ap"), filter.Admits("sa"))
            .ShouldBe((true, false, false, false));
        filter.ToString().ShouldBe("only eu, us, except ap, us");
    }

    [Fact]
    public void Admits_NothingSaid_IsEveryRegion()
    {
        EntityFilter.None.Admits("eu").ShouldBeTrue();
        EntityFilter.InEpoch(2).Admits("eu").ShouldBeTrue();
        EntityFilter.InEpoch(2).ToString().ShouldBe("every region");
    }

    [Fact]
    public void Equals_SameRegionsInAnotherOrder_IsTheSameRuleAndAnotherEpochIsNot()
    {
        var filter = EntityFilter.InEpoch(1).Only("eu", "us").Except("ap");

        filter.ShouldBe(EntityFilter.InEpoch(1).Except("ap").Only("us", "eu", "us"));
        filter.ShouldNotBe(EntityFilter.InEpoch(2).Only("eu", "us").Except("ap"));
        filter.ShouldNotBe(EntityFilter.InEpoch(1).Except("ap"));
    }

    [Theory]
    [InlineData(0u, null, "ap", "needs an epoch")]
    [InlineData(1u, "", "", "includes no region")]
    [InlineData(1u, "eu", "eu", "excludes every region that it includes")]
    [InlineData(1u, "EU West", "", "region in the filter")]
    public void Build_RuleThatCannotBe_IsAMistakeAtStartUp(uint epoch, string? only, string except, string why)
    {
        var filter = EntityFilter.InEpoch(epoch);
        if (only is not null)
            filter = filter.Only(only.Split(' ', 1, StringSplitOptions.RemoveEmptyEntries));
        if (except.Length > 0)
            filter = filter.Except(except);

        Mistake(Shared().Filter(filter)).ShouldContain(why);
    }

    [Fact]
    public void Build_WithWhatNeedsEveryRegion_IsAMistakeAtStartUp()
    {
        var filter = EntityFilter.InEpoch(1).Except("ap");

        Mistake(Shared().Mode(EntityMode.Local).Filter(filter)).ShouldContain("stay in the region");
        Mistake(Shared().Mode(EntityMode.Pinned("ap")).Filter(filter)).ShouldContain("leaves out 'ap'");
        Mistake(Shared().Mode(EntityMode.RequestRegion("eu")).Filter(filter)).ShouldContain("moves to any region");
        Mistake(Shared().Final<Chosen>("mail", (_, _, _) => ValueTask.CompletedTask).Filter(filter))
            .ShouldContain("effects of final events");
        Mistake(Shared().Compact().Filter(filter)).ShouldContain("rows may go");
        Mistake(Shared().Filter(filter)).ShouldContain("command Choose cannot be sent on");
        Shared().Filter(EntityFilter.InEpoch(2)).Build().Filter.Epoch.ShouldBe(2u, "it leaves out nobody");
    }

    [Fact]
    public void Refuse_InAGroupWithoutThatRegion_NamesItAndTheMembers()
    {
        var refused = FilterChecks.Refuse(
            "gate", EntityFilter.InEpoch(1).Only("eu", "moon").Except("mars"), ["eu", "us", "mars"], ["eu", "us"]);

        refused!.Error.ShouldBe(ErrorCodes.InvalidFilter);
        refused.Message.ShouldContain("names 'moon'");
        refused.Next.ShouldContain("Members: eu, us.");
        FilterChecks.Refuse("gate", EntityFilter.InEpoch(1).Except("eu", "us"), ["eu", "us"], ["eu", "us"])!.Message
            .ShouldContain("leaves out every member");
        FilterChecks.Refuse("gate", EntityFilter.InEpoch(1).Except("mars"), ["eu", "mars"], ["eu"]).ShouldBeNull();
    }

    private static EntityDefinition<Preference> Shared()
    {
        var definition = new EntityDefinition<Preference>();
        Preference.Define(definition);
        return definition.Mode(EntityMode.Replicated);
    }

    private static string Mistake(EntityDefinition<Preference> definition)
        => Should.Throw<PelagoException>(definition.Build).Failure.Message;
}
