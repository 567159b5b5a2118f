using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Tests.Unit.Ingress;

/// <summary>Who gets in between regions, and that nothing reaches an instance from anybody else.</summary>
public sealed class AdmissionTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task InterRegion_PlainText_ReachesNobody()
    {
        await using var world = await IngressWorld.StartAsync();
        await using var plain = await IngressWorld.ConnectAsync(world.Server.InterRegionPort, Stop);

        await plain.WriteAsync(
            Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {IngressWorld.Bookstore.Value}\r\n\r\n"), Stop);
        var answer = await ReadAllAsync(plain);

        answer.ShouldNotContain("200");
        world.BookstoreInstance.Connections.ShouldBe(0);
    }

    public static TheoryData<string> Strangers() =>
        [
            "another group",
            "server certificate",
            "expired",
            "not yet valid",
            "other region's name",
            "no name",
            "self-signed",
            "address",
            "two names",
            "both uses",
        ];

    [Theory]
    [MemberData(nameof(Strangers))]
    public async Task InterRegion_Stranger_ReachesNobody(string kind)
    {
        await using var world = await IngressWorld.StartAsync();
        using var twin = await TestGroup.CreateAsync();
        var context = await StrangerAsync(world, twin, kind);

        var answer = "";
        try
        {
            await using var tls = new SslStream(await IngressWorld.ConnectAsync(world.Server.InterRegionPort, Stop));
            var options = TlsProfiles.InterRegionClient(IngressWorld.Bookstore, context, world.Group.Check(), null);
            options.ApplicationProtocols = [SslApplicationProtocol.Http11];
            await tls.AuthenticateAsClientAsync(options, Stop);
            // In TLS 1.3 the client has finished before the server has judged it: the request may still go out.
            answer = await RawClient.ExchangeAsync(
                tls, $"GET / HTTP/1.1\r\nHost: {IngressWorld.Bookstore.Value}\r\nConnection: close\r\n\r\n");
        }
        catch (Exception e) when (e is IOException or AuthenticationException or SocketException)
        {
            answer.ShouldBeEmpty();
        }
        answer.ShouldBeEmpty();
        world.BookstoreInstance.Connections.ShouldBe(0);
    }

    [Theory]
    [InlineData("second-demo." + IngressWorld.Apps)]
    [InlineData("other.example")]
    [InlineData("")]
    public async Task Public_HostOtherThanSni_Is421(string host)
    {
        await using var world = await IngressWorld.StartAsync();
        await using var tls = await RawClient.PublicAsync(world, IngressWorld.PublicHost);

        var answer = await RawClient.ExchangeAsync(tls, $"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");

        answer.ShouldStartWith("HTTP/1.1 421 ");
        answer.ShouldContain("PLG6004");
        answer.ShouldContain("application/problem+json");
        world.BookstoreInstance.Connections.ShouldBe(0);
    }

    [Fact]
    public async Task InterRegion_SecondAuthorityOnOneConnection_IsJudgedByItself()
    {
        await using var world = await IngressWorld.StartAsync();
        using var client = world.PeerClient(world.ClientOf("bookstore", "demo"));

        using (var first = await client.GetAsync($"https://{IngressWorld.Bookstore.Value}/", Stop))
            first.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://{IngressWorld.Bookstore.Value}/secrets");
        request.Version = HttpVersion.Version20;
        request.Headers.Host = IngressWorld.Vault.Value;
        using var second = await client.SendAsync(request, Stop);

        second.StatusCode.ShouldBe(HttpStatusCode.MisdirectedRequest);
        world.VaultInstance.Connections.ShouldBe(0);
    }

    [Fact]
    public async Task Public_NameWithoutCertificate_EndsTheHandshake()
    {
        await using var world = await IngressWorld.StartAsync();

        await Should.ThrowAsync<Exception>(() => RawClient.PublicAsync(world, "unknown." + IngressWorld.Apps));
        await Should.ThrowAsync<Exception>(() => RawClient.PublicAsync(world, "127.0.0.1"));
    }

    private static async Task<SslStreamCertificateContext> StrangerAsync(
        IngressWorld world,
        TestGroup twin,
        string kind
    )
    {
        const string name = "bookstore.demo.svc." + IngressWorld.CallerApps;
        var (caller, group) = (world.Caller.Certificate, world.Group);
        using var stolen = await group.StealKeyAsync("us-east-1");
        var now = group.Clock.GetUtcNow();
        switch (kind)
        {
            case "another group":
                var foreign = await twin.AddRegionAsync("us-east-1");
                return TestGroup.Leaf(foreign, name).Context;
            case "server certificate":
                return TestGroup.Leaf(world.Caller, name, LeafUse.Server).Context;
            case "self-signed":
                using (var key = ECDsa.Create(ECCurve.NamedCurves.nistP256))
                {
                    var request = new CertificateRequest("CN=self", key, HashAlgorithmName.SHA256);
                    request.CertificateExtensions.Add(Forge.Dns(name));
                    request.CertificateExtensions.Add(Forge.Usage(Forge.Client));
                    return SslStreamCertificateContext.Create(
                        request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1)), null, offline: true);
                }
        }
        var leaf = kind switch
        {
            "expired" => Forged(Forge.Dns(name), now.AddDays(-2), now.AddDays(-1)),
            "not yet valid" => Forged(Forge.Dns(name), now.AddDays(1), now.AddDays(2)),
            "other region's name" => Forged(Forge.Dns("bookstore.demo.svc." + IngressWorld.Apps)),
            "no name" => Forged(null),
            "address" => Forged(Forge.Names(n => n.AddIpAddress(IPAddress.Loopback))),
            "two names" => Forged(Forge.Dns(name, "vault.other.svc." + IngressWorld.CallerApps)),
            _ => Forge.Leaf(caller, stolen, Forge.Dns(name), Forge.Usage(Forge.Client, Forge.Server)),
        };
        return SslStreamCertificateContext.Create(leaf, [caller], offline: true);

        X509Certificate2 Forged(X509Extension? names, DateTimeOffset? from = null, DateTimeOffset? to = null)
            => Forge.Leaf(caller, stolen, names, Forge.Usage(Forge.Client), from, to);
    }

    private static async Task<string> ReadAllAsync(Stream stream)
    {
        try
        {
            using var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
            return await reader.ReadToEndAsync(Stop);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
