using System.Buffers.Binary;
using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Pelago.Api;
using Pelago.Client;
using Pelago.Entities;
using Pelago.Ingress;
using Pelago.Journal;
using Pelago.Model;
using Pelago.Pki;
using Pelago.Replication;

namespace Pelago.Region;

/// <summary>A region's process: its identity, the Execution API, the ingress, the region's own entities, and the
/// instances that it keeps running. Told to stop (or killed), it leaves the instances running: the next process adopts
/// them.</summary>
public static class RegionHost
{
    // Who stops a region waits ten seconds for it, and replication streams do not end by themselves.
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(2);

    /// <summary>Runs until it is told to stop.</summary>
    /// <param name="home">Its home directory, with <c>config.json</c>.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="PelagoException">Its configuration, keys or state cannot be used, or a port is
    /// taken.</exception>
    public static async Task RunAsync(string home, CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(new RegionHome(home), new Lifetimes(), TimeProvider.System, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            var failure = Failure.In(e) ?? new Failure(
                ErrorCodes.Unexpected, $"The region's process failed: {e.GetType().Name}.", "Its log says more.");
            new RoleFailure(TimeProvider.System.GetUtcNow(), TroubleView.Of(failure)).Write(home);
            throw;
        }
    }

    /// <summary>The ground to stand on: 1. configuration, keys and identity (waits for the federation plane the first
    /// time only), 2. certificates, 3. everything that serves.</summary>
    internal static async Task RunAsync(
        RegionHome home, Lifetimes lifetimes, TimeProvider clock, CancellationToken cancellationToken)
    {
        // 1.
        var config = home.ReadConfig();
        home.Prepare();
        using var logging = RoleLogging.Create();
        var log = logging.CreateLogger("Pelago.Region");
        using var kek = KeyEncryptionKey.OpenFile(home.SealingKeyFile, home.Keys);
        var keys = new SealedKeyFiles(home.Keys, kek);
        var parts = new IdentityParts(
            home, config, kek, keys, TrustStore.Open(home.BundleFile), new FederationLink(config, clock), lifetimes,
            new IssuanceLog(home.IssuanceFile), clock, log);
        var identity = await RegionIdentity.OpenAsync(parts, cancellationToken);

        // 2.
        await using var apiCertificate = await PinnedCertificate.StartAsync(
            () => identity.Authority, Hostnames.Api(config.PlatformHostname), keys, clock, log, cancellationToken);
        var ownName = new ServiceHostname(
            InstancesToIngress.OwnService, InstancesToIngress.OwnProject, config.AppsHostname);
        var grant = new LeafGrant(ownName.Value, LeafUse.Client, "the region's own service");
        await using var ownLeaf = await RenewingCertificate.StartAsync(
            new LocalLeafIssuer(() => identity.Authority, grant), new RenewalOptions(), clock, cancellationToken);

        // 3.
        var ground = new Ground(home, config, kek, identity, apiCertificate, ownLeaf, ownName, clock, logging, log)
        {
            Server = config.Server is not { } access ? null
                : new RegionServer(home, config, access, new ServerPasswords(home.Keys, kek), clock, log),
        };
        await ServeAsync(ground, cancellationToken);
        Log.Stopped(log);
    }

    /// <summary>Starts in the order in which the parts need each other: 1. the region's own entities, 2. instances, 3.
    /// ingress, 4. the Execution API, last, because its answer means "ready". Stops in the opposite order.</summary>
    private static async Task ServeAsync(Ground ground, CancellationToken cancellationToken)
    {
        var (home, config, kek, identity, apiCertificate, ownLeaf, ownName, clock, logging, log) = ground;
        var (check, catalog) = (new IdentityCheck(() => identity.Trust.Current, clock), new ServiceCatalog());
        // 1.
        var peers = new PeerConnections(ground.Regions, () => ownLeaf.Current, check, clock);
        var watch = new JournalWatch();
        await using var runtime = await StartRuntimeAsync(ground, peers, watch, cancellationToken);
        var resources = new ServiceResources(runtime, catalog, clock, log);
        var reports = new ServiceReports(runtime, config.Region, clock, log);
        watch.Watcher = (Action<EntityKey, ulong>)resources.OnAppended + reports.OnAppended;
        var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var access = new ReplicationAccess(secret, ownName.Service, ownName.Project, () => ground.Regions.Current);
        var store = new ArtifactStore(home.Artifacts, new ArtifactLimits());
        var artifacts = new ArtifactEndpoints(store);
        await using var streams = InternalListeners.Streams(config.RemotingPort, runtime, access, logging);
        await using var files = InternalListeners.Artifacts(artifacts, access, logging);
        await Task.WhenAll(streams.StartAsync(cancellationToken), files.StartAsync(cancellationToken));

        // 2.
        var table = InstanceTable.Open(home);
        await EndStraysAsync(home, table, clock, log, cancellationToken);
        var programs = new ProgramStore(home.Programs, store, new ArtifactLimits());
        using var probe = new InstanceProbe(clock);
        var starter = new InstanceStarter(home, config, programs, table, kek, () => apiCertificate.Pin, clock);
        var workloads = new WorkloadHost(
            catalog, table, programs, starter, probe, new PeerArtifacts(ground.Regions, peers, store), clock, log);

        // 3.
        await using var certificates = new PkiToIngress(() => identity.Authority, check, clock);
        var own = new OwnUpstream(InternalListeners.AddressOf(files), InternalListeners.AddressOf(streams), secret);
        var routes = new InstancesToIngress(config, catalog, table, starter, probe, certificates, own, log);
        await routes.UpdateAsync(cancellationToken);
        await using var ingress = await StartIngressAsync(ground, certificates, cancellationToken);
        await routes.ServeAsync(ingress, cancellationToken);
        workloads.Changed = routes.UpdateAsync;

        // 4.
        using var journal = ground.ProbeOfJournal();
        var status = new RegionStatus(config, ground.Regions, catalog, table, programs, probe, workloads,
            () => new[] { apiCertificate.Current.NotAfter, ownLeaf.Current.NotAfter, certificates.FirstEnd }.Min(),
            new RuntimeHealth(runtime, journal), new ServiceAggregation(ground.Regions, reports), clock);
        await using var api = CreateApi(ground, new ExecutionApi(
            config, status, new ServiceEndpoints(resources, store, config, status), artifacts,
            CreateInstances(ground, catalog, runtime, table, starter),
            new ServiceInspection(status, probe, starter, runtime, log),
            new MemberEndpoints(config, catalog, status, probe, starter, runtime), new DiagnosisEndpoint(config,
                ground.Regions, identity, [() => apiCertificate.Current, () => ownLeaf.Current], certificates, peers,
                journal, status, clock)));
        await api.StartAsync(cancellationToken);
        NoteServing(ground);

        await RunUntilStoppedAsync(runtime, log, cancellationToken,
            resources.FollowAsync, reports.FollowAsync, ct => reports.TellAsync(status.Reports, ct),
            workloads.RunAsync, identity.RenewForeverAsync, identity.FollowTrustForeverAsync,
            new ServiceLogs(home.Logs, config.Logs, clock, log).RunAsync);
        await api.StopAsync(CancellationToken.None);
        await runtime.DisposeAsync(); // before the listeners: its streams would keep them open
        await ingress.StopAsync(DrainTime);
    }

    private static void NoteServing(Ground ground)
    {
        RoleFailure.Clear(ground.Home.Path);
        Log.Serving(ground.Log, ground.Config.Region, ground.Config.ExecutionApiPort);
    }

    /// <summary>Ends instances that the table does not know of, before anything is started in their place.</summary>
    private static async Task EndStraysAsync(RegionHome home, InstanceTable table, TimeProvider clock, ILogger log,
        CancellationToken cancellationToken)
    {
        await Task.WhenAll(OrphanSearch.Strays(home, table).Select(stray =>
        {
            Log.StrayEnded(log, stray.Pid);
            return stray.StopAsync(WorkloadHost.StopGrace, clock, cancellationToken);
        }));
    }

    private static InstanceEndpoints CreateInstances(Ground ground, ServiceCatalog catalog, EntityRuntime runtime,
        InstanceTable table, InstanceStarter starter)
    {
        var beginnings = new ServiceBeginnings(
            ground.Config, ground.Identity, ground.Regions, catalog, () => runtime.Configuration);
        return new InstanceEndpoints(new InstanceDesk(ground.Config, ground.Identity, beginnings,
            new ServiceKeys(ground.Home.Keys, ground.Kek), table, starter, ground.Clock, ground.Log), ground.Server);
    }

    private static WebApplication CreateApi(Ground ground, ExecutionApi endpoints)
    {
        var options = new ApiListenerOptions(
            Hostnames.Api(ground.Config.PlatformHostname), ground.Config.ExecutionApiPort);
        var api = ApiListener.Create(options, ground.ApiCertificate, ground.Logging);
        endpoints.Map(api);
        return api;
    }

    private static Task<IngressServer> StartIngressAsync(
        Ground ground, PkiToIngress certificates, CancellationToken cancellationToken)
    {
        var options = new IngressOptions
        {
            AppsHostname = ground.Config.AppsHostname,
            Public = new IPEndPoint(IPAddress.Loopback, ground.Config.PublicPort),
            InterRegion = new IPEndPoint(IPAddress.Loopback, ground.Config.IngressPort),
        };
        return IngressServer.StartAsync(options, certificates, certificates, RouteTable.Empty, ground.Clock,
            ground.Logging, cancellationToken);
    }

    private static async Task<EntityRuntime> StartRuntimeAsync(
        Ground ground, IPeerDialler peers, JournalWatch watch, CancellationToken cancellationToken)
    {
        var (config, clock, logging) = (ground.Config, ground.Clock, ground.Logging);
        var journal = await OpenJournalAsync(ground, cancellationToken);
        var random = RandomNumberGenerator.GetBytes(24);
        var options = new RuntimeOptions
        {
            Kernel = new KernelOptions
            {
                Region = config.Region,
                Members = !config.Joins ? ground.Identity.Members
                    : [.. config.Peers.Select(p => p.Name).Append(config.Region)],
                ConfigurationEpoch = config.Joins ? 0ul : 1ul,
                Session = Incarnation.Create(clock.GetUtcNow().ToUnixTimeMilliseconds(), random),
                Seed = BinaryPrimitives.ReadUInt64LittleEndian(random.AsSpan(16)),
                EntityMemoryBytes = 32L * 1024 * 1024,
            },
        };
        try
        {
            return await EntityRuntime.StartAsync(options,
                new EntityTypes([EntityType.Of<ServiceEntity>(), EntityType.Of<ServiceReportEntity>()]),
                new WatchedJournal(journal, watch.Tell), peers, new EntityOwners(config.Region), clock,
                logging.CreateLogger("Pelago.Entities"), cancellationToken);
        }
        catch
        {
            await journal.DisposeAsync();
            throw;
        }
    }

    private static async Task<IJournal> OpenJournalAsync(Ground ground, CancellationToken cancellationToken)
    {
        var (home, config) = (ground.Home, ground.Config);
        PrivateFile.CreateDirectory(config.GuardDirectory);
        var guard = Path.Combine(config.GuardDirectory, "region.json");
        var kek = new FileKeyEncryption(Path.Combine(home.Keys, "journal-kek.json"));
        var logger = ground.Logging.CreateLogger("Pelago.Journal");
        if (ground.Server is { } server)
            return await server.OpenOwnAsync(guard, kek, logger, cancellationToken);
        var place = new JournalOptions
        {
            DataDirectory = home.Journal, GuardFile = guard, Owner = $"region {config.Region}",
        };
        return await place.OpenAsync(kek, ground.Clock, logger, cancellationToken);
    }

    /// <summary>Runs the loops until the region is told to stop. When one of them fails, or the runtime cannot go on,
    /// so does this: the process ends and its supervisor starts it again.</summary>
    private static async Task RunUntilStoppedAsync(
        EntityRuntime runtime, ILogger log, CancellationToken cancellationToken, params Func<CancellationToken,
            Task>[] loops)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = loops.Select(loop => loop(stop.Token)).Append(runtime.Ended).ToArray();
        var first = await Task.WhenAny(running);
        await stop.CancelAsync();
        foreach (var loop in running.Where(loop => loop != runtime.Ended))
            await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (cancellationToken.IsCancellationRequested)
            return;
        var failure = first.Exception?.InnerException
            ?? new InvalidOperationException("A loop of the region ended by itself.");
        Log.Failed(log, failure);
        throw failure;
    }

    /// <summary>What everything that serves stands on.</summary>
    private sealed record Ground(
        RegionHome Home,
        RegionConfig Config,
        KeyEncryptionKey Kek,
        RegionIdentity Identity,
        PinnedCertificate ApiCertificate,
        RenewingCertificate OwnLeaf,
        ServiceHostname OwnName,
        TimeProvider Clock,
        ILoggerFactory Logging,
        ILogger Log)
    {
        /// <summary>Where the other regions are.</summary>
        public RegionPeers Regions { get; } = new(Home.ConfigFile, Config.Peers, Clock);

        /// <summary>Where the journals lie; null for files.</summary>
        public RegionServer? Server { get; init; }

        public JournalProbe ProbeOfJournal() => Server is null ? JournalProbe.OfDisk(Home.Journal, Clock)
            : new JournalProbe(Server.ProbeAsync, Clock);
    }
}
