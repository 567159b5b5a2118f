namespace Pelago.Ingress;

/// <summary>One running instance behind the ingress.</summary>
/// <param name="Id">For logs.</param>
/// <param name="Url">Its application, HTTP/1.1 cleartext: <c>http://127.0.0.1:7530</c>.</param>
/// <param name="RemotingUrl">Where replication streams go, HTTP/2 cleartext; null when it takes none.</param>
/// <param name="IngressSecret">What proves to the instance that <c>Pelago-Client</c> comes from its ingress.</param>
/// <param name="Ready">Only ready instances get requests.</param>
public sealed record Upstream(string Id, string Url, string? RemotingUrl, string IngressSecret, bool Ready)
{
    /// <summary>Hides the secret.</summary>
    public override string ToString() => $"{nameof(Upstream)} {Id}";
}

/// <summary>A public host name, or a part of its paths, and who answers.</summary>
/// <param name="Host">Exact host, lower case.</param>
/// <param name="PathPrefix"><c>/</c> for all; otherwise whole segments: <c>/api</c> takes <c>/api</c> and
/// <c>/api/x</c>, not <c>/apix</c>. The longest prefix wins.</param>
/// <param name="Instances">Who answers, in turn.</param>
public sealed record PublicRoute(string Host, string PathPrefix, IReadOnlyList<Upstream> Instances);

/// <summary>A service that its peers in other regions reach as <c>service.project.svc.apps</c>.</summary>
public sealed record ServiceRoute(string Service, string Project, IReadOnlyList<Upstream> Instances);
