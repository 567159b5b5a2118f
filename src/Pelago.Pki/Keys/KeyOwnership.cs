using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Pelago.Pki;

/// <summary>Which private key a certificate is of.</summary>
internal static class KeyOwnership
{
    /// <summary>Whether the private key is the certificate's.</summary>
    public static bool Belongs(X509Certificate2 certificate, ECDsa key)
        => certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo());
}
