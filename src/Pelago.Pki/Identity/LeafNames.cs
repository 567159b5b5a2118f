using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using Pelago.Model;

namespace Pelago.Pki;

/// <summary>Reads a leaf's one name and one usage out of the DER itself. The framework's own readers are lenient (they
/// skip kinds of names that they do not know), and a name that is skipped here might count elsewhere.</summary>
internal static class LeafNames
{
    private static readonly Asn1Tag DnsName = new(TagClass.ContextSpecific, 2);

    /// <summary>The name, when the certificate has one alternative-name extension that holds one entry, a DNS name,
    /// strictly written; null otherwise. Never throws.</summary>
    public static string? Single(X509Certificate2 leaf)
    {
        if (Extensions.Single(leaf, Oids.SubjectAlternativeName) is not { } extension)
            return null;
        try
        {
            var outer = new AsnReader(extension.RawData, AsnEncodingRules.DER);
            var names = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            var name = names.ReadCharacterString(UniversalTagNumber.IA5String, DnsName);
            names.ThrowIfNotEmpty();
            return Hostnames.IsStrict(name) ? name : null;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    /// <summary>Whether the certificate could pass for an authority's: its basic constraints are other than those of an
    /// end entity, whose content is an empty sequence, or its key may sign certificates. Never throws.</summary>
    public static bool IsAuthority(X509Certificate2 leaf)
    {
        foreach (var extension in leaf.Extensions)
        {
            if (extension.Oid?.Value == Oids.BasicConstraints && extension.RawData is not [0x30, 0x00])
                return true;
            if (extension.Oid?.Value == Oids.KeyUsage && MaySignCertificates(extension.RawData))
                return true;
        }
        return false;
    }

    // Bit 5 counted from the first (RFC 5280, section 4.2.1.3). What cannot be read may mean anything.
    private static bool MaySignCertificates(byte[] keyUsage)
    {
        try
        {
            var reader = new AsnReader(keyUsage, AsnEncodingRules.DER);
            var bits = reader.ReadNamedBitList();
            return reader.HasData || (bits.Length > 5 && bits[5]);
        }
        catch (AsnContentException)
        {
            return true;
        }
    }

    /// <summary>Whether the leaf's extended key usage is this one and nothing beside it.</summary>
    public static bool IsOnlyFor(X509Certificate2 leaf, LeafUse use)
    {
        if (Extensions.Single(leaf, Oids.ExtendedKeyUsage) is not { } extension)
            return false;
        try
        {
            var outer = new AsnReader(extension.RawData, AsnEncodingRules.DER);
            var usages = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            var usage = usages.ReadObjectIdentifier();
            return !usages.HasData && usage == Oids.For(use);
        }
        catch (AsnContentException)
        {
            return false;
        }
    }
}
