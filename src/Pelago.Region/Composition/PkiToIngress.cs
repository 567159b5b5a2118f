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

    /// <summary>When the first of the certificates ends.</summary>
    public DateTimeOffset FirstEnd
        => _public.Names.Select(_public.FindLeaf).Concat(_interRegion.Names.Select(_interRegion.FindLeaf))
            .Min(leaf => leaf?.NotAfter) ?? DateTimeOffset.MaxValue;

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
    /// <remarks>A caller who shows no certificate at all is let through the handshake, because only then can he be told
    /// why he is refused: the ingress answers 403 to every request of a connection without a verified peer. A
    /// certificate that is shown and refused ends the handshake.</remarks>
    public SslServerAuthenticationOptions? Accept(string serverName, Action<PeerVerdict> decided)
    {
        if (_interRegion.Find(serverName) is not { } certificate)
            return null;
        var tls = TlsProfiles.InterRegionServer(certificate, _check, result => decided(Translate(result)));
        var check = tls.RemoteCertificateValidationCallback!;
        tls.RemoteCertificateValidationCallback = (sender, shown, chain, errors)
            => check(sender, shown, chain, errors) || shown is null;
        return tls;
    }

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
