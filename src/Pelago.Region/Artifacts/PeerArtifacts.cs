using Pelago.Model;

namespace Pelago.Region;

/// <summary>Gets artifacts that this region lacks from the peers, one after the other, through their ingresses. What
/// comes is kept only when it has the digest.</summary>
internal sealed class PeerArtifacts(RegionPeers regions, PeerConnections peers, ArtifactStore artifacts)
    : IArtifactSource
{
    private static readonly TimeSpan TransferTimeout = TimeSpan.FromMinutes(5);

    /// <inheritdoc />
    public async Task FetchAsync(string digest, CancellationToken cancellationToken)
    {
        if (artifacts.Find(digest) is not null)
            return;
        var reasons = new List<string>();
        foreach (var peer in regions.Current)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(TransferTimeout);
            try
            {
                var outcome = await peers.GetAsync(peer, $"/v1/artifacts/{digest}",
                    async (content, ct) => new Outcome(await artifacts.AddAsync(digest, content, ct)), limit.Token);
                if (outcome is { Failure: null })
                    return;
                reasons.Add(outcome is null ? $"{peer.Name} does not have it" : outcome.Failure!.ToString());
            }
            catch (PelagoException e)
            {
                reasons.Add(e.Failure.Message);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                reasons.Add($"{peer.Name} took longer than {TransferTimeout.TotalMinutes:0} minutes");
            }
        }
        throw new Failure(ErrorCodes.ArtifactUnavailable,
            reasons.Count == 0 ? "The artifact is not here, and there are no peers."
                : $"The artifact is not here: {string.Join("; ", reasons)}.",
            "It is tried again; upload the artifact to this region if no other has it.").ToException();
    }

    private sealed record Outcome(Failure? Failure);
}
