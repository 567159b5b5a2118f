using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pelago.Model;

namespace Pelago.Pki;

/// <summary>What an issuer hands out: a certificate and the issuers to send with it, the root left out. Public
/// data.</summary>
public sealed class CertificateChain
{
    private const int MaxPemChars = 32 * 1024;
    private const int MaxCertificates = 3;

    private readonly byte[][] _der;

    /// <summary>From the certificates themselves, leaf first.</summary>
    public CertificateChain(X509Certificate2 leaf, params ReadOnlySpan<X509Certificate2> issuers)
    {
        _der = new byte[issuers.Length + 1][];
        _der[0] = leaf.RawData;
        for (var i = 0; i < issuers.Length; i++)
            _der[i + 1] = issuers[i].RawData;
    }

    private CertificateChain(byte[][] der) => _der = der;

    /// <summary>A new handle of the first certificate, without a private key; the caller disposes it.</summary>
    public X509Certificate2 LoadLeaf() => X509CertificateLoader.LoadCertificate(_der[0]);

    /// <summary>New handles of the issuers; the caller disposes them.</summary>
    public X509Certificate2Collection LoadIssuers()
        => [.. _der.Skip(1).Select(der => X509CertificateLoader.LoadCertificate(der))];

    /// <summary>All certificates as PEM, leaf first.</summary>
    public string ToPem() => string.Concat(_der.Select(der => PemEncoding.WriteString("CERTIFICATE", der) + "\n"));

    /// <summary>Reads one to three PEM certificates, leaf first.</summary>
    /// <returns>Null when it is well-formed.</returns>
    public static Failure? Parse(string pem, out CertificateChain? chain)
    {
        chain = null;
        if (pem.Length > MaxPemChars)
            return Bad($"The chain is longer than {MaxPemChars} characters.");
        using var parsed = new Certificates();
        try
        {
            parsed.List.ImportFromPem(pem);
        }
        catch (CryptographicException)
        {
            return Bad("The chain is not PEM certificates.");
        }
        if (parsed.List.Count is 0 or > MaxCertificates)
            return Bad($"The chain holds {parsed.List.Count} certificates; 1 to {MaxCertificates} are expected.");
        chain = new CertificateChain([.. parsed.List.Select(c => c.RawData)]);
        return null;
    }

    private static Failure Bad(string message) =>
        new(ErrorCodes.BadCertificateChain, message, "Send leaf and issuer as PEM.");
}
