namespace Pelago.Ingress;

/// <summary>Stage 4's result: who answers, over which protocol, on whose behalf.</summary>
/// <param name="Instances">Ready ones, the first to be tried first.</param>
/// <param name="IsStream">A replication stream: HTTP/2 to the remoting endpoint, both directions open for as long as it
/// lasts.</param>
/// <param name="Client">The verified caller, or null on the public listener.</param>
internal sealed record Destination(IReadOnlyList<Upstream> Instances, bool IsStream, VerifiedPeer? Client);
