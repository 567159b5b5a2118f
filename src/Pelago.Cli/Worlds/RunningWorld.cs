using Pelago.Client;
using Pelago.Drills;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>A recorded world and how to reach what runs of it.</summary>
/// <param name="directory">Its data directory.</param>
/// <param name="world">What <c>world.json</c> says.</param>
/// <param name="time">Clock.</param>
internal sealed class RunningWorld(WorldDirectory directory, WorldRecord world, TimeProvider time)
{
    private static readonly TimeSpan ControlTimeout = TimeSpan.FromSeconds(60);

    public WorldDirectory Directory { get; } = directory;

    public WorldRecord World { get; } = world;

    public TimeProvider Time => time;

    /// <summary>Opens a recorded world.</summary>
    /// <exception cref="PelagoException">PLG1101 when there is none.</exception>
    public static RunningWorld Open(WorldDirectory directory, TimeProvider time)
        => new(directory, directory.Read(), time);

    /// <summary>The supervisor's process, or null when it is down.</summary>
    public ProcessIdentity? Supervisor => RoleProcesses.Find(Directory.SupervisorHome);

    /// <summary>What runs. It comes from the supervisor's record, so that it is right while the supervisor is
    /// down.</summary>
    public IReadOnlyDictionary<string, RoleReport> Roles()
        => States().Select(RoleReport.Of).ToDictionary(role => role.Name);

    /// <summary>The last process of every role, alive or not, by the role's name.</summary>
    public IReadOnlyDictionary<string, ProcessIdentity> Recorded()
        => States().ToDictionary(role => role.Name, role => new ProcessIdentity(role.Pid, role.StartTime));

    /// <summary>Whether its journals lie on PostgreSQL servers.</summary>
    public bool HasServers => World.Journal == JournalStores.Postgres;

    /// <summary>Every role with its home, in the order of starting.</summary>
    public IReadOnlyList<RoleSpec> RoleSpecs() =>
    [
        .. World.Regions.Where(_ => HasServers).Select(region => new RoleSpec(
            RoleNames.Server(region.Name), [], Directory.ServerHome(region.Name))),
        new RoleSpec(RoleNames.Wan, ["wan", "run"], Directory.WanHome),
        new RoleSpec(RoleNames.Federation, ["federation", "run"], Directory.FederationHome),
        .. World.Regions.Select(region => new RoleSpec(
            RoleNames.Region(region.Name), ["region", "run"], Directory.RegionHome(region.Name))),
    ];

    /// <summary>Calls of the supervisor.</summary>
    /// <exception cref="PelagoException">PLG1106 when it is down.</exception>
    public ControlClient SupervisorControl()
        => Supervisor is null
            ? throw new Failure(ErrorCodes.WorldNotRunning, Roles().Values.Any(role => role.Pid > 0)
                ? $"The supervisor of the world in '{Directory.Root}' is down; what it started goes on."
                : $"The world in '{Directory.Root}' is not running.",
                "Start it with 'pelago up'.").ToException()
            : SupervisorControl(ControlTimeout);

    /// <summary>Demands that something of it runs, be it without its supervisor.</summary>
    /// <exception cref="PelagoException">PLG1106 when nothing does.</exception>
    public void RequireRunning()
    {
        if (!Roles().Values.Any(role => role.Pid > 0))
            SupervisorControl().Dispose();
    }

    /// <summary>Calls of the supervisor, which may be starting.</summary>
    public ControlClient SupervisorControl(TimeSpan timeout)
        => Control("The supervisor", World.SupervisorPort, timeout);

    /// <summary>Calls of the wide area network emulator.</summary>
    public ControlClient WanControl() => WanControl(ControlTimeout);

    /// <summary>Calls of the wide area network emulator, which may be starting.</summary>
    public ControlClient WanControl(TimeSpan timeout)
        => Control("The wide area network", World.WanControlPort, timeout);

    /// <summary>The Execution API of a region.</summary>
    public RegionClient Region(RegionRecord region, TimeSpan timeout)
        => new(Api(WorldPlan.ExecutionApi(region), timeout), time);

    /// <summary>The Management API.</summary>
    public FederationClient Federation(TimeSpan timeout) => new(Api(WorldPlan.ManagementApi(World), timeout));

    /// <summary>The region of that name.</summary>
    /// <exception cref="PelagoException">PLG1203 when there is none.</exception>
    public RegionRecord RequireRegion(string name)
        => World.Regions.FirstOrDefault(region => region.Name == name) ?? throw UnknownRegion(name).ToException();

    /// <summary>What to say about a region that does not exist.</summary>
    public Failure UnknownRegion(string name)
    {
        var names = World.Regions.Select(region => region.Name).ToList();
        var nearest = Spelling.Nearest(name, names);
        return new Failure(ErrorCodes.RegionUnknown, $"region '{name}' does not exist.",
            $"{(nearest is null ? "" : $"Did you mean '{nearest}'? ")}Regions: {string.Join(", ", names)}.");
    }

    private IReadOnlyList<RoleState> States() => SupervisorMemory.Read(Directory.SupervisorHome);

    private ControlClient Control(string what, int port, TimeSpan timeout) => new(what, port,
        Directory.ReadAdminToken(), timeout, at => Ports.StrangerAt(at, Directory.Root));

    private ApiAddress Api(string address, TimeSpan timeout)
        => ApiAddress.FromFiles(address, Directory.TrustBundle, tokenFile: null) with
        {
            Token = Directory.ReadAdminToken(), Timeout = timeout,
        };
}
