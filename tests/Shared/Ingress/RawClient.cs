using System.Net.Security;
using System.Text;
using Pelago.Pki;

namespace Pelago.Tests.Ingress;

/// <summary>HTTP written by hand over TLS: for what no client library would send.</summary>
internal static class RawClient
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<SslStream> PublicAsync(IngressWorld world, string host)
    {
        var options = TlsProfiles.HostClient(host, world.Group.Check(), null);
        options.ApplicationProtocols = [SslApplicationProtocol.Http11];
        return await OpenAsync(world.Server.PublicPort, options);
    }

    public static async Task<SslStream> InterRegionAsync(
        IngressWorld world,
        LeafCertificate certificate,
        bool http2 = false
    )
    {
        var options = TlsProfiles.InterRegionClient(
            IngressWorld.Bookstore, certificate.Context, world.Group.Check(), null);
        options.ApplicationProtocols = [http2 ? SslApplicationProtocol.Http2 : SslApplicationProtocol.Http11];
        return await OpenAsync(world.Server.InterRegionPort, options);
    }

    /// <summary>Sends, and reads until the server closes.</summary>
    public static async Task<string> ExchangeAsync(Stream stream, string request)
    {
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request), Stop);
        using var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
        return await reader.ReadToEndAsync(Stop);
    }

    private static async Task<SslStream> OpenAsync(int port, SslClientAuthenticationOptions options)
    {
        var tls = new SslStream(await IngressWorld.ConnectAsync(port, Stop));
        await tls.AuthenticateAsClientAsync(options, Stop);
        return tls;
    }
}
