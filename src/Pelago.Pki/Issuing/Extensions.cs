using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Pelago.Pki;

/// <summary>The extensions of each kind of certificate, in one place, so that they can be read side by side.</summary>
internal static class Extensions
{
    /// <summary>Root: may sign certificates, one level of authorities below it.</summary>
    public static void AddRoot(CertificateRequest request)
    {
        request.CertificateExtensions.Add(
            X509BasicConstraintsExtension.CreateForCertificateAuthority(pathLengthConstraint: 1));
        request.CertificateExtensions.Add(AuthorityKeyUsage());
        AddSubjectKeyId(request);
    }

    /// <summary>Intermediate: leaves only, and only of its region's names.</summary>
    public static void AddIntermediate(CertificateRequest request, RegionDomain domain, X509Certificate2 issuer)
    {
        request.CertificateExtensions.Add(
            X509BasicConstraintsExtension.CreateForCertificateAuthority(pathLengthConstraint: 0));
        request.CertificateExtensions.Add(AuthorityKeyUsage());
        request.CertificateExtensions.Add(NameConstraints.For(domain.AppsHostname, domain.PlatformHostname));
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension(Oids.Collection(Oids.ServerAuth, Oids.ClientAuth), critical: false));
        AddSubjectKeyId(request);
        AddAuthorityKeyId(request, issuer);
    }

    /// <summary>Leaf: one name, one use. The subject is empty, so the name is critical (RFC 5280, section
    /// 4.2.1.6).</summary>
    public static void AddLeaf(CertificateRequest request, string dnsName, LeafUse use, X509Certificate2 issuer)
    {
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForEndEntity(critical: true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension(Oids.Collection(Oids.For(use)), critical: false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(dnsName);
        request.CertificateExtensions.Add(names.Build(critical: true));
        AddSubjectKeyId(request);
        AddAuthorityKeyId(request, issuer);
    }

    /// <summary>The extension of that kind, or null when there is none or more than one.</summary>
    public static X509Extension? Single(X509Certificate2 certificate, string oid)
    {
        X509Extension? found = null;
        foreach (var extension in certificate.Extensions)
        {
            if (extension.Oid?.Value != oid)
                continue;
            if (found is not null)
                return null;
            found = extension;
        }
        return found;
    }

    private static X509KeyUsageExtension AuthorityKeyUsage()
        => new(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true);

    private static void AddSubjectKeyId(CertificateRequest request) =>
        request.CertificateExtensions.Add(
            new X509SubjectKeyIdentifierExtension(request.PublicKey, X509SubjectKeyIdentifierHashAlgorithm.ShortSha256,
                critical: false)
        );

    private static void AddAuthorityKeyId(CertificateRequest request, X509Certificate2 issuer) =>
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, includeKeyIdentifier: true,
                includeIssuerAndSerial: false)
        );
}
