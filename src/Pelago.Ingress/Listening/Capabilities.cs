using System.Net.Security;

namespace Pelago.Ingress;

/// <summary>The certificates of the public listener.</summary>
public interface IServerCertificates
{
    /// <summary>The certificate in use for a name (SNI, any case), or null, which ends the handshake. Asked at every
    /// handshake, so that a renewed certificate serves the next one; must not block.</summary>
    SslStreamCertificateContext? Find(string serverName);
}

/// <summary>Mutual TLS of the inter-region listener: who answers, and how the caller is checked.</summary>
public interface IInterRegionTls
{
    /// <summary>Settings for one handshake, or null, which ends it.</summary>
    /// <param name="serverName">The name that the caller asked for (SNI).</param>
    /// <param name="decided">To be called during the handshake with the outcome of the identity check. A connection
    /// without a verified peer serves nothing, whatever TLS said.</param>
    SslServerAuthenticationOptions? Accept(string serverName, Action<PeerVerdict> decided);
}

/// <summary>A caller whose certificate was verified.</summary>
/// <param name="San">Goes on to the instance as <c>Pelago-Client</c>.</param>
/// <param name="Service">Calling service.</param>
/// <param name="Project">Its project; must be the destination's.</param>
/// <param name="Region">Its region.</param>
/// <param name="NotAfter">End of its certificate chain; the connection ends before.</param>
public sealed record VerifiedPeer(string San, string Service, string Project, string Region, DateTimeOffset NotAfter);

/// <summary>Outcome of the identity check.</summary>
/// <param name="Peer">Set when accepted.</param>
/// <param name="Stage">Where it was refused, for the operator.</param>
/// <param name="Reason">One sentence, for the operator.</param>
public sealed record PeerVerdict(VerifiedPeer? Peer, string Stage, string Reason);
