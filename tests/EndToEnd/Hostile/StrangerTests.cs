using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Tests.EndToEnd;

/// <summary>Who knocks at the inter-region ingress of a running world without being a member of its group.</summary>
public sealed class StrangerTests(HostileWorld hostile) : HostileTest(hostile)
{
    private const string Region = "eu-west-1";
    private const string Apps = Region + ".apps.pelago.localhost";
    private static readonly ServiceHostname Bookstore = new("bookstore", "demo", Apps);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ingress_PlainText_AnswersNothing()
    {
        await using var plain = await ConnectAsync();
        (await ExchangeAsync(plain)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Ingress_NoCertificate_Is403BeforeAnyInstanceHearsOfIt()
    {
        var port = await PortAsync();
        var (status, body) = await Hostile.CurlAsync(
            "--resolve", $"{Bookstore.Value}:{port}:127.0.0.1", $"https://{Bookstore.Value}:{port}/carts/7");
        status.ShouldBe(403, body);
        body.ShouldContain(ErrorCodes.PeerNotVerified.Code);
        body.ShouldNotContain("items");
    }

    [Fact]
    public async Task Ingress_CertificateOfAnotherGroupWithTheSameNames_IsCutOff()
    {
        using var twin = await TestGroup.CreateAsync("local");
        var region = await twin.AddRegionAsync("us-east-1");
        var leaf = TestGroup.Leaf(region, "bookstore.demo.svc.us-east-1.apps.pelago.localhost");
        var status = await Hostile.World.StatusAsync();
        TrustBundle.Parse(await File.ReadAllTextAsync(status.TrustBundle, Stop), out var bundle).ShouldBeNull();
        var options = TlsProfiles.InterRegionClient(
            Bookstore, leaf.Context, new IdentityCheck(() => bundle!, TimeProvider.System), null);
        options.ApplicationProtocols = [SslApplicationProtocol.Http11];

        var answer = "";
        try
        {
            await using var tls = new SslStream(await ConnectAsync());
            await tls.AuthenticateAsClientAsync(options, Stop);
            answer = await ExchangeAsync(tls); // in TLS 1.3 the client is done before the server has judged it
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            answer.ShouldBeEmpty();
        }
        answer.ShouldBeEmpty();
    }

    private async Task<int> PortAsync() => new Uri((await Hostile.RegionAsync(Region)).Ingress).Port;

    private async Task<NetworkStream> ConnectAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", await PortAsync(), Stop);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static async Task<string> ExchangeAsync(Stream stream)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /carts/7 HTTP/1.1\r\nHost: {Bookstore.Value}\r\nConnection: close\r\n\r\n"), Stop);
        using var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
        try
        {
            return await reader.ReadToEndAsync(Stop);
        }
        catch (IOException)
        {
            return ""; // a reset is an end without an answer
        }
    }
}
