using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Sdk.Testing;
using Pelago.Tests.Unit.Guide;

namespace Pelago.Tests.Unit.Testing;

/// <summary>Types that are not for every region, in regions of the kernel of production.</summary>
public sealed class FilterWorldTests
{
    [Fact]
    public void SendAndRead_WhereTheTypeIsLeftOut_AreCarriedOutByARegionThatHasIt()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");
        var ada = world.Client();

        ada.At("ap").Get<Gate>("g").Send(new Pass("ada")).ShouldBe(1);
        ada.At("us").Get<Gate>("g").Send(new Pass("bob")).ShouldBe(2, "the answer's token names the write");
        ada.At("ap").Get<Gate>("g").Read().Passed.ShouldBe(2);

        world.Converged();
        world.Journals.SelectMany(rows => rows).Select(r => r.Event.Origin.Region).ShouldNotContain("ap");
    }

    [Fact]
    public void SendAndRead_NobodyWhoHasTheTypeIsReached_IsRefusedSoonAndNothingIsChanged()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");
        world.Region("ap").Get<Gate>("g").Send(new Pass("ada"));
        world.Converged();
        world.Isolate("ap");
        world.Run(TimeSpan.FromSeconds(5));

        world.Region("ap").Get<Gate>("g").TrySend(new Pass("bob")).Failure!.Error.ShouldBe(ErrorCodes.Filtered);
        var read = world.Region("ap").Get<Gate>("g").TryRead().Failure!;
        (read.Error, read.Message).ShouldBe((ErrorCodes.Filtered, "Region 'ap' does not have entities of type 'gate': "
            + "it is left out by the type's filter; nothing was changed."));
        world.Region("eu").Get<Gate>("g").Read().Passed.ShouldBe(1);
    }

    [Fact]
    public void SendAndRead_OfAPinnedTypeThatIsLeftOut_GoToThePrimary()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");

        world.Region("ap").Get<Vault>("v").Send(new Pass("ada")).ShouldBe(1);
        world.Region("us").Get<Vault>("v").Send(new Pass("bob")).ShouldBe(2);
        world.Region("ap").Get<Vault>("v").Read().Passed.ShouldBe(2);
        world.Region("ap").Get<Vault>("v").TryRead(new RequestOptions { AtPrimary = true }).Value!.Passed.ShouldBe(2);
        world.Converged();
    }

    [Fact]
    public void Read_OfATypeThatNobodyWrites_IsAnsweredWhereItIsLeftOut()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");

        world.Region("ap").Get<Archive>("a").Read().Passed.ShouldBe(7);
        world.Region("ap").Get<Archive>("a").TrySend(new Pass("ada")).Failure!.Error.ShouldBe(ErrorCodes.NoPrimary);
    }

    [Fact]
    public void Chart_OfTheGuide_IsWrittenFromEveryRegionAndHeldByTwo()
    {
        using var world = PelagoWorld.Create("eu-west-1", "eu-north-1", "us-east-1");

        world.Region("us-east-1").Get<Chart>("ada").Send(new AddNote("pulse 61")).ShouldBe(1);
        world.Converged();
        world.Journals.Count(rows => rows.Any()).ShouldBe(2);
    }

    [Fact]
    public void ReadAtPrimary_OfATypeWithoutOne_IsRefusedWhereItIsLeftOut()
    {
        using var world = PelagoWorld.Create("eu", "us", "ap");

        world.Region("ap").Get<Gate>("g").TryRead(new RequestOptions { AtPrimary = true }).Failure!.Error
            .ShouldBe(ErrorCodes.NoPrimary);
    }

    [Fact]
    public void Send_InAWorldOfTheOneRegionThatIsLeftOut_IsCarriedOutThere()
    {
        using var world = PelagoWorld.Create("ap");

        world.Region("ap").Get<Gate>("g").Send(new Pass("ada")).ShouldBe(1);
    }
}
