using Pelago.Model;

namespace Pelago.Pki;

/// <summary>Who is at the other end, as its verified certificate says.</summary>
/// <param name="Name">The one SAN, taken apart.</param>
/// <param name="Region">The region whose intermediate issued it.</param>
/// <param name="NotAfter">When the first certificate of the chain ends: connections end before.</param>
/// <param name="Serial">Of the leaf, upper-case hex, for logs.</param>
public sealed record PeerIdentity(ServiceHostname Name, string Region, DateTimeOffset NotAfter, string Serial)
{
    /// <summary>The SAN, <c>service.project.svc.apps</c>.</summary>
    public string San => Name.Value;
}

/// <summary>The stages of the check, in order; a refusal names the one that refused.</summary>
public enum IdentityStage
{
    /// <summary>All stages passed.</summary>
    Accepted = 0,

    /// <summary>A certificate was presented, and not a heap of them.</summary>
    Presented = 1,

    /// <summary>The library builds a chain to one of the group's roots, constraints included.</summary>
    Chain = 2,

    /// <summary>The chain is leaf, intermediate, root.</summary>
    Length = 3,

    /// <summary>Every certificate is valid now, within the clock's bound.</summary>
    Validity = 4,

    /// <summary>The intermediate is a region's, with the constraints that the root writes, and not denied.</summary>
    Issuer = 5,

    /// <summary>The leaf is for this role alone.</summary>
    Usage = 6,

    /// <summary>Exactly one name, a strict DNS name of the expected form.</summary>
    Name = 7,

    /// <summary>The name is of the issuer's own region.</summary>
    Region = 8,

    /// <summary>The name is the one that was dialled.</summary>
    Dialled = 9,
}

/// <summary>Outcome of the check.</summary>
/// <param name="Stage">Where it ended.</param>
/// <param name="Reason">One sentence for the operator's log; empty when accepted. Not for the peer.</param>
/// <param name="Peer">Set when a service was accepted; null when a platform host was, or when refused.</param>
public sealed record IdentityResult(IdentityStage Stage, string Reason, PeerIdentity? Peer)
{
    /// <summary>Whether every stage passed.</summary>
    public bool Accepted => Stage == IdentityStage.Accepted;
}
