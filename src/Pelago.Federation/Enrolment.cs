using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pelago.Api;
using Pelago.Client;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Federation;

/// <summary>Lets regions in: tickets out, certificates for them, and later a new certificate for whoever holds the old
/// one's key. Safe for concurrent use; one change at a time, each durable before it is answered.</summary>
/// <remarks>A token is used once, by one key. The answer may be lost after that, so the same token with the same key
/// gets the same certificate again; with another key it is refused, and nobody else can have the first key.</remarks>
internal sealed class Enrolment(
    FederationConfig config, StateFile state, RootAuthority root, TrustBundle bundle, CausalityKeys causality)
{
    private const int TokenBytes = 32;

    private readonly Lock _gate = new();

    /// <summary>The group's members, ordered.</summary>
    public ImmutableArray<string> Members { get; } =
        [.. config.Regions.Select(r => r.Name).Order(StringComparer.Ordinal)];

    /// <summary>What anybody may know of the group's trust.</summary>
    public TrustBundleDocument Trust { get; } = new(bundle.Epoch, bundle.Pem);

    /// <summary>Hash of the bundle, lower-case hex.</summary>
    public string TrustSha256 => bundle.Sha256;

    /// <summary>The group as an administrator sees it.</summary>
    public GroupView View()
        => new(config.Group, bundle.Epoch, [.. Members.Select(name =>
        {
            var certificate = state.Current.Regions.GetValueOrDefault(name)?.Certificate;
            return new GroupRegionView(name, certificate is not null, certificate is null ? null : EndOf(certificate));
        })]);

    /// <summary>Writes a ticket for every region that has not enrolled and has no valid one, and forgets regions that
    /// the configuration does not name any more.</summary>
    /// <param name="serverKeySha256">Pin of this process's API.</param>
    public void WriteTickets(string serverKeySha256)
    {
        lock (_gate)
        {
            // Whoever left the group and comes back is enrolled anew, with a key of its own.
            var left = state.Current.Regions.Keys.Where(name => !Members.Contains(name)).ToList();
            if (left.Count > 0)
                state.Replace(state.Current with { Regions = state.Current.Regions.RemoveRange(left) });
            foreach (var region in config.Regions)
            {
                var known = state.Current.Regions.GetValueOrDefault(region.Name)
                    ?? new RegionState(null, null, null, 0);
                if (known.EnrolledKeySha256 is null && !IsValidTicket(region.TokenFile, known, serverKeySha256))
                    WriteTicket(region, known, serverKeySha256);
            }
        }
    }

    /// <summary>
    /// Enrols a region: 1. the token is the region's, 2. it was not used, or by the same key, 3. the root certifies the
    /// key for the names that this plane knows the region by, 4. remembered, then answered.
    /// </summary>
    public (RegionEnrolmentGrant? Grant, Failure? Failure) Enrol(string name, RegionEnrolRequest request)
    {
        lock (_gate)
        {
            // 1.
            var region = config.Regions.FirstOrDefault(r => r.Name == name);
            var known = state.Current.Regions.GetValueOrDefault(name);
            if (region is null || known?.TokenSha256 is null || !BearerToken.Matches(request.Token, known.TokenSha256))
                return (null, TokenRefused);

            // 2.
            if (SigningRequest.Read(request.Csr, out var publicKey) is { } malformed)
                return (null, malformed);
            var pin = Pin(publicKey!);
            if (known is { EnrolledKeySha256: { } usedBy, Certificate: { } issued })
                return usedBy == pin ? (Grant(issued), null) : (null, TokenRefused);

            // 3.
            var (certificate, refusal) = Certify(region, request.Csr, "its enrolment token");
            if (certificate is null)
                return (null, refusal);

            // 4.
            Remember(name, known with { EnrolledKeySha256 = pin, Certificate = certificate });
            return (Grant(certificate), null);
        }
    }

    /// <summary>Certifies a new key for a region that proves that it holds the present one. Asked again with the same
    /// key, it answers with the same certificate.</summary>
    public (RegionRenewal? Renewal, Failure? Failure) Renew(string name, RegionRenewRequest request)
    {
        lock (_gate)
        {
            var region = config.Regions.FirstOrDefault(r => r.Name == name);
            var known = state.Current.Regions.GetValueOrDefault(name);
            if (region is null || known?.Certificate is not { } present)
                return (null, ProofRefused);
            if (SigningRequest.Read(request.Csr, out var publicKey) is { } malformed)
                return (null, malformed);
            using var holder = X509Certificate2.CreateFromPem(present);
            if (PinnedServer.PinOf(holder) == Pin(publicKey!))
                return (Renewal(present), null); // public data, and the request's signature proved the key
            using var key = holder.GetECDsaPublicKey()!;
            if (!key.VerifyData(RenewalProof.Of(config.Group, name, request.Csr), request.Proof,
                HashAlgorithmName.SHA256))
                return (null, ProofRefused);
            var (certificate, refusal) = Certify(region, request.Csr, "the key of its present intermediate");
            if (certificate is null)
                return (null, refusal);
            Remember(name, known with { Certificate = certificate, Renewals = known.Renewals + 1 });
            return (Renewal(certificate), null);
        }
    }

    private (string? Certificate, Failure? Failure) Certify(RegionEnrolment region, byte[] csr, string authorizedBy)
    {
        var domain = new RegionDomain(region.Name, region.AppsHostname, region.PlatformHostname);
        var issuance = root.CertifyRegion(csr, domain, authorizedBy);
        return (issuance.Chain?.ToPem(), issuance.Failure);
    }

    private void WriteTicket(RegionEnrolment region, RegionState known, string serverKeySha256)
    {
        var token = Convert.ToBase64String(RandomNumberGenerator.GetBytes(TokenBytes)).TrimEnd('=').Replace('+', '-')
            .Replace('/', '_');
        // The hash first: a ticket that this plane does not know would make its region fail for no visible reason.
        Remember(region.Name, known with { TokenSha256 = BearerToken.Hash(token) });
        PrivateFile.CreateDirectory(Path.GetDirectoryName(region.TokenFile)!);
        PrivateFile.WriteJson(region.TokenFile, new EnrolmentTicket(token, serverKeySha256));
    }

    private static bool IsValidTicket(string path, RegionState known, string serverKeySha256)
        => known.TokenSha256 is { } hash
        && PrivateFile.ReadJson<EnrolmentTicket>(
            path, "Remove it: the federation plane then writes another.") is { } ticket
        && ticket.ServerKeySha256 == serverKeySha256
        && BearerToken.Matches(ticket.Token, hash);

    private void Remember(string name, RegionState region)
        => state.Replace(state.Current with { Regions = state.Current.Regions.SetItem(name, region) });

    private RegionEnrolmentGrant Grant(string certificate) => new(certificate, Trust, causality, Members);

    private RegionRenewal Renewal(string certificate) => new(certificate, Trust, Members);

    private static DateTimeOffset EndOf(string certificate)
    {
        using var parsed = X509Certificate2.CreateFromPem(certificate);
        return parsed.NotAfter.ToUniversalTime();
    }

    private static string Pin(PublicKey key)
        => Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));

    private static Failure TokenRefused { get; } = new(ErrorCodes.EnrolmentRefused,
        "The token is not valid for this region, or was used by another key.",
        "Remove the region's ticket and restart the federation plane for a new one.", "token");

    private static Failure ProofRefused { get; } = new(ErrorCodes.EnrolmentRefused,
        "The region is not enrolled, or the proof is not by the key of its present intermediate.",
        "Renew with the present key; a region that lost it has to be enrolled anew.", "proof");
}
