using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Pelago.Pki;

/// <summary>Public keys compared by the hash of their SubjectPublicKeyInfo (as in RFC 7469, section 2.4, in hex).</summary>
public static class KeyPin
{
    /// <summary>SHA-256 of the certificate's SubjectPublicKeyInfo in lower-case hex.</summary>
    public static string Sha256Hex(X509Certificate2 certificate)
        => Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));

    /// <summary>Whether the certificate has exactly the pinned key.</summary>
    public static bool Matches(X509Certificate2? certificate, string sha256Hex)
        => certificate is not null && string.Equals(Sha256Hex(certificate), sha256Hex, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a private key is the certificate's.</summary>
    internal static bool Belongs(X509Certificate2 certificate, ECDsa key)
        => certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo());
}
