using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pelago.Pki;

namespace Pelago.Tests.Pki;

/// <summary>Makes what an authority refuses to make: certificates signed with a stolen key.</summary>
internal static class Forge
{
    public const string San = "2.5.29.17";
    public const string Eku = "2.5.29.37";
    public const string Client = "1.3.6.1.5.5.7.3.2";
    public const string Server = "1.3.6.1.5.5.7.3.1";
    public const string Any = "2.5.29.37.0";

    /// <summary>A leaf under an issuer whose key was stolen; dates default to the issuer's.</summary>
    public static X509Certificate2 Leaf(
        X509Certificate2 issuer,
        ECDsa issuerKey,
        X509Extension? names,
        X509Extension? usage,
        DateTimeOffset? notBefore = null,
        DateTimeOffset? notAfter = null,
        string subject = ""
    )
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName(subject), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForEndEntity(critical: true));
        if (names is not null)
            request.CertificateExtensions.Add(names);
        if (usage is not null)
            request.CertificateExtensions.Add(usage);
        return Sign(request, issuer, issuerKey, notBefore, notAfter).CopyWithPrivateKey(key);
    }

    public static X509Certificate2 Sign(
        CertificateRequest request,
        X509Certificate2 issuer,
        ECDsa issuerKey,
        DateTimeOffset? notBefore = null,
        DateTimeOffset? notAfter = null
    )
    {
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, true, false)
        );
        return request.Create(
            issuer.SubjectName,
            X509SignatureGenerator.CreateForECDsa(issuerKey),
            notBefore ?? issuer.NotBefore,
            notAfter ?? issuer.NotAfter,
            RandomNumberGenerator.GetBytes(8)
        );
    }

    public static X509Extension Dns(params string[] names)
    {
        var builder = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
            builder.AddDnsName(name);
        return builder.Build();
    }

    public static X509Extension Names(Action<SubjectAlternativeNameBuilder> add)
    {
        var builder = new SubjectAlternativeNameBuilder();
        add(builder);
        return builder.Build();
    }

    /// <summary>One DNS name of exactly these bytes, which no builder would write.</summary>
    public static X509Extension RawDns(ReadOnlySpan<byte> name)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
            writer.WriteOctetString(name, new Asn1Tag(TagClass.ContextSpecific, 2));
        return new X509Extension(San, writer.Encode(), critical: false);
    }

    public static X509Extension Usage(params string[] oids)
    {
        var list = new OidCollection();
        foreach (var oid in oids)
            list.Add(new Oid(oid));
        return new X509EnhancedKeyUsageExtension(list, critical: false);
    }
}
