using System.Security.Cryptography.X509Certificates;
using Pelago.Api;
using Pelago.Client;
using Pelago.Pki;

namespace Pelago.Federation;

/// <summary>What the federation plane can find out about itself.</summary>
internal sealed class FederationExamination(
    RootAuthority root, OwnAuthority authority, PinnedCertificate certificate, Enrolment enrolment, TimeProvider clock)
{
    public FederationDiagnosis Examine()
    {
        var view = enrolment.View();
        return new FederationDiagnosis(BuildIdentity.Current, clock.GetUtcNow(), view.TrustEpoch, enrolment.TrustSha256,
        [
            Of("root", root.Certificate),
            Of("intermediate", authority.Current.Certificate),
            Of(certificate.Current.Certificate.GetNameInfo(X509NameType.DnsName, forIssuer: false),
                certificate.Current.Certificate),
        ]);
    }

    private static CertificateView Of(string what, X509Certificate2 certificate)
        => new(what, certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
}
