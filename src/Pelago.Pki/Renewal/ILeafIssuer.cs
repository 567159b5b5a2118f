namespace Pelago.Pki;

/// <summary>Whoever turns a signing request into a chain: the region's own intermediate, or the region over the wire.
/// It alone decides the name.</summary>
public interface ILeafIssuer
{
    /// <summary>Issues for a DER request, or says why not. An exception other than cancellation counts as
    /// "away".</summary>
    ValueTask<Issuance> IssueAsync(ReadOnlyMemory<byte> signingRequest, CancellationToken cancellationToken);
}
