namespace Pelago.Pki;

/// <summary>One issuance, or one refusal to issue, for the audit trail. Holds nothing secret.</summary>
/// <param name="At">When, by the issuer's clock.</param>
/// <param name="Kind"><c>root</c>, <c>intermediate</c>, <c>client</c> or <c>server</c>.</param>
/// <param name="Name">The DNS name, or the region for an intermediate, or the group for a root.</param>
/// <param name="AuthorizedBy">Who asked, in the caller's words.</param>
/// <param name="Serial">Upper-case hex; empty when refused.</param>
/// <param name="NotAfter">End of the certificate; null when refused.</param>
/// <param name="Clamped">The life asked for was longer than the policy's or the issuer's rest, and was cut.</param>
/// <param name="Refusal">Code and sentence of the refusal, or null.</param>
public sealed record IssuanceRecord(
    DateTimeOffset At,
    string Kind,
    string Name,
    string AuthorizedBy,
    string Serial,
    DateTimeOffset? NotAfter,
    bool Clamped,
    string? Refusal);

/// <summary>Where issuances are recorded. A certificate is handed out only after its record was taken.</summary>
public interface IIssuanceAudit
{
    /// <summary>Takes a record durably, or throws, in which case the certificate is not handed out.</summary>
    void Record(IssuanceRecord record);
}
