using System.Collections.Immutable;
using System.Globalization;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>What a region tells about itself.</summary>
internal sealed class RegionStatus(
    RegionConfig config, RegionPeers regions, ServiceCatalog catalog, InstanceTable table, ProgramStore programs,
    InstanceProbe probe, WorkloadHost workloads, Func<DateTimeOffset> certificatesEnd, RuntimeHealth runtime,
    ServiceAggregation aggregation, TimeProvider clock)
{
    private const int EndsThatTell = 3;

    /// <summary>Whether it knows what it is to serve: all of its resources have been read.</summary>
    public bool IsReadyToServe => catalog.Current.IsComplete;

    /// <summary>The region as <c>pelago status</c> shows it.</summary>
    public async Task<RegionView> ViewAsync(CancellationToken cancellationToken)
    {
        var snapshot = catalog.Current;
        var own = await runtime.DescribeAsync(cancellationToken);
        var instances = await AskAsync(cancellationToken);
        var services = snapshot.Services.Select(service => View(service, own.Peers, instances)).ToList();
        return new RegionView(
            config.Region,
            !snapshot.IsComplete ? "Starting" : !runtime.HasJoined ? "Joining"
                : services.All(s => s.State == "Ready") ? "Ready" : "Degraded",
            Https(Hostnames.Api(config.PlatformHostname), config.ExecutionApiPort),
            Https(Hostnames.Ingress(config.AppsHostname), config.IngressPort),
            Https(config.AppsHostname, config.PublicPort),
            config.AppsHostname, config.PlatformHostname, services, ReplicationOf([own, .. instances.Values]))
        {
            Parked = new ParkedView(own.ParkedCount, own.Parked),
            Trouble = own.Journal,
            Alarms = own.Alarms,
        };
    }

    /// <summary>How the peers are heard of by the region's own entities.</summary>
    public async ValueTask<IReadOnlyList<PeerReplication>> HeardAsync(CancellationToken cancellationToken)
        => (await runtime.DescribeAsync(cancellationToken)).Peers;

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
        if (!runtime.HasJoined)
            checks.Add(new HealthCheck("membership", false, "The region is not a member of its group, or not yet."));
        foreach (var service in snapshot.Services.Where(s => s.Spec.Public))
        {
            var ready = InstancesOf(service).Any(IsReady);
            checks.Add(new HealthCheck($"service {service.Key}", ready, ready ? "" : "No instance is ready."));
        }
        var own = await runtime.DescribeAsync(cancellationToken);
        var instances = await AskAsync(cancellationToken);
        return new RegionHealth(checks.All(c => c.Healthy), checks, ReplicationOf([own, .. instances.Values]));
    }

    /// <summary>Whether the region has a service of that name.</summary>
    public bool Has(string project, string name)
        => catalog.Current.Services.Any(s => s.Project == project && s.Service == name);

    /// <summary>A document of an instance's inspection interface, or null when no instance of the service
    /// answers.</summary>
    /// <param name="key"><c>project/name</c>.</param>
    /// <param name="path">Path and query on the management listener; made here, never taken from a caller.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<string?> InspectAsync(string key, string path, CancellationToken cancellationToken)
        => ReadyInstanceOf(key) is { } instance
            ? await probe.InspectAsync(instance, path, cancellationToken)
            : null;

    /// <summary>An instance of the service that takes requests; null when there is none.</summary>
    /// <param name="key"><c>project/name</c>.</param>
    public InstanceState? ReadyInstanceOf(string key)
        => table.Instances.Values.FirstOrDefault(i => i.Key == key && IsReady(i));

    /// <summary>What the running instances are made with.</summary>
    public async Task<IReadOnlyList<InstanceProgram>> ProgramsAsync(CancellationToken cancellationToken)
        => await Task.WhenAll(table.Instances.Values.Where(IsReady).Select(async i => new InstanceProgram(
            i.Key, i.Id, await probe.VersionOfAsync(i, cancellationToken))));

    /// <summary>How the services are here, for the other regions; null until all resources have been read.</summary>
    public ImmutableSortedDictionary<string, ServiceReported>? Reports()
    {
        var snapshot = catalog.Current;
        return !snapshot.IsComplete ? null : snapshot.Services.ToImmutableSortedDictionary(s => s.Key, s =>
        {
            var (state, message) = StateOf(s);
            return new ServiceReported(state, message, s.Generation, s.Spec.Artifact);
        }, StringComparer.Ordinal);
    }

    /// <summary>Where a service is in its life here, and why it is not ready.</summary>
    public (string State, string? Message) StateOf(DesiredService service)
    {
        var instances = InstancesOf(service).ToList();
        if (instances.Any(i => IsReady(i) && i.Revision == service.Revision))
            return ("Ready", null);
        var why = workloads.Troubles.Of(service);
        var trouble = why?.Message;
        // One that says why it ends fails at once; one that ends without a word, or cannot start, after some tries.
        if (why is not null && workloads.Troubles.RestartsOf(service) is { } restarts
            && (restarts.Ends >= EndsThatTell || why is { Said: not null, Revision: not null }))
            return ("Failing", trouble);
        if (programs.Find(service.Spec.Artifact) is null)
            return ("Fetching", trouble ?? "The artifact is on its way.");
        if (instances.Count == 0)
            return ("Restarting", trouble ?? "The instance is about to be started.");
        return instances.Any(i => i.Revision != service.Revision)
            ? ("Stopping", "The instance of the earlier revision is stopping.")
            : ("Starting", trouble ?? "The instance is not ready yet.");
    }

    /// <summary>The status of a service resource over all regions, as far as this one has heard.</summary>
    public ServiceStatus ResourceStatusOf(KnownService known, IReadOnlyList<PeerReplication> heard)
    {
        var spec = known.State.ToSpec();
        var service = new DesiredService(known.Project, known.Name, spec, ServiceVersions.RevisionOf(spec))
        {
            Generation = known.State.Generation,
        };
        return ServiceAggregation.ToStatus(service.Generation, Everywhere(service, heard));
    }

    private IReadOnlyList<ServiceRegionView> Everywhere(DesiredService service, IReadOnlyList<PeerReplication> heard)
    {
        var (state, message) = StateOf(service);
        var own = new ServiceRegionView(config.Region, state, message, service.Generation, clock.GetUtcNow());
        return aggregation.Of(own, service.Project, service.Service, heard);
    }

    private ServiceView View(
        DesiredService service, IReadOnlyList<PeerReplication> heard,
        Dictionary<string, InstanceReplication> instances)
    {
        var (state, message) = StateOf(service);
        var said = InstancesOf(service).Select(i => instances.GetValueOrDefault(i.Id)).OfType<InstanceReplication>()
            .ToList();
        var url = service.Spec.Public
            ? Https(Hostnames.Generated(service.Service, service.Project, config.AppsHostname), config.PublicPort)
                : null;
        return new ServiceView(service.Project, service.Service, state, url, service.Spec.Artifact, message,
            [.. InstancesOf(service).Where(i => i.Process.Pid > 0)
                .Select(i => new InstanceView(i.Id, i.Process.Pid, IsReady(i), i.Url, i.ManagementUrl))])
        {
            Regions = Everywhere(service, heard),
            Parked = new ParkedView(
                said.Sum(r => r.ParkedCount), [.. said.SelectMany(r => InstanceWords.Of(r.Parked))]),
            Trouble = state == "Ready"
                ? said.Where(r => r.Journal is not null).Select(r => InstanceWords.Of(r.Journal!)).FirstOrDefault()
                : workloads.Troubles.Of(service)?.Said,
            Alarms = InstanceWords.Of(said.SelectMany(r => r.Alarms)),
            Restarts = state == "Ready" ? null : workloads.Troubles.RestartsOf(service),
        };
    }

    /// <summary>What the instances that answer say of their replicas, by instance.</summary>
    private async Task<Dictionary<string, InstanceReplication>> AskAsync(CancellationToken cancellationToken)
    {
        var asked = await Task.WhenAll(table.Instances.Values.Where(IsReady).Select(async i
            => (i.Id, Answer: await probe.ReplicationOfAsync(i, cancellationToken))));
        return asked.Where(a => a.Answer is not null).ToDictionary(a => a.Id, a => a.Answer!, StringComparer.Ordinal);
    }

    /// <summary>The worst of each peer over the region's own entities and its services': what a reader wants to know is
    /// how far the slowest is.</summary>
    private IReadOnlyList<PeerReplication> ReplicationOf(IReadOnlyList<InstanceReplication> replicas)
    {
        var all = replicas.SelectMany(r => r.Peers).ToLookup(p => p.Peer, StringComparer.Ordinal);
        return [.. regions.Current.Select(p => p.Name).Order(StringComparer.Ordinal)
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
