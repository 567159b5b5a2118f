using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Bookstore.Importer;

namespace Pelago.Tests.Unit;

public sealed class ImporterTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pelago-import-");

    private string Index => Path.Combine(_root.FullName, "index");

    private string Roots => Path.Combine(_root.FullName, "roots.pem");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void Arguments_DirectoryAsFile_IsCalledOne()
    {
        Arguments.Parse([_root.FullName, "--url", "http://localhost"], out var mistake).ShouldBeNull();
        mistake.ShouldBe($"'{_root.FullName}' is a directory, not a file");
        Arguments.Parse([Index, "--url", "http://localhost"], out mistake).ShouldBeNull();
        mistake.ShouldBe($"'{Index}' does not exist");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100_000)]
    public async Task Run_FileWithoutARecord_IsRefused(int bytes)
    {
        var content = new byte[bytes];
        new Random(1).NextBytes(content);
        await File.WriteAllBytesAsync(Index, content, Stop);
        var arguments = Arguments.Parse([Index, "--url", "http://localhost:1"], out _).ShouldNotBeNull();
        var refused = await Should.ThrowAsync<InvalidDataException>(
            () => new ImportRun(arguments, TimeProvider.System).RunAsync(Stop));
        refused.Message.ShouldContain("no Debian package index");
        Directory.GetFiles(_root.FullName).ShouldBe([Index]);
    }

    [Fact]
    public async Task Run_ThatGoesOn_CountsWhatWasRefusedBefore()
    {
        await File.WriteAllTextAsync(Index, "Package: bad\nVersion: 1\n\nPackage: good\nVersion: 1\n", Stop);
        var arguments = Arguments.Parse([Index, "--url", "http://localhost:1"], out _).ShouldNotBeNull();
        var interrupted = new Checkpoint(Index, arguments.Url);
        interrupted.Refused(0, "bad: 400 {\n}");
        interrupted.Done(0);
        interrupted.Done(1);
        interrupted.Save();

        var summary = await new ImportRun(arguments, TimeProvider.System).RunAsync(Stop);

        summary.Refused.ShouldBe(["bad: 400 { }"]);
        summary.Books.ShouldBe(1);
    }

    [Fact]
    public void Checkpoint_RefusalThatIsSentAgain_IsNotKept()
    {
        File.WriteAllText(Index, "Package: bad\nVersion: 1\n");
        var url = new Uri("http://localhost:1");
        var interrupted = new Checkpoint(Index, url);
        interrupted.Refused(0, "first");
        interrupted.Done(0);
        interrupted.Refused(2, "third, and the second is still under way");
        interrupted.Done(2);
        interrupted.Save();

        var again = new Checkpoint(Index, url);
        again.Through.ShouldBe(1);
        again.Refusals.ShouldBe(["first"]);
        var anew = new Checkpoint(Index, url, restart: true);
        anew.Through.ShouldBe(0);
        anew.Refusals.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("not a certificate", "holds no certificate in PEM")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read")]
    public void Client_RootsThatAreNone_IsRefused(string content, string why)
    {
        File.WriteAllText(Roots, content);
        Should.Throw<InvalidDataException>(() => Client(new Uri("https://localhost:1"), TimeProvider.System))
            .Message.ShouldContain(why);
    }

    [Fact]
    public async Task Client_CertificateThatIsNotTrusted_IsRefusedAtOnce()
    {
        using var own = Certificate("CN=localhost");
        using var other = Certificate("CN=other");
        await File.WriteAllTextAsync(Roots, other.ExportCertificatePem(), Stop);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeOneAsync(listener, own);
        var url = new Uri($"https://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}");
        using var client = Client(url, new FakeClock()); // no pause ever ends

        var refused = await Should.ThrowAsync<AuthenticationException>(() => client.PutAsync(Book, Stop));

        refused.Message.ShouldContain("certificate");
        await serving;
    }

    [Fact]
    public async Task Client_ServiceThatIsAway_SaysWhyWhileItRetries()
    {
        using var own = Certificate("CN=localhost");
        await File.WriteAllTextAsync(Roots, own.ExportCertificatePem(), Stop);
        using var taken = new Socket(SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // bound and not listening: connections are refused
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        using var client = Client(
            new Uri($"https://localhost:{((IPEndPoint)taken.LocalEndPoint!).Port}"), new FakeClock());
        client.LastTrouble.ShouldBeNull();
        var putting = client.PutAsync(Book, limit.Token);
        await Eventually.BeTrue(() => client.LastTrouble?.Contains("refused", StringComparison.Ordinal) == true,
            "the reason");
        await limit.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => putting);
    }

    private static Package Book => new(0, "bash", "5.2", "somebody", "a shell", "");

    private BookClient Client(Uri url, TimeProvider clock) => new(url, Roots, 1, TimeSpan.FromMinutes(5), clock);

    private static async Task ServeOneAsync(TcpListener listener, X509Certificate2 certificate)
    {
        using var connection = await listener.AcceptTcpClientAsync(Stop);
        await using var stream = new SslStream(connection.GetStream());
        try
        {
            await stream.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions { ServerCertificate = certificate }, Stop);
            await stream.ReadAsync(new byte[1], Stop);
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            // The client goes away, as it should.
        }
    }

    private static X509Certificate2 Certificate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddHours(-1), now.AddHours(1));
    }
}
