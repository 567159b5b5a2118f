using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pelago.Model;

namespace Pelago.Pki;

/// <summary>A region's certificate authority: issues the leaves of its services and ingress, federation plane up or
/// down. Safe for concurrent use.</summary>
public sealed class IntermediateAuthority : IDisposable
{
    private readonly Signer _signer;
    private readonly Lifetimes _lifetimes;
    private readonly IIssuanceAudit _audit;
    private readonly TimeProvider _clock;

    private IntermediateAuthority(
        RegionDomain domain,
        Signer signer,
        Lifetimes lifetimes,
        IIssuanceAudit audit,
        TimeProvider clock
    ) => (Domain, _signer, _lifetimes, _audit, _clock) = (domain, signer, lifetimes, audit, clock);

    /// <summary>The region.</summary>
    public RegionDomain Domain { get; }

    /// <summary>The intermediate's certificate; owned by this object.</summary>
    public X509Certificate2 Certificate => _signer.Certificate;

    /// <summary>A signing request of the region's key, which is made when it is not there yet and stays where it
    /// is.</summary>
    /// <param name="keys">The region's keys.</param>
    /// <param name="keyName">A new name at each rotation, e.g. <c>intermediate-1</c>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<byte[]> RequestAsync(ISigningKeys keys, string keyName,
        CancellationToken cancellationToken)
    {
        using var key = await keys.OpenAsync(keyName, cancellationToken).ConfigureAwait(false);
        return SigningRequest.Create(key);
    }

    /// <summary>Opens the authority with the certificate that the root made of <see cref="RequestAsync"/>'s request. An
    /// expired certificate opens too, and issues nothing.</summary>
    /// <exception cref="PelagoException">PLG3004 it lives shorter than six leaf lives; PLG3005 the key is not the
    /// certificate's; PLG3008 it is not an intermediate of this region, or not by any of the bundle's
    /// roots.</exception>
    public static async Task<IntermediateAuthority> OpenAsync(RegionDomain domain, CertificateChain issued,
        TrustBundle bundle, ISigningKeys keys, string keyName, Lifetimes lifetimes, IIssuanceAudit audit,
        TimeProvider clock, CancellationToken cancellationToken)
    {
        if ((domain.Check() ?? lifetimes.Check()) is { } failure)
            throw failure.ToException();
        var certificate = issued.LoadLeaf();
        ECDsa? key = null;
        try
        {
            key = await keys.OpenAsync(keyName, cancellationToken).ConfigureAwait(false);
            if (CheckFits(certificate, domain, bundle, key, lifetimes) is { } unfit)
                throw unfit.ToException();
            return new IntermediateAuthority(domain, new Signer(certificate, key, clock), lifetimes, audit, clock);
        }
        catch
        {
            key?.Dispose();
            certificate.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Issues a leaf: 1. the grant's name is one that this region has, 2. the intermediate is valid now, 3. the request
    /// is read for its key, 4. the certificate is made, never beyond the intermediate's end, 5. recorded.
    /// </summary>
    public Issuance Issue(ReadOnlyMemory<byte> signingRequest, LeafGrant grant)
    {
        // 1. and 2.
        if ((CheckName(grant) ?? _signer.CheckValid()) is { } early)
            return Refuse(grant, early);

        // 3.
        if (SigningRequest.Read(signingRequest, out var publicKey) is { } bad)
            return Refuse(grant, bad);
        if (publicKey!.EncodedKeyValue.RawData.AsSpan().SequenceEqual(Certificate.PublicKey.EncodedKeyValue.RawData))
            return Refuse(grant, new Failure(ErrorCodes.BadSigningRequest, "The request is of the issuer's own key.",
                "Make a new key in the instance."));

        // 4.
        var wished = grant.Life ?? _lifetimes.Leaf;
        if (wished < TimeSpan.FromSeconds(1))
            return Refuse(grant,
                new Failure(ErrorCodes.BadLifetimes, $"A life of {wished} is too short.", "Leave it out."));
        var overPolicy = wished > _lifetimes.Leaf;
        var (notBefore, notAfter) = _signer.Window(overPolicy ? _lifetimes.Leaf : wished, _lifetimes.Backdate,
            out var overIssuer);
        var request = new CertificateRequest(new X500DistinguishedName(""), publicKey, HashAlgorithmName.SHA256);
        Extensions.AddLeaf(request, grant.DnsName, grant.Use, Certificate);
        using var issued = request.Create(Certificate.SubjectName, _signer.Generator, notBefore, notAfter,
            Signer.NewSerial());

        // 5.
        _audit.Record(
            new IssuanceRecord(_clock.GetUtcNow(), Kind(grant), grant.DnsName, grant.AuthorizedBy, issued.SerialNumber,
                notAfter, overPolicy || overIssuer, Refusal: null)
        );
        return Issuance.Of(new CertificateChain(issued, Certificate));
    }

    /// <inheritdoc />
    public void Dispose() => _signer.Dispose();

    private static Failure? CheckFits(X509Certificate2 certificate, RegionDomain domain, TrustBundle bundle, ECDsa key,
        Lifetimes lifetimes)
    {
        if (!KeyOwnership.Belongs(certificate, key))
            return KeyEncryptionKey.Unusable(
                $"The key of region '{domain.Region}' does not belong to its intermediate.");
        if (
            !NameConstraints.TryRead(certificate, out var apps, out var platform)
            || apps != domain.AppsHostname
            || platform != domain.PlatformHostname
            || certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false) != domain.Region)
            return Unfit($"The certificate is not an intermediate of region '{domain.Region}'.");
        if (!bundle.Issued(certificate))
            return Unfit($"The intermediate of region '{domain.Region}' is not by any root of group '{bundle.Group}'.");
        return (lifetimes with { Intermediate = certificate.NotAfter - certificate.NotBefore }).Check();
    }

    private Failure? CheckName(LeafGrant grant)
    {
        var allowed = grant.Use switch
        {
            LeafUse.Client => ServiceHostname.TryParse(grant.DnsName, Domain.AppsHostname, out _),
            LeafUse.Server => Hostnames.IsStrict(grant.DnsName) && Domain.Covers(grant.DnsName),
            _ => false,
        };
        return allowed
            ? null
            : new Failure(ErrorCodes.NameNotPermitted,
                $"Region '{Domain.Region}' does not issue a {Kind(grant)} certificate for that name.",
                $"Names end with {Domain.AppsHostname}; a client's is service.project.svc.{Domain.AppsHostname}.",
                "dnsName");
    }

    private Issuance Refuse(LeafGrant grant, Failure failure)
    {
        _audit.Record(
            new IssuanceRecord(_clock.GetUtcNow(), Kind(grant), grant.DnsName, grant.AuthorizedBy, "", NotAfter: null,
                Clamped: false, failure.ToString())
        );
        return Issuance.Refused(failure);
    }

    private static Failure Unfit(string message)
        => new(ErrorCodes.BadCertificateChain, message, "Enrol the region again.");

    private static string Kind(LeafGrant grant) => grant.Use == LeafUse.Client ? "client" : "server";
}
