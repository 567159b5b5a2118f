using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using Pelago.Client;
using Pelago.Entities;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Region;

/// <summary>Connections to the peer regions' own service, through their ingresses, as <c>region.pelago.svc</c> of this
/// region: streams for the region's entities, and artifacts that this region lacks.</summary>
internal sealed class PeerConnections(
    RegionConfig config, Func<LeafCertificate> leaf, IdentityCheck check, TimeProvider clock) : IPeerDialler
{
    private const int StreamWindowBytes = 4 * 1024 * 1024;
    private const int PauseBytes = 1024 * 1024;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan EndBeforeExpiry = TimeSpan.FromMinutes(1);

    /// <inheritdoc />
    public async ValueTask<PeerStream> DialAsync(string peer, CancellationToken cancellationToken)
    {
        var region = config.Peers.FirstOrDefault(p => p.Name == peer)
            ?? throw Unreachable(peer, "it is not a peer", null);
        var client = leaf();
        var left = client.NotAfter - clock.GetUtcNow() - EndBeforeExpiry;
        var http = new HttpMessageInvoker(NewHandler(region, client));
        var expiry = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, clock);
        try
        {
            var body = new StreamBody();
            using var request = NewRequest(HttpMethod.Post, region, ReplicationEndpointExtensions.Path);
            request.Content = body;
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, expiry.Token);
            limit.CancelAfter(ConnectTimeout);
            var response = await http.SendAsync(request, limit.Token);
            if (!response.IsSuccessStatusCode)
                throw Unreachable(peer, $"its ingress answered {(int)response.StatusCode}", null);
            var input = PipeReader.Create(await response.Content.ReadAsStreamAsync(cancellationToken));
            // A stream must not outlive the certificate that it was let in with; its end makes the runtime dial again.
            var ending = expiry.Token.Register(static state => ((HttpResponseMessage)state!).Dispose(), response);
            return new PeerStream(input, body.Writer, async () =>
            {
                await ending.DisposeAsync();
                expiry.Dispose();
                response.Dispose();
                http.Dispose();
            });
        }
        catch (Exception e)
        {
            expiry.Dispose();
            http.Dispose();
            throw e as PelagoException ?? Unreachable(peer, e.GetType().Name, e);
        }
    }

    /// <summary>Reads a document of a peer region; null when it does not have it. The content is handed on while it
    /// arrives.</summary>
    /// <exception cref="PelagoException">The peer cannot be reached, or answers with something else.</exception>
    public async Task<TResult?> GetAsync<TResult>(PeerRegion peer, string path,
        Func<Stream, CancellationToken, Task<TResult>> read, CancellationToken cancellationToken)
        where TResult : class
    {
        using var http = new HttpMessageInvoker(NewHandler(peer, leaf()));
        using var request = NewRequest(HttpMethod.Get, peer, path);
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            if (response.StatusCode == HttpStatusCode.NotFound)
                return null;
            if (!response.IsSuccessStatusCode)
                throw Unreachable(peer.Name, $"its ingress answered {(int)response.StatusCode}", null);
            return await read(await response.Content.ReadAsStreamAsync(cancellationToken), cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw Unreachable(peer.Name, e.GetType().Name, e);
        }
    }

    private SocketsHttpHandler NewHandler(PeerRegion peer, LeafCertificate client) => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = ConnectTimeout,
        InitialHttp2StreamWindowSize = StreamWindowBytes,
        KeepAlivePingDelay = TimeSpan.FromSeconds(15),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
        ConnectCallback = (_, ct) => NamedConnections.OpenAsync(peer.IngressConnect.Host, peer.IngressConnect.Port, ct),
        SslOptions = TlsProfiles.InterRegionClient(NameIn(peer), client.Context, check, decided: null),
    };

    private static HttpRequestMessage NewRequest(HttpMethod method, PeerRegion peer, string path)
        => new(method, new UriBuilder(Uri.UriSchemeHttps, NameIn(peer).Value, peer.IngressPort, path).Uri)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

    private static ServiceHostname NameIn(PeerRegion peer)
        => new(InstancesToIngress.OwnService, InstancesToIngress.OwnProject, peer.AppsHostname);

    private static PelagoException Unreachable(string peer, string why, Exception? inner)
        => new Failure(ErrorCodes.ServerUnreachable, $"Region '{peer}' cannot be reached: {why}.",
            "It is tried again; look at its ingress and at the network between.").ToException(inner);

    /// <summary>A request body that is written while the answer is read: what is flushed leaves at once.</summary>
    private sealed class StreamBody : HttpContent
    {
        private readonly Pipe _pipe = new(new PipeOptions(
            pauseWriterThreshold: PauseBytes, resumeWriterThreshold: PauseBytes / 2, useSynchronizationContext: false));

        public StreamBody() => Headers.ContentType = new MediaTypeHeaderValue(ReplicationEndpointExtensions.MediaType);

        public PipeWriter Writer => _pipe.Writer;

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context)
            => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(
            Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.FlushAsync(cancellationToken); // the headers leave before there is a body
            try
            {
                ReadResult read;
                do
                {
                    read = await _pipe.Reader.ReadAsync(cancellationToken);
                    foreach (var piece in read.Buffer)
                        await stream.WriteAsync(piece, cancellationToken);
                    await stream.FlushAsync(cancellationToken);
                    _pipe.Reader.AdvanceTo(read.Buffer.End);
                }
                while (!read.IsCompleted);
            }
            finally
            {
                await _pipe.Reader.CompleteAsync(); // the writer learns that nobody takes its bytes any more
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
