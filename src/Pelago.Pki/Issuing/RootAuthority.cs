using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Pelago.Model;

namespace Pelago.Pki;

/// <summary>The root certificate authority of one region group. Lives in the federation plane only; its key never
/// leaves the <see cref="ISigningKeys"/> it was made in. Safe for concurrent use.</summary>
public sealed class RootAuthority : IDisposable
{
    private const string KeyName = "root";
    private const int MaxFileBytes = 16 * 1024;

    private readonly Signer _signer;
    private readonly Lifetimes _lifetimes;
    private readonly IIssuanceAudit _audit;
    private readonly TimeProvider _clock;

    private RootAuthority(string group, Signer signer, Lifetimes lifetimes, IIssuanceAudit audit, TimeProvider clock)
        => (Group, _signer, _lifetimes, _audit, _clock) = (group, signer, lifetimes, audit, clock);

    /// <summary>The region group.</summary>
    public string Group { get; }

    /// <summary>The root's certificate; owned by this object.</summary>
    public X509Certificate2 Certificate => _signer.Certificate;

    /// <summary>Opens the group's root, and makes key and certificate when there is none yet. A crash between the two
    /// leaves a key that the next call certifies.</summary>
    /// <param name="directory">Holds <c>root.pem</c>, which is public.</param>
    /// <exception cref="PelagoException">PLG3004 lifetimes; PLG3005 the key does not open or is not the certificate's;
    /// PLG3008 the file is another group's.</exception>
    public static async Task<RootAuthority> OpenAsync(string group, string directory, ISigningKeys keys,
        Lifetimes lifetimes, IIssuanceAudit audit, TimeProvider clock, CancellationToken cancellationToken)
    {
        if ((Names.Check(group, "region group") ?? lifetimes.Check()) is { } failure)
            throw failure.ToException();
        var path = Path.Combine(directory, "root.pem");
        var key = await keys.OpenAsync(KeyName, cancellationToken).ConfigureAwait(false);
        try
        {
            var certificate = File.Exists(path)
                ? Load(path, group, key)
                : Create(path, group, key, lifetimes, audit, clock);
            return new RootAuthority(group, new Signer(certificate, key, clock), lifetimes, audit, clock);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Certifies a region's intermediate: 1. the lifetimes are checked, 2. the root is valid now, 3. the request is
    /// read,
    /// 4. the certificate is made with the region's constraints, 5. recorded.
    /// </summary>
    /// <param name="signingRequest">DER, made by the region.</param>
    /// <param name="domain">What the federation plane knows the region by; nothing is taken from the request.</param>
    /// <param name="authorizedBy">For the audit trail.</param>
    /// <param name="life">Null is the policy's; cut to the root's end; refused under six leaf lives.</param>
    /// <returns>The intermediate alone: the root is distributed in the trust bundle.</returns>
    public Issuance CertifyRegion(ReadOnlyMemory<byte> signingRequest, RegionDomain domain, string authorizedBy,
        TimeSpan? life = null)
    {
        // 1. and 2.
        var policy = _lifetimes with { Intermediate = life ?? _lifetimes.Intermediate };
        if ((domain.Check() ?? policy.Check() ?? _signer.CheckValid()) is { } early)
            return Refuse(domain, authorizedBy, early);
        var (notBefore, notAfter) = _signer.Window(policy.Intermediate, policy.Backdate, out var clamped);
        if (
            (policy with { Intermediate = notAfter - _clock.GetUtcNow() + TimeSpan.FromSeconds(1) }).Check() is
            { } tooShort
        )
            return Refuse(domain, authorizedBy, tooShort);

        // 3.
        if (SigningRequest.Read(signingRequest, out var publicKey) is { } bad)
            return Refuse(domain, authorizedBy, bad);
        if (publicKey!.EncodedKeyValue.RawData.AsSpan().SequenceEqual(Certificate.PublicKey.EncodedKeyValue.RawData))
            return Refuse(
                domain,
                authorizedBy,
                new Failure(ErrorCodes.BadSigningRequest, "The request is of the root's own key.",
                    "Make a new key in the region.")
            );

        // 4.
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(domain.Region);
        subject.AddOrganizationName(Group);
        var request = new CertificateRequest(subject.Build(), publicKey, HashAlgorithmName.SHA256);
        Extensions.AddIntermediate(request, domain, Certificate);
        using var issued = request.Create(Certificate.SubjectName, _signer.Generator, notBefore, notAfter,
            Signer.NewSerial());

        // 5.
        _audit.Record(
            new IssuanceRecord(_clock.GetUtcNow(), "intermediate", domain.Region, authorizedBy, issued.SerialNumber,
                notAfter, clamped, Refusal: null)
        );
        return Issuance.Of(new CertificateChain(issued));
    }

    /// <summary>The bundle of this root alone, at an epoch.</summary>
    public TrustBundle ToBundle(long epoch) => TrustBundle.Create(Group, epoch, [Certificate], []);

    /// <inheritdoc />
    public void Dispose() => _signer.Dispose();

    private Issuance Refuse(RegionDomain domain, string authorizedBy, Failure failure)
    {
        _audit.Record(
            new IssuanceRecord(_clock.GetUtcNow(), "intermediate", domain.Region, authorizedBy, "", NotAfter: null,
                Clamped: false, failure.ToString())
        );
        return Issuance.Refused(failure);
    }

    private static X509Certificate2 Create(string path, string group, ECDsa key, Lifetimes lifetimes,
        IIssuanceAudit audit, TimeProvider clock)
    {
        var now = Signer.WholeSeconds(clock.GetUtcNow());
        var request = new CertificateRequest(Subject(group), key, HashAlgorithmName.SHA256);
        Extensions.AddRoot(request);
        var certificate = request.Create(request.SubjectName, X509SignatureGenerator.CreateForECDsa(key),
            now - lifetimes.Backdate, now + lifetimes.Root, Signer.NewSerial());
        audit.Record(
            new IssuanceRecord(now, "root", group, "the federation plane", certificate.SerialNumber,
                now + lifetimes.Root, Clamped: false, Refusal: null)
        );
        SecretFile.Replace(path, Encoding.ASCII.GetBytes(certificate.ExportCertificatePem() + "\n"), ownerOnly: false);
        return certificate;
    }

    private static X509Certificate2 Load(string path, string group, ECDsa key)
    {
        var pem = Encoding.ASCII.GetString(SecretFile.Read(path, MaxFileBytes));
        if (CertificateChain.Parse(pem, out var chain) is { } malformed)
            throw malformed.ToException();
        var certificate = chain!.LoadLeaf();
        if (!certificate.SubjectName.RawData.AsSpan().SequenceEqual(Subject(group).RawData))
            throw new Failure(ErrorCodes.BadCertificateChain, $"'{path}' is not the root of group '{group}'.",
                "Check the group's name and the directory.").ToException();
        if (!KeyOwnership.Belongs(certificate, key))
            throw KeyEncryptionKey.Unusable($"The root key does not belong to the certificate '{path}'.").ToException();
        return certificate;
    }

    private static X500DistinguishedName Subject(string group)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName("Pelago root");
        subject.AddOrganizationName(group);
        return subject.Build();
    }
}
