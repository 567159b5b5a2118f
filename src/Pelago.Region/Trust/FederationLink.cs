using System.Net.Security;
using Pelago.Client;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Region;

/// <summary>The way to the federation plane: needed once to enrol, and every sixty days or so for a new
/// intermediate.</summary>
internal sealed class FederationLink(RegionConfig config, TimeProvider clock)
{
    private string Base => $"/v1/groups/{config.Group}/regions/{config.Region}";

    /// <summary>Enrols with a one-time token, at the server whose key the ticket names.</summary>
    /// <exception cref="PelagoException">It is away, or refused.</exception>
    public async Task<RegionEnrolmentGrant> EnrolAsync(EnrolmentTicket ticket, byte[] csr,
        CancellationToken cancellationToken)
    {
        using var connection = Connect(PinnedServer.Tls(ticket.ServerKeySha256));
        return await connection.SendAsync(HttpMethod.Post, Base + "/enrol", new RegionEnrolRequest(ticket.Token, csr),
            FederationJson.Default.RegionEnrolRequest, FederationJson.Default.RegionEnrolmentGrant, cancellationToken);
    }

    /// <summary>Gets a certificate for a new key.</summary>
    /// <exception cref="PelagoException">It is away, or refused.</exception>
    public async Task<RegionRenewal> RenewAsync(TrustBundle bundle, RegionRenewRequest request,
        CancellationToken cancellationToken)
    {
        using var connection = Connect(bundle);
        return await connection.SendAsync(HttpMethod.Post, Base + "/renew", request,
            FederationJson.Default.RegionRenewRequest, FederationJson.Default.RegionRenewal, cancellationToken);
    }

    /// <summary>Gets the group's trust bundle, PEM, from a server that the one in use vouches for.</summary>
    /// <exception cref="PelagoException">It is away, or refused.</exception>
    public async Task<string> GetTrustAsync(TrustBundle bundle, CancellationToken cancellationToken)
    {
        using var connection = Connect(bundle);
        return await connection.GetTextAsync($"/v1/groups/{config.Group}/trust-bundle", cancellationToken);
    }

    private ApiConnection Connect(TrustBundle bundle) => Connect(TlsProfiles.HostClient(
        new Uri(config.FederationApi).Host, new IdentityCheck(() => bundle, clock), decided: null));

    private ApiConnection Connect(SslClientAuthenticationOptions tls)
        => new(new ApiAddress(new Uri(config.FederationApi), [], null) { Connect = config.FederationConnect,
            Tls = tls });
}
