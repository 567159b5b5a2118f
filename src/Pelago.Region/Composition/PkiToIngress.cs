using System.Net.Security;
using Pelago.Ingress;
using Pelago.Pki;

namespace Pelago.Region;

/// <summary>The ingress's certificates and its check of callers, from the room of certificates: two sets that issue and
/// renew from the region's intermediate, and the identity check.</summary>
internal sealed class PkiToIngress : IServerCertificates, IInterRegionTls, IAsyncDisposable
{
    private readonly CertificateSet _public;
    private readonly CertificateSet _interRegion;
    private readonly IdentityCheck _check;

    public PkiToIngress(Func<IntermediateAuthority> authority, IdentityCheck check, TimeProvider clock)
    {
        _check = check;
        _public = new CertificateSet(name => IssuerOf(name, "the public listener"), new RenewalOptions(), clock);
        _interRegion = new CertificateSet(name => IssuerOf(name, "the inter-region listener"), new RenewalOptions(),
            clock);

        ILeafIssuer IssuerOf(string name, string forWhom)
            => new LocalLeafIssuer(authority, new LeafGrant(name, LeafUse.Server, forWhom));
    }

    /// <summary>Every certificate in use, in no order.</summary>
    public IEnumerable<LeafCertificate> Leaves
        => _public.Names.Select(_public.FindLeaf).Concat(_interRegion.Names.Select(_interRegion.FindLeaf))
            .OfType<LeafCertificate>();

    /// <summary>When the first of the certificates ends.</summary>
    public DateTimeOffset FirstEnd => Leaves.Min(leaf => (DateTimeOffset?)leaf.NotAfter) ?? DateTimeOffset.MaxValue;

    /// <summary>Makes both listeners answer for exactly these names.</summary>
    public async Task SetNamesAsync(
        IEnumerable<string> publicNames, IEnumerable<string> interRegionNames, CancellationToken cancellationToken)
    {
        await _public.SetNamesAsync(publicNames, cancellationToken);
        await _interRegion.SetNamesAsync(interRegionNames, cancellationToken);
    }

    /// <inheritdoc />
    public SslStreamCertificateContext? Find(string serverName) => _public.Find(serverName);

    /// <inheritdoc />
    /// <remarks>The check refuses who shows no certificate, like every other; that such a caller is told so by an
    /// answer instead of a broken handshake is the ingress's own doing.</remarks>
    public SslServerAuthenticationOptions? Accept(string serverName, Action<PeerVerdict> decided)
        => _interRegion.Find(serverName) is { } certificate
            ? TlsProfiles.InterRegionServer(certificate, _check, result => decided(Translate(result)))
            : null;

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _public.DisposeAsync();
        await _interRegion.DisposeAsync();
    }

    private static PeerVerdict Translate(IdentityResult result) => new(
        result is { Accepted: true, Peer: { } peer }
            ? new VerifiedPeer(peer.San, peer.Name.Service, peer.Name.Project, peer.Region, peer.NotAfter)
            : null,
        result.Stage.ToString(), result.Reason);
}
