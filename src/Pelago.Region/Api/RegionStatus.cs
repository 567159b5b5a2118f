using System.Globalization;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>What a region tells about itself.</summary>
internal sealed class RegionStatus(
    RegionConfig config, ServiceCatalog catalog, InstanceTable table, ProgramStore programs, InstanceProbe probe,
    WorkloadHost workloads, Func<DateTimeOffset> certificatesEnd, RuntimeHealth runtime, TimeProvider clock)
{
    /// <summary>The region as <c>pelago status</c> shows it.</summary>
    public async Task<RegionView> ViewAsync(CancellationToken cancellationToken)
    {
        var snapshot = catalog.Current;
        var services = snapshot.Services.Select(View).ToList();
        return new RegionView(
            config.Region,
            !snapshot.IsComplete ? "Starting" : services.All(s => s.State == "Ready") ? "Ready" : "Degraded",
            Https(Hostnames.Api(config.PlatformHostname), config.ExecutionApiPort),
            Https(Hostnames.Ingress(config.AppsHostname), config.IngressPort),
            Https(config.AppsHostname, config.PublicPort),
            config.AppsHostname, config.PlatformHostname, services, await ReplicationAsync(cancellationToken));
    }

    /// <summary>Whether users may be sent here. Peers are reported and never decide.</summary>
    public async Task<RegionHealth> CheckHealthAsync(CancellationToken cancellationToken)
    {
        var trouble = await runtime.TroubleAsync(cancellationToken);
        var valid = certificatesEnd() > clock.GetUtcNow();
        var checks = new List<HealthCheck>
        {
            new("journal", trouble is null, trouble ?? ""),
            new("certificates", valid, valid ? "" : "A certificate that the region serves with has ended."),
        };
        var snapshot = catalog.Current;
        if (!snapshot.IsComplete)
            checks.Add(new HealthCheck("resources", false, "The region's resources are still being read."));
        foreach (var service in snapshot.Services.Where(s => s.Spec.Public))
        {
            var ready = InstancesOf(service).Any(IsReady);
            checks.Add(new HealthCheck($"service {service.Key}", ready, ready ? "" : "No instance is ready."));
        }
        return new RegionHealth(checks.All(c => c.Healthy), checks, await ReplicationAsync(cancellationToken));
    }

    /// <summary>Digests of a service's entities as an instance gives them, or null.</summary>
    public async Task<string?> DigestsOfAsync(string key, CancellationToken cancellationToken)
        => table.Instances.Values.FirstOrDefault(i => i.Key == key && IsReady(i)) is { } instance
            ? await probe.InspectAsync(instance, "/v1/digests", cancellationToken)
            : null;

    /// <summary>Where a service is in its life here, and why it is not ready.</summary>
    public (string State, string? Message) StateOf(DesiredService service)
    {
        var instances = InstancesOf(service).ToList();
        if (instances.Any(i => IsReady(i) && i.Revision == service.Revision))
            return ("Ready", null);
        var trouble = workloads.TroubleOf(service.Key);
        if (programs.Find(service.Spec.Artifact) is null)
            return ("Fetching", trouble ?? "The artifact is on its way.");
        if (instances.Count == 0)
            return ("Restarting", trouble ?? "The instance is about to be started.");
        return instances.Any(i => i.Revision != service.Revision)
            ? ("Stopping", "The instance of the earlier revision is stopping.")
            : ("Starting", trouble ?? "The instance is not ready yet.");
    }

    /// <summary>The status of a service resource, as far as this region knows it.</summary>
    public ServiceStatus ResourceStatusOf(KnownService known)
    {
        var spec = known.State.ToSpec();
        var (state, message) = StateOf(new DesiredService(known.Project, known.Name, spec,
            ServiceVersions.RevisionOf(spec)));
        IReadOnlyList<ResourceCondition> conditions =
        [
            new("Synced", "True", "Received", ""),
            new("Ready", state == "Ready" ? "True" : "False", state, message ?? ""),
        ];
        return new ServiceStatus(known.State.Generation, conditions,
            [new Model.RegionStatus(config.Region, known.State.Generation, conditions)]);
    }

    private ServiceView View(DesiredService service)
    {
        var (state, message) = StateOf(service);
        var url = service.Spec.Public
            ? Https(Hostnames.Generated(service.Service, service.Project, config.AppsHostname), config.PublicPort)
                : null;
        return new ServiceView(service.Project, service.Service, state, url, service.Spec.Artifact, message,
            [.. InstancesOf(service).Where(i => i.Process.Pid > 0)
                .Select(i => new InstanceView(i.Id, i.Process.Pid, IsReady(i), i.Url, i.ManagementUrl))]);
    }

    /// <summary>The worst of each peer over the region's own entities and its services': what a reader wants to know is
    /// how far the slowest is.</summary>
    private async Task<IReadOnlyList<PeerReplication>> ReplicationAsync(CancellationToken cancellationToken)
    {
        var instances = table.Instances.Values.Where(IsReady).ToList();
        var asked = await Task.WhenAll(instances.Select(i => probe.ReplicationOfAsync(i, cancellationToken)));
        var all = asked.OfType<InstanceReplication>().SelectMany(r => r.Peers)
            .Concat(await runtime.ReplicationAsync(cancellationToken)).ToLookup(p => p.Peer, StringComparer.Ordinal);
        return [.. config.Peers.Select(p => p.Name).Order(StringComparer.Ordinal)
            .Select(name => Worst(name, [.. all[name]]))];
    }

    private static PeerReplication Worst(string peer, PeerReplication[] seen)
        => seen.Length == 0
            ? new PeerReplication(peer, "Down", null, 0, "none")
            : seen.MaxBy(Rank)! with
            {
                BehindEvents = seen.Sum(s => s.BehindEvents),
                LagMs = seen.Any(s => s.LagMs is null) ? null : seen.Max(s => s.LagMs),
            };

    private static int Rank(PeerReplication replication) => replication.State switch
    {
        "Live" => 0,
        "CatchingUp" => 1,
        _ => 2,
    };

    private IEnumerable<InstanceState> InstancesOf(DesiredService service)
        => table.Instances.Values.Where(i => i.Key == service.Key);

    private bool IsReady(InstanceState instance) => probe.Of(instance.Id)?.Ready == true && instance.Process.IsAlive;

    private static string Https(string host, int port)
        => string.Create(CultureInfo.InvariantCulture, $"https://{host}:{port}");
}
