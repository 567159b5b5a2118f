using Pelago.Cli;
using Pelago.Model;

namespace Pelago.Tests.Unit;

public sealed class WorldPlanTests
{
    [Fact]
    public void Create_AllPortsFree_FollowsTheLayout()
    {
        var world = WorldPlan.Create(7400, "aws", _ => true);
        world.ManagementApiPort.ShouldBe(7400);
        world.Regions.Select(region => region.Name).ShouldBe(["us-east-1", "eu-west-1", "ap-southeast-1"]);
        var first = world.Regions[0];
        (first.ExecutionApiPort, first.IngressPort, first.PublicPort, first.FirstInstancePort)
            .ShouldBe((7500, 7510, 7520, 7530));
        world.Links.Count.ShouldBe(9, "each region reaches two peers and the federation plane");
    }

    [Fact]
    public void Create_SomePortsTaken_StepsOverThemAndNeverUsesOneTwice()
    {
        var taken = new HashSet<int> { 7400, 7401, 7500, 7510, 7511, 7410 };
        var world = WorldPlan.Create(7400, "none", port => !taken.Contains(port));
        var ports = WorldPlan.Ports(world).Select(entry => entry.Port).ToList();
        ports.ShouldBeUnique();
        ports.ShouldAllBe(port => !taken.Contains(port));
        world.Regions[0].ExecutionApiPort.ShouldBe(7501);
        foreach (var region in world.Regions)
        {
            var instances = Enumerable.Range(region.FirstInstancePort, region.InstancePortCount);
            ports.Intersect(instances).ShouldBeEmpty();
        }
    }

    [Fact]
    public void Create_NothingFree_SaysSo()
        => Should.Throw<PelagoException>(() => WorldPlan.Create(7400, "aws", _ => false)).Failure.Error
            .ShouldBe(ErrorCodes.NoFreePort);

    [Fact]
    public void Configurations_OfOneWorld_FitTogether()
    {
        var world = WorldPlan.Create(7400, "aws", _ => true);
        var directory = WorldDirectory.At("/tmp/world");
        var wan = WorldPlan.Wan(world, "hash");
        foreach (var region in world.Regions)
        {
            var config = WorldPlan.Region(world, region, directory, "hash");
            foreach (var peer in config.Peers)
            {
                var link = wan.Links.Single(l => l.From == region.Name && l.To == peer.Name);
                peer.IngressConnect.Port.ShouldBe(link.ListenPort, "peers are reached through the network only");
                link.Target.Port.ShouldBe(peer.IngressPort);
            }
            var home = wan.Links.Single(l => l.From == region.Name && l.To == "federation");
            config.FederationConnect.Port.ShouldBe(home.ListenPort);
            home.Target.Port.ShouldBe(world.ManagementApiPort);
        }
        WorldPlan.Federation(world, directory, "hash").Regions.Select(r => r.TokenFile)
            .ShouldBe(world.Regions.Select(r => directory.EnrolmentTicket(r.Name)));
    }
}
