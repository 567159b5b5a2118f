using Microsoft.Extensions.Logging;
using Pelago.Client;
using Pelago.Entities;
using Pelago.Pki;

namespace Pelago.Sdk;

/// <summary>Dials the peer's instance of this service through the peer region's ingress: mutual TLS with this
/// service's own leaf, and the identity check on whoever answers.</summary>
internal sealed class IngressDialler(
    ServiceName service, Func<InstanceConfiguration> configuration, Func<LeafCertificate> leaf, IdentityCheck check,
    TimeProvider clock, ILogger logger) : IPeerDialler
{
    /// <summary>Wide enough for bulk imports over the longest of distances.</summary>
    public const int WindowBytes = 16 * 1024 * 1024;

    public ValueTask<PeerStream> DialAsync(string peer, CancellationToken cancellationToken)
    {
        var region = configuration().Peers.FirstOrDefault(p => p.Name == peer)
            ?? throw IngressStreams.Unreachable(peer, "it is not in the region's configuration", null);
        var (client, name) = (leaf(), service.At(region.AppsHostname));
        var tls = TlsProfiles.InterRegionClient(name, client.Context, check, result =>
        {
            if (!result.Accepted)
                Log.PeerRefused(logger, region.Name, result.Reason);
        });
        return IngressStreams.OpenAsync(
            new IngressPeer(region.Name, new UriBuilder(Uri.UriSchemeHttps, name.Value, region.IngressPort).Uri,
                ct => NamedConnections.OpenAsync(region.IngressConnect.Host, region.IngressConnect.Port, ct),
                tls, WindowBytes),
            client.NotAfter, clock, cancellationToken);
    }
}
