using System.Security.Cryptography;
using System.Text;
using Pelago.Model;

namespace Pelago.Entities;

/// <summary>Decides whose replication streams are taken. The ingress has verified the caller's certificate and says
/// its name; the secret proves that it was the ingress who said it.</summary>
public sealed class ReplicationAccess
{
    private readonly byte[] secret;
    private readonly string service;
    private readonly string project;
    private readonly Func<IReadOnlyList<PeerRegion>> peers;

    /// <summary>Access for one service.</summary>
    /// <param name="ingressSecret">What this region's ingress sends along to this instance, and nobody else
    /// knows.</param>
    /// <param name="service">This service: only its own instances replicate with it.</param>
    /// <param name="project">Its project.</param>
    /// <param name="peers">The other regions of the group, as configured now.</param>
    public ReplicationAccess(string ingressSecret, string service, string project,
        Func<IReadOnlyList<PeerRegion>> peers)
    {
        secret = Encoding.UTF8.GetBytes(ingressSecret);
        (this.service, this.project, this.peers) = (service, project, peers);
    }

    /// <summary>Header that carries the secret.</summary>
    public const string SecretHeader = "Pelago-Ingress-Secret";

    /// <summary>Header that carries the verified name of the caller.</summary>
    public const string ClientHeader = "Pelago-Client";

    /// <summary>True when the request came through this region's ingress. Takes the same time for every wrong secret
    /// of the right length.</summary>
    public bool CameThroughIngress(string? sent)
        => sent is not null && secret.Length > 0
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(sent), secret);

    /// <summary>The peer region whose instance of this service has that name; null when there is none.</summary>
    public string? PeerRegionOf(string? client)
    {
        if (client is null)
            return null;
        foreach (var peer in peers())
        {
            if (client == $"{service}.{project}.svc.{peer.AppsHostname}")
                return peer.Name;
        }
        return null;
    }
}
