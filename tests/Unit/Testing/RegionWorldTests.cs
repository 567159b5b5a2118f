using Pelago.Model;
using Pelago.Sdk.Testing;
using Pelago.Tests.Unit.Guide;

namespace Pelago.Tests.Unit.Testing;

/// <summary>Entities that are not for every region, in regions of the kernel of production.</summary>
public sealed class RegionWorldTests
{
    [Fact]
    public void Dossier_OfTheGuide_IsWrittenFromEveryRegionAndHeldByTwoUntilItIsShared()
    {
        using var world = PelagoWorld.Create("eu-west-1", "eu-north-1", "us-east-1");

        world.Region("eu-west-1").Get<Dossier>("ada").Send(new OpenDossier("born 1815")).ShouldBe(1);
        world.Converged();
        world.Region("us-east-1").Get<Dossier>("ada").Read().Notes.ShouldBe(1, "another region answers");
        Hidden(world).ShouldBe(1);

        world.Region("us-east-1").Get<Dossier>("ada").Send(new ShareDossier("asked for")).ShouldBe(1);
        world.Converged();
        world.Isolate("us-east-1");
        world.Region("us-east-1").Get<Dossier>("ada").Read().Notes.ShouldBe(1, "it is there");
    }

    [Fact]
    public void Open_InARegionThatWouldLeaveItselfOut_IsRefusedAndNothingIsWritten()
    {
        using var world = PelagoWorld.Create("eu-west-1", "eu-north-1", "us-east-1");

        var refused = world.Region("us-east-1").Get<Dossier>("ada").TrySend(new OpenDossier("born 1815")).Failure!;
        refused.Error.ShouldBe(ErrorCodes.InvalidFilter);
        refused.Message.ShouldContain("leaves out 'us-east-1'");
        world.Converged();
        world.Journals.SelectMany(rows => rows).ShouldBeEmpty();
    }

    [Fact]
    public void Read_NobodyWhoHasTheEntityIsReached_IsRefusedAndSaysWhy()
    {
        using var world = PelagoWorld.Create("eu-west-1", "eu-north-1", "us-east-1");
        world.Region("eu-west-1").Get<Dossier>("ada").Send(new OpenDossier("born 1815"));
        world.Converged();
        world.Isolate("us-east-1");
        world.Run(TimeSpan.FromSeconds(5));

        var read = world.Region("us-east-1").Get<Dossier>("ada").TryRead().Failure!;
        (read.Error, read.Message).ShouldBe((ErrorCodes.Filtered, "Region 'us-east-1' does not have dossier/ada, which "
            + "is for only eu-north-1, eu-west-1: it is left out; nothing was changed."));
    }

    private static int Hidden(PelagoWorld world)
        => world.Journals.Sum(rows => rows.Count(r => r.Event.IsWithheld));
}
