using Pelago.Cli;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Tests.Unit;

public sealed class WorldGrowthTests
{
    private static readonly WorldRecord Three = WorldPlan.Create(7400, "aws", _ => true);

    [Fact]
    public void With_OneMore_HasPortsAndLinksOfItsOwnAndTheOthersKeepTheirs()
    {
        var grown = WorldGrowth.With(Three, "sa-east-1", _ => true);

        grown.Regions.Take(3).ShouldBe(Three.Regions);
        grown.Links.Take(9).ShouldBe(Three.Links);
        grown.Regions[3].Joins.ShouldBeTrue();
        grown.Links.Count.ShouldBe(9 + 6 + 1);
        WorldPlan.IsWhole(grown).ShouldBeTrue();
        WorldPlan.Ports(grown).Select(p => p.Port)
            .Concat(grown.Regions.SelectMany(r => Enumerable.Range(r.FirstInstancePort, r.InstancePortCount)))
            .ShouldBeUnique();
        var config = WorldPlan.Region(grown, grown.Regions[3], WorldDirectory.At("/tmp/world"), "hash");
        (config.Joins, config.Peers.Count).ShouldBe((true, 3));
        WorldPlan.Region(grown, grown.Regions[0], WorldDirectory.At("/tmp/world"), "hash").Joins.ShouldBeFalse();
    }

    [Fact]
    public void With_UpToSixteen_AllFit()
    {
        var world = Three;
        for (var i = world.Regions.Count; i < 16; i++)
            world = WorldGrowth.With(world, $"region-{i}", _ => true);
        WorldPlan.IsWhole(world).ShouldBeTrue();
        WorldPlan.Ports(world).Select(p => p.Port).ShouldBeUnique();
    }

    [Fact]
    public void With_PortsTaken_StepsOverThemAndOverWholeBlocks()
    {
        var grown = WorldGrowth.With(Three, "sa-east-1", port => port is >= 7901 or (>= 7800 and < 7810));

        grown.Regions[3].ExecutionApiPort.ShouldBe(7901, "the block from 7800 has too few free ones");
        grown.Regions[3].FirstInstancePort.ShouldBe(7930);
        Should.Throw<PelagoException>(() => WorldGrowth.With(Three, "sa-east-1", _ => false)).Failure.Error
            .ShouldBe(ErrorCodes.NoFreePort);
    }

    [Fact]
    public void With_OnServers_HasAServerPort()
    {
        var world = WorldPlan.Create(7400, "aws", _ => true, JournalStores.Postgres);
        var grown = WorldGrowth.With(world, "sa-east-1", _ => true);
        grown.Regions[3].ServerPort.ShouldBeGreaterThan(0);
        WorldPlan.IsWhole(grown).ShouldBeTrue();
    }

    [Fact]
    public void Without_TheAddedOne_IsAsBefore()
    {
        var back = WorldGrowth.Without(WorldGrowth.With(Three, "sa-east-1", _ => true), "sa-east-1");
        back.Regions.ShouldBe(Three.Regions);
        back.Links.ShouldBe(Three.Links);
        WorldPlan.IsWhole(WorldGrowth.Without(Three, "eu-west-1")).ShouldBeTrue();
    }

    [Fact]
    public void Leaving_OneRegion_IsOnRecordAndTakenBack()
    {
        var leaving = WorldGrowth.Leaving(Three, "eu-west-1", leaves: true);

        leaving.Regions.Where(r => r.Leaves).ShouldHaveSingleItem().Name.ShouldBe("eu-west-1");
        WorldPlan.IsWhole(leaving).ShouldBeTrue();
        WorldGrowth.Leaving(leaving, "eu-west-1", leaves: false).Regions.ShouldBe(Three.Regions);
    }

    [Fact]
    public void SetAside_HomeAndGuards_AreMovedAndNothingIsLeft()
    {
        var root = Directory.CreateTempSubdirectory("leavings-");
        try
        {
            var directory = WorldDirectory.At(root.FullName);
            RegionLeavings.SetAside(directory, "sa-east-1", TimeProvider.System).ShouldBeNull();
            PrivateFile.CreateDirectory(directory.RegionHome("sa-east-1"));
            File.WriteAllText(Path.Combine(directory.RegionHome("sa-east-1"), "identity.json"), "{}");
            PrivateFile.CreateDirectory(directory.Guards("sa-east-1"));

            var aside = RegionLeavings.SetAside(directory, "sa-east-1", TimeProvider.System).ShouldNotBeNull();

            File.Exists(Path.Combine(aside, "region", "identity.json")).ShouldBeTrue();
            Directory.Exists(Path.Combine(aside, "guards")).ShouldBeTrue();
            Directory.Exists(directory.RegionHome("sa-east-1")).ShouldBeFalse();
            aside.ShouldStartWith(Path.Combine(root.FullName, "removed", "sa-east-1-"));
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }
}
