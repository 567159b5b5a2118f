using System.IO.Pipelines;
using System.Net;
using Microsoft.Extensions.Logging;
using Pelago.Client;
using Pelago.Entities;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Sdk;

/// <summary>Dials the peer's instance of this service through the peer region's ingress: mutual TLS with this
/// service's own leaf, and the identity check on whoever answers.</summary>
/// <remarks>One connection a stream: it is made with the certificate of the moment and ends before that certificate
/// does; the kernel then dials again, with the renewed one.</remarks>
internal sealed class IngressDialler(
    ServiceName service, Func<InstanceConfiguration> configuration, Func<LeafCertificate> leaf, IdentityCheck check,
    TimeProvider clock, ILogger logger) : IPeerDialler
{
    private const int StreamWindowBytes = 16 * 1024 * 1024;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan EndBeforeExpiry = TimeSpan.FromMinutes(1);

    public async ValueTask<PeerStream> DialAsync(string peer, CancellationToken cancellationToken)
    {
        var region = configuration().Peers.FirstOrDefault(p => p.Name == peer)
            ?? throw Unreachable(peer, "it is not in the region's configuration", null);
        var client = leaf();
        var http = new HttpMessageInvoker(CreateHandler(region, client));
        var expiry = new CancellationTokenSource(Until(client), clock);
        try
        {
            var content = new DuplexContent();
            using var request = new HttpRequestMessage(HttpMethod.Post, AddressOf(region))
            {
                Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                    Content = content,
            };
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(ConnectTimeout);
            var response = await http.SendAsync(request, limit.Token);
            if (!response.IsSuccessStatusCode)
                throw Unreachable(peer, $"its ingress answered {(int)response.StatusCode}", null);
            var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            // The connection's end is the end of whatever reads and writes it; nothing else need be told.
            var end = expiry.Token.Register(static state => ((HttpResponseMessage)state!).Dispose(), response);
            return new PeerStream(PipeReader.Create(body), content.Writer, ()
                => CloseAsync(http, response, expiry, end));
        }
        catch (Exception error) when (error is not PelagoException)
        {
            http.Dispose();
            expiry.Dispose();
            throw Unreachable(peer, error.GetType().Name, error);
        }
    }

    private SocketsHttpHandler CreateHandler(PeerRegion region, LeafCertificate client) => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = ConnectTimeout,
        InitialHttp2StreamWindowSize = StreamWindowBytes,
        KeepAlivePingDelay = TimeSpan.FromSeconds(15),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
        ConnectCallback = (_, ct) => NamedConnections.OpenAsync(region.IngressConnect.Host,
            region.IngressConnect.Port, ct),
        SslOptions = TlsProfiles.InterRegionClient(service.At(region.AppsHostname), client.Context, check, result =>
        {
            if (!result.Accepted)
                Log.PeerRefused(logger, region.Name, result.Reason);
        }),
    };

    private Uri AddressOf(PeerRegion region) => new UriBuilder(
        Uri.UriSchemeHttps, service.At(region.AppsHostname).Value, region.IngressPort,
            ReplicationEndpointExtensions.Path).Uri;

    private TimeSpan Until(LeafCertificate client)
    {
        var left = client.NotAfter - clock.GetUtcNow() - EndBeforeExpiry;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private static async ValueTask CloseAsync(
        HttpMessageInvoker http, HttpResponseMessage response, CancellationTokenSource expiry,
            CancellationTokenRegistration end)
    {
        await end.DisposeAsync();
        expiry.Dispose();
        response.Dispose();
        http.Dispose();
    }

    private static PelagoException Unreachable(string peer, string why, Exception? inner)
        => new Failure(ErrorCodes.ServerUnreachable, $"Region '{peer}' cannot be reached: {why}.",
            "It is dialled again; look at its ingress and at the network between.").ToException(inner);
}
