using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using Pelago.Model;

namespace Pelago.Pki;

/// <summary>The name constraints of a region's intermediate (RFC 5280, section 4.2.1.10).</summary>
/// <remarks>
/// A DNS constraint binds DNS names only: with nothing else, an IP address, a URI or a mailbox would pass
/// unconstrained. So every type of name that libraries look at is given a subtree: addresses are excluded altogether,
/// and for URI and mailbox, which have no "exclude all" that every library reads alike, one dummy under <c>.invalid</c>
/// (RFC 2606) is all that is permitted. What constraints cannot say (a certificate without any name) is left to
/// <see cref="IdentityCheck"/>.
/// </remarks>
public static class NameConstraints
{
    private const string DummyMailbox = "x@y.invalid";
    private const string DummyUri = ".invalid";

    private static readonly Asn1Tag Permitted = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag Excluded = new(TagClass.ContextSpecific, 1, isConstructed: true);
    private static readonly Asn1Tag Mailbox = new(TagClass.ContextSpecific, 1);
    private static readonly Asn1Tag DnsName = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag Uri = new(TagClass.ContextSpecific, 6);
    private static readonly Asn1Tag IpAddress = new(TagClass.ContextSpecific, 7);

    /// <summary>The critical extension for a region's names.</summary>
    public static X509Extension For(string appsHostname, string platformHostname)
        => new(Oids.NameConstraints, Encode(appsHostname, platformHostname), critical: true);

    /// <summary>Reads the two host names back out of an intermediate. False unless the extension is there once, is
    /// critical, and is byte for byte what <see cref="For"/> writes: anything else was not made by a Pelago root as it
    /// is meant to.</summary>
    public static bool TryRead(X509Certificate2 intermediate, out string appsHostname, out string platformHostname)
    {
        appsHostname = platformHostname = "";
        var extension = Extensions.Single(intermediate, Oids.NameConstraints);
        if (extension is not { Critical: true })
            return false;
        try
        {
            var permitted = new AsnReader(extension.RawData, AsnEncodingRules.DER)
                .ReadSequence()
                .ReadSequence(Permitted);
            appsHostname = permitted.ReadSequence().ReadCharacterString(UniversalTagNumber.IA5String, DnsName);
            platformHostname = permitted.ReadSequence().ReadCharacterString(UniversalTagNumber.IA5String, DnsName);
        }
        catch (AsnContentException)
        {
            return false;
        }
        return Hostnames.IsStrict(appsHostname)
            && Hostnames.IsStrict(platformHostname)
            && extension.RawData.AsSpan().SequenceEqual(Encode(appsHostname, platformHostname));
    }

    private static byte[] Encode(string appsHostname, string platformHostname)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence(Permitted))
            {
                Subtree(writer, DnsName, appsHostname);
                Subtree(writer, DnsName, platformHostname);
                Subtree(writer, Mailbox, DummyMailbox);
                Subtree(writer, Uri, DummyUri);
            }
            using (writer.PushSequence(Excluded))
            {
                Subtree(writer, new byte[8]); // 0.0.0.0/0: address and mask
                Subtree(writer, new byte[32]); // ::/0
            }
        }
        return writer.Encode();
    }

    private static void Subtree(AsnWriter writer, Asn1Tag tag, string value)
    {
        using (writer.PushSequence())
            writer.WriteCharacterString(UniversalTagNumber.IA5String, value, tag);
    }

    private static void Subtree(AsnWriter writer, byte[] addressAndMask)
    {
        using (writer.PushSequence())
            writer.WriteOctetString(addressAndMask, IpAddress);
    }
}
