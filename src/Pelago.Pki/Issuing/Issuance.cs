using Pelago.Model;

namespace Pelago.Pki;

/// <summary>What came of asking an authority: a chain, or the reason why not.</summary>
public sealed record Issuance
{
    private Issuance(CertificateChain? chain, Failure? failure) => (Chain, Failure) = (chain, failure);

    /// <summary>The certificate and its issuer; null when refused.</summary>
    public CertificateChain? Chain { get; }

    /// <summary>Why it was refused; null when issued.</summary>
    public Failure? Failure { get; }

    /// <summary>Issued.</summary>
    public static Issuance Of(CertificateChain chain) => new(chain, null);

    /// <summary>Refused.</summary>
    public static Issuance Refused(Failure failure) => new(null, failure);

    /// <summary>The chain, or the failure as an exception.</summary>
    public CertificateChain Require() => Chain ?? throw Failure!.ToException();
}
