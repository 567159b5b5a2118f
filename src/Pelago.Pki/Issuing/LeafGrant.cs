namespace Pelago.Pki;

/// <summary>What a leaf is good for: one of the two, never both.</summary>
public enum LeafUse
{
    /// <summary>Opens connections to other regions' ingresses.</summary>
    Client = 1,

    /// <summary>Answers for a host name.</summary>
    Server = 2,
}

/// <summary>What the region authorized before anything is issued: the name and use come from here, never from the
/// request.</summary>
/// <param name="DnsName">The one name, strict lower-case labels.</param>
/// <param name="Use">A client's name must be a service's, <c>service.project.svc.apps</c>.</param>
/// <param name="AuthorizedBy">For the audit trail, e.g. <c>instance 7f3a of demo/bookstore</c>.</param>
/// <param name="Life">Wished life; null is the policy's. A longer one is cut, and the cut is audited.</param>
public sealed record LeafGrant(string DnsName, LeafUse Use, string AuthorizedBy, TimeSpan? Life = null);
