using System.Security.Cryptography;

namespace Pelago.Pki;

/// <summary>Object identifiers of RFC 5280 and RFC 5480 that are written and required here.</summary>
internal static class Oids
{
    public const string KeyUsage = "2.5.29.15";
    public const string SubjectAlternativeName = "2.5.29.17";
    public const string BasicConstraints = "2.5.29.19";
    public const string NameConstraints = "2.5.29.30";
    public const string ExtendedKeyUsage = "2.5.29.37";
    public const string EcPublicKey = "1.2.840.10045.2.1";
    public const string ServerAuth = "1.3.6.1.5.5.7.3.1";
    public const string ClientAuth = "1.3.6.1.5.5.7.3.2";

    /// <summary>DER of the named curve P-256 (1.2.840.10045.3.1.7), as it stands in a public key's
    /// parameters.</summary>
    public static ReadOnlySpan<byte> P256 => [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];

    /// <summary>The one extended key usage that belongs to a role.</summary>
    public static string For(LeafUse use) => use == LeafUse.Client ? ClientAuth : ServerAuth;

    /// <summary>An extended key usage list.</summary>
    public static OidCollection Collection(params ReadOnlySpan<string> values)
    {
        var list = new OidCollection();
        foreach (var value in values)
            list.Add(new Oid(value));
        return list;
    }
}
