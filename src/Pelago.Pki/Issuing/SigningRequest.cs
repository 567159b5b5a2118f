using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pelago.Model;

namespace Pelago.Pki;

/// <summary>Certificate signing requests (PKCS#10, RFC 2986): made here, and read from strangers.</summary>
/// <remarks>Of a stranger's request only the public key is used, after its signature proved that he has the private
/// one. The subject and the extensions that he asks for are not even decoded: names come from what the issuer
/// authorized.</remarks>
public static class SigningRequest
{
    /// <summary>Largest request read. One of a P-256 key is some 250 bytes; the rest is room for other tools'
    /// subjects.</summary>
    public const int MaxBytes = 4096;

    /// <summary>A DER request for a key, with an empty subject.</summary>
    public static byte[] Create(ECDsa key)
        => new CertificateRequest(new X500DistinguishedName(""), key, HashAlgorithmName.SHA256).CreateSigningRequest();

    /// <summary>Reads a DER request; on success <paramref name="publicKey"/> is a P-256 key on its curve.</summary>
    /// <returns>Null when it is acceptable.</returns>
    public static Failure? Read(ReadOnlyMemory<byte> der, out PublicKey? publicKey)
    {
        publicKey = null;
        if (der.Length is 0 or > MaxBytes)
            return Bad($"The request is {der.Length} bytes long; 1 to {MaxBytes} are allowed.");
        try
        {
            // The key's kind is looked at before its signature is verified: no arithmetic on somebody's 16,000-bit RSA
            // key.
            var unverified = Load(der.Span, CertificateRequestLoadOptions.SkipSignatureValidation, out var consumed);
            if (consumed != der.Length)
                return Bad("The request is followed by other bytes.");
            var key = unverified.PublicKey;
            if (key.Oid.Value != Oids.EcPublicKey
                || key.EncodedParameters is not { } curve
                || !curve.RawData.AsSpan().SequenceEqual(Oids.P256))
                return Bad("The request's key is not an ECDSA key on the curve P-256.");
            using var onCurve = key.GetECDsaPublicKey();
            if (onCurve is null)
                return Bad("The request's key cannot be read.");
            publicKey = Load(der.Span, CertificateRequestLoadOptions.Default, out _).PublicKey;
            return null;
        }
        catch (Exception e)
            when (e is CryptographicException or ArgumentException or NotSupportedException or OverflowException)
        {
            return Bad("The request is malformed, or not signed by its own key.");
        }
    }

    private static CertificateRequest Load(
        ReadOnlySpan<byte> der,
        CertificateRequestLoadOptions options,
        out int consumed
    ) => CertificateRequest.LoadSigningRequest(der, HashAlgorithmName.SHA256, out consumed, options);

    private static Failure Bad(string message)
        => new(ErrorCodes.BadSigningRequest, message, "Send a DER PKCS#10 request of a P-256 key.", "csr");
}
