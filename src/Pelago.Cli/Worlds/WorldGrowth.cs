using Pelago.Drills;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>The record of a world with one region more, or one fewer. Ports of the others stay.</summary>
internal static class WorldGrowth
{
    private const int MaxRegions = 16; // as many members as a group has
    private const int BlockPorts = 100;
    private const int ServerOffset = 70; // as in the plan of a new world
    private const int LinkOffset = 71;
    private const int InstanceOffset = 30;
    private const int OwnPorts = 4;
    private const int LastPort = 65_535;

    /// <summary>Adds a region, in the first block of a hundred ports that the world does not use and that has enough
    /// free ones.</summary>
    /// <param name="world">The record; it does not name the region.</param>
    /// <param name="name">The region.</param>
    /// <param name="isFree">Whether a loopback port can be listened on.</param>
    /// <exception cref="PelagoException">PLG1105 when there is no such block.</exception>
    public static WorldRecord With(WorldRecord world, string name, Func<int, bool> isFree)
    {
        var used = WorldPlan.Ports(world).Select(p => p.Port)
            .Concat(world.Regions.SelectMany(r => Enumerable.Range(r.FirstInstancePort, r.InstancePortCount)))
            .ToHashSet();
        var last = world.PortBase + (BlockPorts * (MaxRegions + 1));
        for (var first = world.PortBase + BlockPorts; first <= Math.Min(last, LastPort - BlockPorts);
            first += BlockPorts)
        {
            if (!Enumerable.Range(first, BlockPorts).Any(used.Contains)
                && TryWith(world, name, first, isFree) is { } grown)
                return grown;
        }
        throw new Failure(ErrorCodes.NoFreePort,
            $"There are no hundred ports from {world.PortBase} to {last} of which enough are free.",
            "End programs that use them, then add the region again.").ToException();
    }

    /// <summary>Takes a region out of the record, with its links.</summary>
    public static WorldRecord Without(WorldRecord world, string name) => world with
    {
        Regions = [.. world.Regions.Where(r => r.Name != name)],
        Links = [.. world.Links.Where(l => l.From != name && l.To != name)],
    };

    /// <summary>The same, with a region that is on its way out, or is not after all.</summary>
    public static WorldRecord Leaving(WorldRecord world, string name, bool leaves) => world with
    {
        Regions = [.. world.Regions.Select(r => r.Name == name ? r with { Leaves = leaves } : r)],
    };

    private static WorldRecord? TryWith(WorldRecord world, string name, int first, Func<int, bool> isFree)
    {
        (string From, string To)[] pairs =
        [
            .. world.Regions.SelectMany(r => new[] { (r.Name, name), (name, r.Name) }),
            (name, LatencyMatrix.Federation),
        ];
        var own = new Queue<int>(Enumerable.Range(first, InstanceOffset).Where(isFree));
        var links = new Queue<int>(Enumerable.Range(first + LinkOffset, BlockPorts - LinkOffset).Where(isFree)
            .Concat(own.Skip(OwnPorts)));
        var server = world.Journal == JournalStores.Postgres ? first + ServerOffset : 0;
        if (own.Count < OwnPorts || links.Count < pairs.Length || (server > 0 && !isFree(server)))
            return null;
        return world with
        {
            Regions =
            [
                .. world.Regions,
                new RegionRecord(name, own.Dequeue(), own.Dequeue(), own.Dequeue(), own.Dequeue(),
                    first + InstanceOffset, WorldPlan.InstancePortCount)
                {
                    ServerPort = server, Joins = true,
                },
            ],
            Links = [.. world.Links, .. pairs.Select(p => new LinkRecord(p.From, p.To, links.Dequeue()))],
        };
    }
}
