using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Pelago.Client;

/// <summary>TLS to a server that is known by its key before anything else is trusted: what an <c>EnrolmentTicket</c>
/// names. The chain is not looked at, because the caller does not have its root yet; the name has to fit all the
/// same.</summary>
public static class PinnedServer
{
    /// <summary>A handler that speaks only to the server with this key, dialling as <see cref="NamedConnections"/>
    /// does.</summary>
    /// <param name="serverKeySha256">SHA-256 of the SubjectPublicKeyInfo, lower-case hex.</param>
    /// <param name="connect">Opens the connection; null for <see cref="NamedConnections.OpenAsync"/>.</param>
    public static SocketsHttpHandler CreateHandler(
        string serverKeySha256, Func<string, int, CancellationToken, ValueTask<Stream>>? connect)
    {
        var open = connect ?? NamedConnections.OpenAsync;
        return new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectCallback = (context, ct) => open(context.DnsEndPoint.Host, context.DnsEndPoint.Port, ct),
            SslOptions = Tls(serverKeySha256),
        };
    }

    /// <summary>Settings of TLS that accept only the server with this key.</summary>
    public static SslClientAuthenticationOptions Tls(string serverKeySha256) => new()
    {
        RemoteCertificateValidationCallback = (_, certificate, _, errors)
            => certificate is X509Certificate2 server
            && (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) == SslPolicyErrors.None
            && HasKey(server, serverKeySha256),
    };

    /// <summary>The pin of a certificate: SHA-256 of its SubjectPublicKeyInfo in lower-case hex.</summary>
    public static string PinOf(X509Certificate2 certificate)
        => Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));

    private static bool HasKey(X509Certificate2 certificate, string pin)
        => string.Equals(PinOf(certificate), pin, StringComparison.Ordinal);
}
