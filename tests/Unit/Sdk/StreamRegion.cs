using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Client;
using Pelago.Entities;
using Pelago.Ingress;
using Pelago.Model;
using Pelago.Pki;
using Pelago.Sdk;
using Pelago.Tests.Unit.Entities;

namespace Pelago.Tests.Unit.Sdk;

/// <summary>A region with all that a replication stream passes: ingress with certificates, remoting listener,
/// runtime.</summary>
internal sealed class StreamRegion : IAsyncDisposable
{
    private const string Secret = "YSBzZWNyZXQgb2YgdGhpcyBpbnN0YW5jZQ==";
    private static readonly ServiceName Service = new("bookstore", "demo");
    private readonly TestGroup group;
    private readonly IntermediateAuthority authority;
    private CertificateSet certificates = null!;
    private IngressDialler dialler = null!;
    private WebApplication remoting = null!;
    private IngressServer ingress = null!;
    private volatile InstanceConfiguration configuration;

    private StreamRegion(TestGroup group, IntermediateAuthority authority, string name)
    {
        (this.group, this.authority, Name) = (group, authority, name);
        configuration = new InstanceConfiguration("0", new TrustBundleDocument(1, ""), [], []);
    }

    public string Name { get; }

    public TestRegion Region { get; private set; } = null!;

    /// <summary>The service name whose certificate this region's dialler shows; another project's is refused.</summary>
    public string ClientProject { get; set; } = "demo";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<StreamRegion> StartAsync(TestGroup group, string name, IReadOnlyList<string> members)
    {
        var region = new StreamRegion(group, await group.AddRegionAsync(name), name);
        var apps = TestGroup.Domain(name).AppsHostname;
        region.certificates = new CertificateSet(
            host => new LocalLeafIssuer(() => region.authority, new LeafGrant(host, LeafUse.Server, "a test")),
            new RenewalOptions(), group.Clock);
        await region.certificates.SetNamesAsync([Service.At(apps).Value], Stop);
        region.dialler = new IngressDialler(Service, () => region.configuration, region.Client, group.Check(),
            TimeProvider.System, NullLogger.Instance);
        region.Region = await TestRegion.StartAsync(name, members, region.dialler);
        region.remoting = LoopbackListener.Create(
            Endpoint.Loopback(0), HttpProtocols.Http2, IngressDialler.WindowBytes, NullLoggerFactory.Instance);
        region.remoting.MapReplication(region.Region.Runtime, new ReplicationAccess(
            Secret, Service.Service, Service.Project, () => region.configuration.Peers));
        await region.remoting.StartAsync(Stop);
        await region.StartIngressAsync(apps);
        return region;
    }

    /// <summary>Opens a stream to a peer as this region's service would, through both ends' checks; what is written
    /// to it is the caller's.</summary>
    public ValueTask<PeerStream> OpenAsync(string peer) => dialler.DialAsync(peer, Stop);

    /// <summary>Tells the region where the others are, as its region process would.</summary>
    public void Configure(params StreamRegion[] others) => configuration = new InstanceConfiguration(
        "1", new TrustBundleDocument(1, ""), [], [.. others.Select(o => new PeerRegion(
            o.Name, TestGroup.Domain(o.Name).AppsHostname, TestGroup.Domain(o.Name).PlatformHostname,
            o.ingress.InterRegionPort, Endpoint.Loopback(o.ingress.InterRegionPort)))]);

    public async ValueTask DisposeAsync()
    {
        await Region.DisposeAsync();
        await remoting.DisposeAsync();
        await ingress.DisposeAsync();
        await certificates.DisposeAsync();
    }

    private async Task StartIngressAsync(string apps)
    {
        var url = remoting.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!
            .Addresses.Single();
        var upstream = new Upstream("bookstore-1", "http://127.0.0.1:1", url, Secret, Ready: true);
        RouteTable.Create([], [new ServiceRoute(Service.Service, Service.Project, [upstream])], out var table)
            .ShouldBeEmpty();
        ingress = await IngressServer.StartAsync(
            new IngressOptions
            {
                AppsHostname = apps, Public = new IPEndPoint(IPAddress.Loopback, 0),
                InterRegion = new IPEndPoint(IPAddress.Loopback, 0),
            },
            new PublicCertificates(() => certificates), new InterRegionTls(() => certificates, group.Check()),
            table!, group.Clock, NullLoggerFactory.Instance, Stop);
    }

    private LeafCertificate Client() => TestGroup.Leaf(
        authority, new ServiceHostname("bookstore", ClientProject, TestGroup.Domain(Name).AppsHostname).Value);
}
