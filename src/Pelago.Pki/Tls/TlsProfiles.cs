using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Pelago.Model;

namespace Pelago.Pki;

/// <summary>The TLS settings of every connection that Pelago makes or takes, side by side.</summary>
/// <remarks>TLS 1.3 is preferred and 1.2 still taken. Session resumption is off between regions: a resumed session
/// shows the check no intermediates, and a denied or expired peer would come back through it. The framework's own
/// verdict on the peer's chain (which knows the machine's roots and the wall clock) is ignored on purpose;
/// <see cref="IdentityCheck"/> decides.</remarks>
public static class TlsProfiles
{
    private const SslProtocols Versions = SslProtocols.Tls12 | SslProtocols.Tls13;

    private delegate IdentityResult PeerCheck(X509Certificate2? leaf, X509Certificate2Collection sent);

    /// <summary>Takes connections between regions: a client certificate is required and checked.</summary>
    /// <param name="server">Certificate of the name that the caller asked for.</param>
    /// <param name="check">Decides.</param>
    /// <param name="decided">Told the outcome during the handshake, accepted or not; must not block or throw.</param>
    public static SslServerAuthenticationOptions InterRegionServer(SslStreamCertificateContext server,
        IdentityCheck check, Action<IdentityResult> decided) =>
        new()
        {
            ServerCertificateContext = server,
            EnabledSslProtocols = Versions,
            AllowTlsResume = false,
            AllowRenegotiation = false,
            ClientCertificateRequired = true,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            CertificateChainPolicy = NoDownloads(),
            RemoteCertificateValidationCallback = Callback(check.CheckClient, decided),
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        };

    /// <summary>Opens a connection to a service in another region, HTTP/2 only.</summary>
    /// <param name="dialled">SNI, and the name that the certificate must have.</param>
    /// <param name="client">This service's own certificate, with its intermediate.</param>
    /// <param name="check">Decides.</param>
    /// <param name="decided">Told the outcome, for logs; may be null.</param>
    public static SslClientAuthenticationOptions InterRegionClient(ServiceHostname dialled,
        SslStreamCertificateContext client, IdentityCheck check, Action<IdentityResult>? decided)
    {
        var options = Client(dialled.Value, Callback((leaf, sent) => check.CheckServer(leaf, sent, dialled), decided));
        options.ClientCertificateContext = client;
        options.ApplicationProtocols = [SslApplicationProtocol.Http2];
        return options;
    }

    /// <summary>Takes connections of the public and of API clients: no client certificate.</summary>
    public static SslServerAuthenticationOptions Server(SslStreamCertificateContext server) => new()
    {
        ServerCertificateContext = server,
        EnabledSslProtocols = Versions,
        AllowRenegotiation = false,
        ClientCertificateRequired = false,
        ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
    };

    /// <summary>Opens a connection to a platform host or public name of the group, e.g. an API, without a client
    /// certificate.</summary>
    public static SslClientAuthenticationOptions HostClient(
        string host,
        IdentityCheck check,
        Action<IdentityResult>? decided
    ) => Client(host, Callback((leaf, sent) => check.CheckHost(leaf, sent, host), decided));

    private static SslClientAuthenticationOptions Client(string host, RemoteCertificateValidationCallback callback) =>
        new()
        {
            TargetHost = host,
            EnabledSslProtocols = Versions,
            AllowTlsResume = false,
            AllowRenegotiation = false,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            CertificateChainPolicy = NoDownloads(),
            RemoteCertificateValidationCallback = callback,
        };

    private static RemoteCertificateValidationCallback Callback(PeerCheck check, Action<IdentityResult>? decided)
        => (_, certificate, chain, _) =>
        {
            var result = check(certificate as X509Certificate2, chain?.ChainPolicy.ExtraStore ?? []);
            decided?.Invoke(result);
            return result.Accepted;
        };

    // SslStream builds a chain of its own before it asks the callback. This keeps that chain off the network.
    private static X509ChainPolicy NoDownloads() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
    };
}
