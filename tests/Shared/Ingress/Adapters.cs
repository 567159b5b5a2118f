using System.Net.Security;
using Pelago.Ingress;
using Pelago.Pki;

namespace Pelago.Tests.Ingress;

/// <summary>The two rooms joined as a host joins them.</summary>
internal sealed class PublicCertificates(Func<CertificateSet> set) : IServerCertificates
{
    public SslStreamCertificateContext? Find(string serverName) => set().Find(serverName);
}

internal sealed class InterRegionTls(Func<CertificateSet> set, IdentityCheck check) : IInterRegionTls
{
    public SslServerAuthenticationOptions? Accept(string serverName, Action<PeerVerdict> decided)
        => set().Find(serverName) is { } certificate
            ? TlsProfiles.InterRegionServer(certificate, check, result => decided(Verdict(result)))
            : null;

    private static PeerVerdict Verdict(IdentityResult result) =>
        result.Peer is { } peer
            ? new PeerVerdict(
                new VerifiedPeer(peer.San, peer.Name.Service, peer.Name.Project, peer.Region, peer.NotAfter),
                "",
                ""
            )
            : new PeerVerdict(null, result.Stage.ToString(), result.Reason);
}
