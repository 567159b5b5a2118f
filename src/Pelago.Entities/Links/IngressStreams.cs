using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using Pelago.Model;

namespace Pelago.Entities;

/// <summary>A service in a peer region and the way to it. Whoever dials decides whom it trusts and what it shows: this
/// room knows no certificates.</summary>
/// <param name="Region">Name of the peer region, for messages.</param>
/// <param name="Address">The service's name there, with the port of the ingress.</param>
/// <param name="Connect">Opens the connection beneath TLS.</param>
/// <param name="Tls">The certificate to show and the check of the server.</param>
/// <param name="WindowBytes">HTTP/2 window of a stream: bandwidth times delay of what the stream has to carry.</param>
public sealed record IngressPeer(
    string Region, Uri Address, Func<CancellationToken, ValueTask<Stream>> Connect, SslClientAuthenticationOptions Tls,
    int WindowBytes);

/// <summary>Dials services of peer regions through their ingresses: HTTP/2 over mutual TLS.</summary>
/// <remarks>One connection a stream: it is made with the certificate of the moment and ends before that certificate
/// does; the runtime then dials again, with the renewed one.</remarks>
public static class IngressStreams
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan EndBeforeExpiry = TimeSpan.FromMinutes(1);

    /// <summary>A handler that speaks to one peer; the caller disposes it.</summary>
    public static SocketsHttpHandler CreateHandler(IngressPeer peer) => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = ConnectTimeout,
        InitialHttp2StreamWindowSize = peer.WindowBytes,
        KeepAlivePingDelay = KeepAlive,
        KeepAlivePingTimeout = KeepAlive,
        ConnectCallback = (_, cancellationToken) => peer.Connect(cancellationToken),
        SslOptions = peer.Tls,
    };

    /// <summary>A request to a path of the peer's service.</summary>
    public static HttpRequestMessage CreateRequest(HttpMethod method, IngressPeer peer, string path)
        => new(method, new Uri(peer.Address, path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

    /// <summary>Opens a replication stream.</summary>
    /// <param name="peer">Whom to dial.</param>
    /// <param name="certificateEnds">End of the certificate that is shown; the stream ends a minute earlier.</param>
    /// <param name="clock">Time.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="PelagoException">PLG3103: it cannot be reached, refuses, or is somebody else.</exception>
    public static async ValueTask<PeerStream> OpenAsync(
        IngressPeer peer, DateTimeOffset certificateEnds, TimeProvider clock, CancellationToken cancellationToken)
    {
        var left = certificateEnds - clock.GetUtcNow() - EndBeforeExpiry;
        var http = new HttpMessageInvoker(CreateHandler(peer));
        var expiry = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, clock);
        try
        {
            var content = new DuplexContent();
            using var request = CreateRequest(HttpMethod.Post, peer, ReplicationEndpointExtensions.Path);
            request.Content = content;
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, expiry.Token);
            limit.CancelAfter(ConnectTimeout);
            var response = await http.SendAsync(request, limit.Token);
            if (!response.IsSuccessStatusCode)
                throw Unreachable(peer.Region, $"its ingress answered {(int)response.StatusCode}", null);
            var input = PipeReader.Create(await response.Content.ReadAsStreamAsync(cancellationToken));
            // The connection's end is the end of whatever reads and writes it; nothing else need be told.
            var ending = expiry.Token.Register(static state => ((HttpResponseMessage)state!).Dispose(), response);
            return new PeerStream(input, content.Writer, async () =>
            {
                await ending.DisposeAsync();
                expiry.Dispose();
                response.Dispose();
                http.Dispose();
            });
        }
        catch (Exception error)
        {
            http.Dispose();
            expiry.Dispose();
            throw error as PelagoException ?? Unreachable(peer.Region, error.GetType().Name, error);
        }
    }

    /// <summary>What to say about a peer that cannot be reached.</summary>
    public static PelagoException Unreachable(string region, string why, Exception? inner)
        => new Failure(ErrorCodes.ServerUnreachable, $"Region '{region}' cannot be reached: {why}.",
            "It is dialled again; look at its ingress and at the network between.").ToException(inner);
}
