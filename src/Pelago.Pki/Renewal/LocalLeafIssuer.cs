namespace Pelago.Pki;

/// <summary>Issues from the intermediate in this very process, for the names that the region itself answers
/// for.</summary>
/// <param name="authority">The intermediate in use, asked at each issuance, so that a rotated one takes over.</param>
/// <param name="grant">What is issued.</param>
public sealed class LocalLeafIssuer(Func<IntermediateAuthority> authority, LeafGrant grant) : ILeafIssuer
{
    /// <inheritdoc />
    public ValueTask<Issuance> IssueAsync(ReadOnlyMemory<byte> signingRequest, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(authority().Issue(signingRequest, grant));
    }
}
