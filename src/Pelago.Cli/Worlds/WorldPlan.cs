using Pelago.Drills;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Decides the names and ports of a new world, and derives from them what each role reads.</summary>
internal static class WorldPlan
{
    public const string Group = "local";
    public const int DefaultPortBase = 7400;
    public const int InstancePortCount = 40;

    /// <summary>Ports that a world of three regions spreads over, from its base.</summary>
    public const int PortSpan = 500;

    private const int ServerPortOffset = 70; // after the instances

    public static readonly IReadOnlyList<string> RegionNames = ["us-east-1", "eu-west-1", "ap-southeast-1"];

    private const string FederationHostname = "federation.pelago.localhost";

    public static string FederationPlatformHostname => FederationHostname;

    public static string FederationAppsHostname => $"apps.{FederationHostname}";

    public static string AppsHostname(string region) => $"{region}.apps.pelago.localhost";

    public static string PlatformHostname(string region) => $"{region}.platform.pelago.localhost";

    public static string ManagementApi(WorldRecord world)
        => $"https://api.{FederationHostname}:{world.ManagementApiPort}";

    public static string ExecutionApi(RegionRecord region)
        => $"https://api.{PlatformHostname(region.Name)}:{region.ExecutionApiPort}";

    /// <summary>Lays a world out from a base, stepping over ports that are taken.</summary>
    /// <param name="portBase">First port.</param>
    /// <param name="wan">Profile of the wide area network.</param>
    /// <param name="isFree">Whether a loopback port can be listened on.</param>
    /// <param name="journal">Where the journals lie: one of <see cref="JournalStores"/>.</param>
    /// <exception cref="PelagoException">PLG1105 when the space from the base is full.</exception>
    public static WorldRecord Create(
        int portBase, string wan, Func<int, bool> isFree, string journal = JournalStores.Sqlite)
    {
        var chosen = new HashSet<int>();
        int Take(int preferred)
        {
            for (var port = preferred; port < portBase + PortSpan; port++)
            {
                if (!chosen.Contains(port) && isFree(port))
                {
                    chosen.Add(port);
                    return port;
                }
            }
            throw new Failure(ErrorCodes.NoFreePort, $"No port from {preferred} to {portBase + PortSpan - 1} is free.",
                "Choose another base with --port-base.").ToException();
        }

        var (management, supervisor, wanControl) = (Take(portBase), Take(portBase + 1), Take(portBase + 2));
        var linkPort = portBase + 10;
        var links = Pairs(RegionNames).Select(pair => new LinkRecord(pair.From, pair.To, Take(linkPort++))).ToList();
        var regions = RegionNames.Select((name, index) =>
        {
            var first = portBase + 100 * (index + 1);
            // Instances choose within their own range at start; it is kept clear of everything that is fixed.
            chosen.UnionWith(Enumerable.Range(first + 30, InstancePortCount));
            return new RegionRecord(
                name, Take(first), Take(first + 10), Take(first + 20), Take(first + 25), first + 30, InstancePortCount)
            {
                ServerPort = journal == JournalStores.Postgres ? Take(first + ServerPortOffset) : 0,
            };
        }).ToList();
        return new WorldRecord(Group, portBase, wan, management, supervisor, wanControl, regions, links)
        {
            Journal = journal,
        };
    }

    /// <summary>Every fixed port with what it is for.</summary>
    public static IEnumerable<(int Port, string Role, string Purpose)> Ports(WorldRecord world)
    {
        yield return (world.SupervisorPort, RoleNames.Supervisor, "the supervisor's control interface");
        yield return (world.WanControlPort, RoleNames.Wan, "the wide area network's control interface");
        foreach (var link in world.Links)
            yield return (link.Port, RoleNames.Wan, $"the link {link.From} → {link.To}");
        yield return (world.ManagementApiPort, RoleNames.Federation, "the Management API");
        foreach (var region in world.Regions)
        {
            var role = RoleNames.Region(region.Name);
            yield return (region.ExecutionApiPort, role, $"the Execution API of {region.Name}");
            yield return (region.IngressPort, role, $"the ingress of {region.Name}");
            yield return (region.PublicPort, role, $"the public listener of {region.Name}");
            yield return (region.RemotingPort, role, $"replication of {region.Name}'s own entities");
            if (world.Journal == JournalStores.Postgres)
                yield return (region.ServerPort, RoleNames.Server(region.Name), $"PostgreSQL of {region.Name}");
        }
    }

    public static WanConfig Wan(WorldRecord world, string adminTokenSha256) => new(
        world.WanControlPort, adminTokenSha256, world.Wan,
        [.. world.Links.Select(l => new WanLink(l.From, l.To, l.Port, Endpoint.Loopback(PortOf(world, l.To))))]);

    public static FederationConfig Federation(WorldRecord world, WorldDirectory directory, string adminTokenSha256)
        => new(
        world.Group, FederationPlatformHostname, FederationAppsHostname, world.ManagementApiPort, adminTokenSha256,
        [.. world.Regions.Select(r => new RegionEnrolment(
            r.Name, AppsHostname(r.Name), PlatformHostname(r.Name), directory.EnrolmentTicket(r.Name)))]);

    public static RegionConfig Region(
        WorldRecord world, RegionRecord region, WorldDirectory directory, string adminTokenSha256)
        => new(
            world.Group, region.Name, AppsHostname(region.Name), PlatformHostname(region.Name), region.ExecutionApiPort,
            region.IngressPort, region.PublicPort, region.RemotingPort, region.FirstInstancePort,
            region.InstancePortCount,
            ManagementApi(world), Endpoint.Loopback(LinkPort(world, region.Name, LatencyMatrix.Federation)),
            directory.EnrolmentTicket(region.Name), adminTokenSha256,
            [.. world.Regions.Where(peer => peer.Name != region.Name).Select(peer => new PeerRegion(
                peer.Name, AppsHostname(peer.Name), PlatformHostname(peer.Name), peer.IngressPort,
                Endpoint.Loopback(LinkPort(world, region.Name, peer.Name))))])
        {
            GuardDirectory = directory.Guards(region.Name), Logs = world.Logs, Joins = region.Joins,
            Server = world.Journal != JournalStores.Postgres ? null : new ServerAccess(region.ServerPort,
                ServerHome.Administrator, new ServerHome(directory.ServerHome(region.Name)).PasswordFile),
        };

    /// <summary>Whether a record names each region once, has a link for every pair, and a port for every server, as
    /// everything here takes for granted.</summary>
    public static bool IsWhole(WorldRecord world)
    {
        var names = (world.Regions ?? []).Select(region => region?.Name ?? "").ToList();
        return names.Count > 0 && names.TrueForAll(name => name.Length > 0) && names.Distinct().Count() == names.Count
            && Pairs(names).All(pair => (world.Links ?? []).Count(link
                => link is not null && link.From == pair.From && link.To == pair.To) == 1)
            && JournalStores.IsKnown(world.Journal)
            && world.Regions!.All(region => region.ServerPort > 0 == (world.Journal == JournalStores.Postgres));
    }

    private static IEnumerable<(string From, string To)> Pairs(IReadOnlyList<string> regions)
        => from source in regions
           from target in regions.Append(LatencyMatrix.Federation)
           where source != target
           select (source, target);

    private static int PortOf(WorldRecord world, string end)
        => end == LatencyMatrix.Federation
            ? world.ManagementApiPort
            : world.Regions.Single(region => region.Name == end).IngressPort;

    private static int LinkPort(WorldRecord world, string from, string to)
        => world.Links.Single(link => link.From == from && link.To == to).Port;
}
