using System.Net;
using Pelago.Client;
using Pelago.Entities;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Region;

/// <summary>Connections to the peer regions' own service, through their ingresses, as <c>region.pelago.svc</c> of this
/// region: streams for the region's entities, and artifacts that this region lacks.</summary>
internal sealed class PeerConnections(
    RegionPeers regions, Func<LeafCertificate> leaf, IdentityCheck check, TimeProvider clock) : IPeerDialler
{
    private const int WindowBytes = 4 * 1024 * 1024;

    /// <inheritdoc />
    public ValueTask<PeerStream> DialAsync(string peer, CancellationToken cancellationToken)
    {
        var client = leaf();
        return regions.Current.FirstOrDefault(p => p.Name == peer) is { } region
            ? IngressStreams.OpenAsync(PeerOf(region, client), client.NotAfter, clock, cancellationToken)
            : throw IngressStreams.Unreachable(peer, "it is not a peer", null);
    }

    /// <summary>Reads a document of a peer region; null when it does not have it. The content is handed on while it
    /// arrives.</summary>
    /// <exception cref="PelagoException">The peer cannot be reached, or answers with something else.</exception>
    public async Task<TResult?> GetAsync<TResult>(PeerRegion region, string path,
        Func<Stream, CancellationToken, Task<TResult>> read, CancellationToken cancellationToken)
        where TResult : class
    {
        var peer = PeerOf(region, leaf());
        using var http = new HttpMessageInvoker(IngressStreams.CreateHandler(peer));
        using var request = IngressStreams.CreateRequest(HttpMethod.Get, peer, path);
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            if (response.StatusCode == HttpStatusCode.NotFound)
                return null;
            if (!response.IsSuccessStatusCode)
                throw IngressStreams.Unreachable(region.Name, $"its ingress answered {(int)response.StatusCode}", null);
            return await read(await response.Content.ReadAsStreamAsync(cancellationToken), cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw IngressStreams.Unreachable(region.Name, e.GetType().Name, e);
        }
    }

    private IngressPeer PeerOf(PeerRegion region, LeafCertificate client)
    {
        var name = new ServiceHostname(
            InstancesToIngress.OwnService, InstancesToIngress.OwnProject, region.AppsHostname);
        return new IngressPeer(region.Name,
            new UriBuilder(Uri.UriSchemeHttps, name.Value, region.IngressPort).Uri,
            ct => NamedConnections.OpenAsync(region.IngressConnect.Host, region.IngressConnect.Port, ct),
            TlsProfiles.InterRegionClient(name, client.Context, check, decided: null), WindowBytes);
    }
}
