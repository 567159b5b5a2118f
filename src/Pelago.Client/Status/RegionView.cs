using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pelago.Client;

/// <summary>A region as <c>GET /v1/status</c> of its Execution API shows it (bearer: the administrator's token). The
/// members are those of a region in <c>pelago status -o json</c>.</summary>
/// <param name="Name">Region name.</param>
/// <param name="State"><c>Ready</c>; <c>Degraded</c> when a service is not ready; <c>Joining</c> while it does
/// not have what the others had when it was added; <c>Starting</c>.</param>
/// <param name="ExecutionApi">URL of the Execution API.</param>
/// <param name="Ingress">URL of the inter-region ingress.</param>
/// <param name="Public">URL of the public listener.</param>
/// <param name="AppsHostname">Name under which services and users' addresses are.</param>
/// <param name="PlatformHostname">Name under which the platform's addresses are.</param>
/// <param name="Services">Services that should run here, ordered by project and name.</param>
/// <param name="Replication">How far each peer's events have come, all services taken together, ordered by
/// peer.</param>
public sealed record RegionView(
    string Name,
    string State,
    string ExecutionApi,
    string Ingress,
    string Public,
    string AppsHostname,
    string PlatformHostname,
    IReadOnlyList<ServiceView> Services,
    IReadOnlyList<PeerReplication> Replication)
{
    /// <summary>Parked entities of the region's own: its services as resources, and what it knows of them
    /// elsewhere.</summary>
    public ParkedView Parked { get; init; } = ParkedView.None;

    /// <summary>What keeps part of the region's own journal from being used, or null.</summary>
    public TroubleView? Trouble { get; init; }

    /// <summary>What its own entities' replica was alarmed about since the region's process began, one entry a
    /// kind.</summary>
    public IReadOnlyList<AlarmView> Alarms { get; init; } = [];
}

/// <summary>A service in a region.</summary>
/// <param name="Project">Its project.</param>
/// <param name="Name">Its name.</param>
/// <param name="State"><c>Ready</c>, <c>Starting</c>, <c>Fetching</c> (its artifact is on the way), <c>Restarting</c>
/// (it ended, the next start waits), <c>Failing</c> (it ends soon after each start and said why) or
/// <c>Stopping</c>.</param>
/// <param name="Url">Its generated public address; where it is not public, null.</param>
/// <param name="Artifact">Digest of its program.</param>
/// <param name="Message">One sentence on why it is not ready; null when it is.</param>
/// <param name="Instances">Its processes here.</param>
public sealed record ServiceView(
    string Project,
    string Name,
    string State,
    string? Url,
    string Artifact,
    string? Message,
    IReadOnlyList<InstanceView> Instances)
{
    /// <summary>How the service is in every region of the group, this one included, as this one has heard; ordered by
    /// name.</summary>
    public IReadOnlyList<ServiceRegionView> Regions { get; init; } = [];

    /// <summary>Its parked entities here.</summary>
    public ParkedView Parked { get; init; } = ParkedView.None;

    /// <summary>Why it is not ready, or what keeps part of its journal from being used while it is; null when nothing
    /// is known.</summary>
    public TroubleView? Trouble { get; init; }

    /// <summary>What its replica here was alarmed about since its process began, one entry a kind.</summary>
    public IReadOnlyList<AlarmView> Alarms { get; init; } = [];

    /// <summary>Its early ends; null when the last start went well.</summary>
    public RestartView? Restarts { get; init; }
}

/// <summary>A service in some region, as another one has heard. It came through replication, not by asking.</summary>
/// <param name="Region">The region.</param>
/// <param name="State">As in <see cref="ServiceView"/>; <c>Unknown</c> while the region is not heard of, or before it
/// said anything.</param>
/// <param name="Message">One sentence on why it is not ready; null when it is.</param>
/// <param name="ObservedGeneration">Generation of the resource that it acted on; 0 before it said anything.</param>
/// <param name="ReportedAt">When it said so, by its own clock; null before it said anything.</param>
public sealed record ServiceRegionView(
    string Region, string State, string? Message, long ObservedGeneration, DateTimeOffset? ReportedAt);

/// <summary>A running instance.</summary>
/// <param name="Id">Instance id.</param>
/// <param name="Pid">Process id.</param>
/// <param name="Ready">Whether it says that it is ready.</param>
/// <param name="Url">Application on loopback.</param>
/// <param name="Management">Health and inspection on loopback.</param>
public sealed record InstanceView(string Id, int Pid, bool Ready, string Url, string Management);

/// <summary>Health of a region as <c>GET /healthz</c> shows it: 200 when <see cref="Healthy"/>, else 503.</summary>
/// <param name="Healthy">Every check passed.</param>
/// <param name="Checks">Each check; peers are not among them.</param>
/// <param name="Peers">For information: a region without its peers goes on serving.</param>
public sealed record RegionHealth(
    bool Healthy, IReadOnlyList<HealthCheck> Checks, IReadOnlyList<PeerReplication> Peers);

/// <summary>One check.</summary>
/// <param name="Name"><c>journal</c>, <c>certificates</c>, <c>resources</c>, <c>membership</c> (the last two only
/// when they fail), or <c>service PROJECT/NAME</c>.</param>
/// <param name="Healthy">Whether it passed.</param>
/// <param name="Detail">One sentence when it did not, else empty.</param>
public sealed record HealthCheck(string Name, bool Healthy, string Detail);

/// <summary>How messages of the Execution API's own addresses are written.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RegionView))]
[JsonSerializable(typeof(RegionHealth))]
public sealed partial class RegionJson : JsonSerializerContext;
