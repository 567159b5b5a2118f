using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pelago.Model;

namespace Pelago.Pki;

/// <summary>A leaf with its key, ready for handshakes: leaf and intermediate are sent, the root is not. Immutable. Not
/// disposed when it is replaced, because handshakes in flight may still use it; a process makes one every sixteen
/// hours.</summary>
public sealed class LeafCertificate
{
    private LeafCertificate(X509Certificate2 certificate, SslStreamCertificateContext context, CertificateChain chain)
        => (Certificate, Context, Chain) = (certificate, context, chain);

    /// <summary>The leaf, with its private key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>What <c>SslStream</c> and Kestrel take.</summary>
    public SslStreamCertificateContext Context { get; }

    /// <summary>Leaf and intermediate without the key.</summary>
    public CertificateChain Chain { get; }

    /// <summary>Begin of validity.</summary>
    public DateTimeOffset NotBefore => Certificate.NotBefore.ToUniversalTime();

    /// <summary>End of validity.</summary>
    public DateTimeOffset NotAfter => Certificate.NotAfter.ToUniversalTime();

    /// <summary>Joins an issued chain and the key that its request was made of.</summary>
    /// <exception cref="PelagoException">PLG3008: the chain is not of this key.</exception>
    public static LeafCertificate Join(CertificateChain chain, ECDsa key)
    {
        using var bare = chain.LoadLeaf();
        if (!KeyOwnership.Belongs(bare, key))
            throw new Failure(ErrorCodes.BadCertificateChain, "The issued certificate is of another key.",
                "Ask the issuer again.").ToException();
        var leaf = bare.CopyWithPrivateKey(key);
        // Offline: no download of missing issuers; what the issuer gave is what is sent.
        return new LeafCertificate(leaf, SslStreamCertificateContext.Create(leaf, chain.LoadIssuers(), offline: true),
            chain);
    }
}
