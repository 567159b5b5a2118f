using Pelago.Client;

namespace Pelago.Cli;

/// <summary><c>pelago status -o json</c>: the map of a world for scripts. Members are only ever added.</summary>
internal sealed record StatusDocument(
    string Group,
    string World,
    ProcessStatus Supervisor,
    ProcessStatus Wan,
    FederationStatus Federation,
    IReadOnlyList<TrafficStatus> Traffic,
    IReadOnlyList<RegionStatus> Regions,
    IReadOnlyList<DatabaseStatus> Databases,
    string TrustBundle,
    string AdminToken)
{
    /// <summary>Every service in every region, as the first region that answers has heard of it.</summary>
    public IReadOnlyList<ServiceSummary> Services { get; init; } = [];

    /// <summary>The PostgreSQL servers of the journals; none where these lie in files.</summary>
    public IReadOnlyList<ServerStatus> Servers { get; init; } = [];
}

/// <summary>A service over all regions.</summary>
/// <param name="Project">Its project.</param>
/// <param name="Name">Its name.</param>
/// <param name="SeenFrom">The region that was asked.</param>
/// <param name="Regions">How it is in each region.</param>
internal sealed record ServiceSummary(
    string Project, string Name, string SeenFrom, IReadOnlyList<ServiceRegionView> Regions);

/// <summary>What a region is to its group.</summary>
/// <param name="State"><c>Member</c>, <c>Joining</c>, <c>Removed</c>; <c>Changing</c> while the services do not have
/// what the region group has decided, <c>None</c> for one that was never added, <c>Unknown</c> when no region
/// answers.</param>
/// <param name="Votes">It has a vote on registers.</param>
/// <param name="Held">While it joins: events of the region's own group that it holds, of those that count.</param>
/// <param name="Wanted">How many count.</param>
/// <param name="Epoch">Of the region group's configuration.</param>
/// <param name="SeenFrom">The region that was asked; null when none answers.</param>
internal sealed record RegionMembership(
    string State, bool Votes, ulong Held, ulong Wanted, ulong Epoch, string? SeenFrom);

/// <summary>A process; no pid while it is down.</summary>
internal sealed record ProcessStatus(string State, int? Pid);

/// <summary>The federation plane.</summary>
internal sealed record FederationStatus(string State, int? Pid, string ManagementApi);

/// <summary>A region's PostgreSQL server.</summary>
/// <param name="Region">Whose journals lie on it.</param>
/// <param name="State"><c>Ready</c>, <c>Starting</c> while it does not answer, <c>Failing</c> when it answers and takes
/// no journals, <c>Down</c> or <c>Stopped</c>.</param>
/// <param name="Pid">Its first process.</param>
/// <param name="Address">Where it listens.</param>
internal sealed record ServerStatus(string Region, string State, int? Pid, string Address)
{
    /// <summary>Its version; null when it does not say.</summary>
    public string? Version { get; init; }

    /// <summary>Why journals cannot be written on it, or null.</summary>
    public TroubleView? Trouble { get; init; }

    /// <summary>How often it was started again.</summary>
    public int Restarts { get; init; }
}

/// <summary>A traffic node. A world of this version has none.</summary>
internal sealed record TrafficStatus(string Name, int? Pid, string State, string Dns, string Http, string Https);

/// <summary>A database cluster. A world of this version has none.</summary>
internal sealed record DatabaseStatus(string Project, string Name, string Primary, long Epoch);

/// <summary>A region: what its own process says, and its pid. One that is down has no services to show.</summary>
internal sealed record RegionStatus(
    string Name,
    string State,
    int? Pid,
    string ExecutionApi,
    string Ingress,
    string Public,
    string AppsHostname,
    string PlatformHostname,
    IReadOnlyList<ServiceView> Services,
    IReadOnlyList<PeerReplication> Replication)
{
    /// <summary>One sentence on why it is not ready, or null.</summary>
    public string? Message { get; init; }

    /// <summary>What its last process ended with, while it does not serve; or what keeps part of its own journal from
    /// being used.</summary>
    public TroubleView? Trouble { get; init; }

    /// <summary>How often its process was started again.</summary>
    public int Restarts { get; init; }

    /// <summary>What it is to its group; null where nobody has asked (<c>regions list</c> does).</summary>
    public RegionMembership? Membership { get; init; }

    /// <summary>Parked entities of its own; those of a service are the service's.</summary>
    public ParkedView Parked { get; init; } = ParkedView.None;

    /// <summary>What its own replica was alarmed about; alarms of a service are the service's.</summary>
    public IReadOnlyList<AlarmView> Alarms { get; init; } = [];
}

/// <summary>Words for states of processes and planes.</summary>
internal static class States
{
    public const string Ready = "Ready";
    public const string Running = "Running";
    public const string Starting = "Starting";
    public const string Failing = "Failing";
    public const string Stopped = "Stopped";
    public const string Down = "Down";
    public const string Unreachable = "Unreachable";
    public const string Live = "Live";
}
