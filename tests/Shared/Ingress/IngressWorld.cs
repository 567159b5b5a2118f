using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Ingress;
using Pelago.Model;
using Pelago.Pki;
using Pelago.Tests.Pki;

namespace Pelago.Tests.Ingress;

/// <summary>A group of two regions; the ingress of eu-west-1 before an instance of demo/bookstore and one of
/// other/vault. Callers are of us-east-1.</summary>
internal sealed class IngressWorld : IAsyncDisposable
{
    public const string Apps = "eu-west-1.apps.pelago.localhost";
    public const string CallerApps = "us-east-1.apps.pelago.localhost";
    public const string PublicHost = "bookstore-demo." + Apps;

    private IngressWorld(TestGroup group, IntermediateAuthority here, IntermediateAuthority caller)
        => (Group, Here, Caller) = (group, here, caller);

    public static ServiceHostname Bookstore { get; } = new("bookstore", "demo", Apps);

    public static ServiceHostname Vault { get; } = new("vault", "other", Apps);

    public TestGroup Group { get; }

    public IntermediateAuthority Here { get; }

    public IntermediateAuthority Caller { get; }

    public CertificateSet Certificates { get; private set; } = null!;

    public IngressServer Server { get; private set; } = null!;

    /// <summary>Also known after the server has stopped.</summary>
    public int PublicPort { get; private set; }

    public RecordingInstance BookstoreInstance { get; private set; } = null!;

    public RecordingInstance VaultInstance { get; private set; } = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<IngressWorld> StartAsync(
        Func<IngressOptions, IngressOptions>? change = null,
        TimeProvider? clock = null
    )
    {
        var group = await TestGroup.CreateAsync(clock: clock);
        var world = new IngressWorld(
            group,
            await group.AddRegionAsync("eu-west-1"),
            await group.AddRegionAsync("us-east-1")
        );
        await world.RenewAsync();
        world.BookstoreInstance = await RecordingInstance.StartAsync("bookstore-1");
        world.VaultInstance = await RecordingInstance.StartAsync("vault-1");
        var options = new IngressOptions
        {
            AppsHostname = Apps,
            Public = new IPEndPoint(IPAddress.Loopback, 0),
            InterRegion = new IPEndPoint(IPAddress.Loopback, 0),
        };
        world.Server = await IngressServer.StartAsync(
            change?.Invoke(options) ?? options,
            new PublicCertificates(() => world.Certificates),
            new InterRegionTls(() => world.Certificates, group.Check()),
            world.Table(),
            group.Clock,
            NullLoggerFactory.Instance,
            Stop
        );
        world.PublicPort = world.Server.PublicPort;
        return world;
    }

    /// <summary>Puts new certificates in the place of all that are in use.</summary>
    public async Task RenewAsync()
    {
        var before = Certificates;
        var set = new CertificateSet(
            name => new LocalLeafIssuer(() => Here, new LeafGrant(name, LeafUse.Server, "a test")),
            new RenewalOptions(),
            Group.Clock);
        await set.SetNamesAsync([PublicHost, "second-demo." + Apps, Bookstore.Value, Vault.Value], Stop);
        Certificates = set;
        if (before is not null)
            await before.DisposeAsync();
    }

    /// <summary>The usual routes, with another set of bookstore instances if given.</summary>
    public RouteTable Table(params Upstream[] bookstores)
    {
        Upstream[] instances = bookstores.Length > 0 ? bookstores : [BookstoreInstance.Upstream];
        RouteTable
            .Create(
                [new PublicRoute(PublicHost, "/", instances)],
                [
                    new ServiceRoute("bookstore", "demo", instances),
                    new ServiceRoute("vault", "other", [VaultInstance.Upstream]),
                ],
                out var table
            )
            .ShouldBeEmpty();
        return table!;
    }

    public LeafCertificate ClientOf(string service, string project, TimeSpan? life = null)
        => TestGroup.Leaf(Caller, new ServiceHostname(service, project, CallerApps).Value, LeafUse.Client, life);

    /// <summary>A client of the public listener that trusts the group's roots.</summary>
    public HttpClient PublicClient(Version? version = null) =>
        Client(
            version,
            async (host, cancellationToken) =>
            {
                var tls = new SslStream(await ConnectAsync(Server.PublicPort, cancellationToken));
                var options = TlsProfiles.HostClient(host, Group.Check(), null);
                options.ApplicationProtocols =
                    version == HttpVersion.Version20 ? [SslApplicationProtocol.Http2] : [SslApplicationProtocol.Http11];
                await tls.AuthenticateAsClientAsync(options, cancellationToken);
                return tls;
            }
        );

    /// <summary>A service's client of the inter-region listener, HTTP/2. Connections are made as the SDK makes
    /// them.</summary>
    public HttpClient PeerClient(LeafCertificate certificate) =>
        Client(
            HttpVersion.Version20,
            async (host, cancellationToken) =>
            {
                ServiceHostname.TryParse(host, Apps, out var dialled).ShouldBeTrue();
                var tls = new SslStream(await ConnectAsync(Server.InterRegionPort, cancellationToken));
                await tls.AuthenticateAsClientAsync(
                    TlsProfiles.InterRegionClient(dialled!, certificate.Context, Group.Check(), null),
                    cancellationToken
                );
                return tls;
            }
        );

    public static async Task<NetworkStream> ConnectAsync(int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await BookstoreInstance.DisposeAsync();
        await VaultInstance.DisposeAsync();
        await Certificates.DisposeAsync();
        Group.Dispose();
    }

    private static HttpClient Client(Version? version, Func<string, CancellationToken, Task<SslStream>> connect) =>
        new(
            new SocketsHttpHandler
            {
                UseProxy = false,
                AllowAutoRedirect = false,
                ConnectCallback = async (context, cancellationToken) =>
                    await connect(context.DnsEndPoint.Host, cancellationToken),
            }
        )
        {
            DefaultRequestVersion = version ?? HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
}
