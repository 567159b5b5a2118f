using System.Security.Cryptography.X509Certificates;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Tests.Conformance;

/// <summary>The inter-region ingress before curl and openssl: who gets in, and what they see of it.</summary>
public sealed class ToolAdmissionTests : IAsyncLifetime
{
    private IngressWorld world = null!;

    public async ValueTask InitializeAsync() => world = await IngressWorld.StartAsync();

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task InterRegion_CurlWithoutCertificate_ReachesNobody()
    {
        var outcome = await CurlAsync(IngressWorld.Bookstore.Value);

        outcome.ExitCode.ShouldBe(0, outcome.Output);
        outcome.Output.ShouldContain(ErrorCodes.PeerNotVerified.Code);
        outcome.Output.ShouldEndWith(" 403");
        world.BookstoreInstance.Connections.ShouldBe(0);
    }

    [Fact]
    public async Task InterRegion_CurlWithCertificate_IsServed()
    {
        var (certificate, key) = WritePem(world.ClientOf("bookstore", "demo"));

        var outcome = await CurlAsync(
            IngressWorld.Bookstore.Value, "--cert", certificate, "--key", key);

        outcome.ExitCode.ShouldBe(0, outcome.Output);
        outcome.Output.ShouldEndWith(" 200");
        world.BookstoreInstance.Requests.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task InterRegion_CurlOfAnotherProject_Is403AndTheInstanceHearsNothing()
    {
        var (certificate, key) = WritePem(world.ClientOf("bookstore", "demo"));

        var outcome = await CurlAsync(
            IngressWorld.Vault.Value, "--cert", certificate, "--key", key);

        outcome.Output.ShouldContain("PLG6003");
        outcome.Output.ShouldEndWith(" 403");
        world.VaultInstance.Connections.ShouldBe(0);
    }

    [Fact]
    public async Task InterRegion_OpenSslClient_GetsLeafAndIntermediateAndCannotResume()
    {
        var (certificate, key) = WritePem(world.ClientOf("bookstore", "demo"));

        var session = Path.Combine(world.Group.Folder, "session");
        var first = await ConnectAsync("-sess_out", session);
        var second = await ConnectAsync("-sess_in", session);

        first.Output.ShouldContain("Verify return code: 0 (ok)");
        first.Output.ShouldContain("HTTP/1.1 200 OK");
        first.Output.ShouldContain("New, TLSv1.3");
        // Leaf and intermediate are sent, the root is not.
        Count(first.Output, "-----BEGIN CERTIFICATE-----").ShouldBe(2);
        // The library hands out a ticket; it must not be worth anything.
        second.Output.ShouldContain("New, TLSv1.3");
        second.Output.ShouldNotContain("Reused, ");
        second.Output.ShouldContain("HTTP/1.1 200 OK");

        Task<OpenSsl.Outcome> ConnectAsync(params string[] more)
            => OpenSsl.RunAsync(
                "openssl",
                $"GET / HTTP/1.1\r\nHost: {IngressWorld.Bookstore.Value}\r\nConnection: close\r\n\r\n",
                [
                    "s_client", "-connect", $"127.0.0.1:{world.Server.InterRegionPort}", "-ign_eof", "-showcerts",
                    "-servername", IngressWorld.Bookstore.Value, "-verify_return_error", "-verify_hostname",
                    IngressWorld.Bookstore.Value, "-CAfile", BundlePath(), "-cert", certificate, "-key", key,
                    "-cert_chain", certificate, .. more,
                ]);
    }

    private Task<OpenSsl.Outcome> CurlAsync(string host, params string[] more)
    {
        var port = world.Server.InterRegionPort;
        return OpenSsl.RunAsync(
            "curl",
            [
                "--silent", "--show-error", "--max-time", "20", "--cacert", BundlePath(), "--resolve",
                $"{host}:{port}:127.0.0.1", "--write-out", " %{http_code}", .. more, $"https://{host}:{port}/",
            ]);
    }

    private string BundlePath()
    {
        var path = Path.Combine(world.Group.Folder, "bundle.pem");
        File.WriteAllText(path, world.Group.Bundle.Pem);
        return path;
    }

    private (string Certificate, string Key) WritePem(LeafCertificate leaf)
    {
        var certificate = Path.Combine(world.Group.Folder, "client.pem");
        var key = Path.Combine(world.Group.Folder, "client.key");
        File.WriteAllText(certificate, leaf.Chain.ToPem());
        using var secret = leaf.Certificate.GetECDsaPrivateKey()!;
        File.WriteAllText(key, secret.ExportPkcs8PrivateKeyPem());
        return (certificate, key);
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
