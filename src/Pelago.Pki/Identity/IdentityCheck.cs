using System.Security.Cryptography.X509Certificates;
using Pelago.Model;

namespace Pelago.Pki;

/// <summary>Decides who a peer is, on every connection between regions, on both sides.</summary>
/// <remarks>
/// Chain building alone does not say who somebody is. Name constraints bind kinds of names that a library knows; a
/// certificate without a name, or with an odd one, passes several well-known libraries. A chain of four, a leaf for
/// both roles, an address beside the name: each is a certificate that nobody here issues, and each is therefore
/// refused, not interpreted. After the library has built the chain, the stages of <see cref="IdentityStage"/> run in
/// order and the first that fails names itself. Rejected: asking the federation plane or a revocation list (a region
/// must decide alone), and reading the peer's region from a directory (the intermediate's constraints, written by the
/// root, already say it and cannot lag behind).
/// </remarks>
/// <param name="bundle">The bundle in use, read at each check.</param>
/// <param name="clock">Tells the time that validity is judged by.</param>
/// <param name="clockBound">How far this clock may be off, either way; one minute unless told.</param>
public sealed class IdentityCheck(Func<TrustBundle> bundle, TimeProvider clock, TimeSpan? clockBound = null)
{
    /// <summary>Certificates a peer may send along; more are refused before any signature is verified.</summary>
    public const int MaxSentCertificates = 8;

    private readonly TimeSpan _clockBound = clockBound ?? TimeSpan.FromMinutes(1);

    /// <summary>Checks a caller: a service of any region of the group, with a client certificate.</summary>
    /// <param name="leaf">What the caller presented, or null.</param>
    /// <param name="sent">What else it sent; untrusted.</param>
    public IdentityResult CheckClient(X509Certificate2? leaf, X509Certificate2Collection sent)
        => Check(leaf, sent, LeafUse.Client, static (name, domain) => Service(name, domain));

    /// <summary>Checks the service that was dialled between regions: a server certificate with exactly that
    /// name.</summary>
    public IdentityResult CheckServer(X509Certificate2? leaf, X509Certificate2Collection sent, ServiceHostname dialled)
        => Check(leaf, sent, LeafUse.Server, (name, domain) =>
        {
            var found = Service(name, domain);
            return found.Accepted && name != dialled.Value ? NotDialled(dialled.Value) : found;
        });

    /// <summary>Checks a host of the platform or a public name (<c>api.…</c>, <c>ingress.svc.…</c>, a generated
    /// name).</summary>
    public IdentityResult CheckHost(X509Certificate2? leaf, X509Certificate2Collection sent, string dialled) =>
        Check(
            leaf,
            sent,
            LeafUse.Server,
            (name, domain) =>
                !domain.Covers(name)
                    ? Refuse(IdentityStage.Region, $"The name is not of region '{domain.Region}', which issued it.")
                : name != dialled ? NotDialled(dialled)
                : new IdentityResult(IdentityStage.Accepted, "", null)
        );

    private IdentityResult Check(X509Certificate2? leaf, X509Certificate2Collection sent, LeafUse use,
        Func<string, RegionDomain, IdentityResult> name)
    {
        if (leaf is null)
            return Refuse(IdentityStage.Presented, "No certificate was presented.");
        if (sent.Count > MaxSentCertificates)
            return Refuse(IdentityStage.Presented,
                $"{sent.Count} certificates were sent along; at most {MaxSentCertificates} are read.");
        var trusted = bundle();
        using var chain = new X509Chain { ChainPolicy = trusted.NewPolicy() };
        chain.ChainPolicy.ExtraStore.AddRange(sent);
        chain.ChainPolicy.ApplicationPolicy.Add(Oids.Collection(Oids.For(use))[0]);
        chain.ChainPolicy.VerificationTime = clock.GetUtcNow().UtcDateTime;
        try
        {
            if (!chain.Build(leaf))
                return Refuse(IdentityStage.Chain, "No chain to the group's roots: " + Describe(chain));
            return CheckBuilt(chain.ChainElements, leaf, use, trusted, name);
        }
        finally
        {
            ChainElements.Release(chain);
        }
    }

    private IdentityResult CheckBuilt(X509ChainElementCollection chain, X509Certificate2 leaf, LeafUse use,
        TrustBundle trusted, Func<string, RegionDomain, IdentityResult> name)
    {
        if (chain.Count != 3)
            return Refuse(IdentityStage.Length,
                $"The chain has {chain.Count} certificates instead of leaf, intermediate and root.");
        var intermediate = chain[1].Certificate;

        var now = clock.GetUtcNow();
        var end = DateTimeOffset.MaxValue;
        foreach (var element in chain)
        {
            DateTimeOffset from = element.Certificate.NotBefore.ToUniversalTime();
            DateTimeOffset to = element.Certificate.NotAfter.ToUniversalTime();
            if (now < from - _clockBound || now > to + _clockBound)
                return Refuse(IdentityStage.Validity,
                    $"'{Label(element.Certificate)}' is valid from {from:u} to {to:u}; it is {now:u}.");
            end = to < end ? to : end;
        }

        if (!NameConstraints.TryRead(intermediate, out var apps, out var platform))
            return Refuse(IdentityStage.Issuer,
                "The issuer is not a region's intermediate with the constraints of a Pelago root.");
        if (trusted.IsDenied(intermediate))
            return Refuse(IdentityStage.Issuer, $"The intermediate '{Label(intermediate)}' is denied.");
        var domain = new RegionDomain(intermediate.GetNameInfo(X509NameType.SimpleName, forIssuer: false), apps,
            platform);

        if (!LeafNames.IsOnlyFor(leaf, use))
            return Refuse(IdentityStage.Usage,
                $"The certificate is not for a {use.ToString().ToLowerInvariant()} alone.");
        if (LeafNames.IsAuthority(leaf))
            return Refuse(IdentityStage.Usage, "The certificate is an authority's, not a service's.");
        if (LeafNames.Single(leaf) is not { } san)
            return Refuse(IdentityStage.Name,
                "The certificate does not have exactly one name, a strictly written DNS name.");

        var result = name(san, domain);
        return result.Peer is { } peer
            ? result with { Peer = peer with { NotAfter = end, Serial = leaf.SerialNumber } }
            : result;
    }

    private static IdentityResult Service(string name, RegionDomain domain)
    {
        if (!Hostnames.IsUnder(name, domain.AppsHostname))
            return Refuse(IdentityStage.Region, $"The name is not of region '{domain.Region}', which issued it.");
        return ServiceHostname.TryParse(name, domain.AppsHostname, out var parsed)
            ? new IdentityResult(IdentityStage.Accepted, "", new PeerIdentity(parsed!, domain.Region, default, ""))
            : Refuse(IdentityStage.Name, "The name is not service.project.svc.apps-hostname.");
    }

    private static IdentityResult NotDialled(string dialled)
        => Refuse(IdentityStage.Dialled, $"The certificate is not of '{dialled}', which was dialled.");

    private static IdentityResult Refuse(IdentityStage stage, string reason) => new(stage, reason, null);

    private static string Describe(X509Chain chain)
        => string.Join(", ", chain.ChainStatus.Select(s => s.Status).Distinct().Order());

    // Names of certificates are a stranger's text: kept short and printable before they enter a log.
    private static string Label(X509Certificate2 certificate)
    {
        var text = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        return new string([
            .. text.Take(64).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or ' ' ? c : '?'),
        ]);
    }
}
