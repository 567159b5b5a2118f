using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pelago.Pki;

namespace Pelago.Tests.Conformance;

/// <summary>Extensions and serials, read by openssl.</summary>
public sealed class CertificateShapeTests
{
    private const string Name = "bookstore.demo.svc.us-east-1.apps.pelago.localhost";

    [Fact]
    public async Task Intermediate_Extensions_AreCriticalAndComplete()
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");

        var text = await OpenSsl.TextAsync(group, authority.Certificate);

        text.ShouldContain("X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0\n");
        text.ShouldContain("X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n");
        text.ShouldContain("X509v3 Name Constraints: critical\n");
        Permitted(text)
            .ShouldBe([
                "DNS:us-east-1.apps.pelago.localhost",
                "DNS:us-east-1.platform.pelago.localhost",
                "email:x@y.invalid",
                "URI:.invalid",
            ]);
        text.ShouldContain(
            "Excluded:\n                  IP:0.0.0.0/0.0.0.0\n                  IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0\n"
        );
        text.ShouldContain("X509v3 Subject Key Identifier");
        text.ShouldContain("X509v3 Authority Key Identifier");
        text.ShouldContain("Subject: O = local, CN = us-east-1\n");
    }

    [Theory]
    [InlineData(LeafUse.Client, "TLS Web Client Authentication")]
    [InlineData(LeafUse.Server, "TLS Web Server Authentication")]
    public async Task Leaf_Extensions_AreOneNameAndOneUse(LeafUse use, string usage)
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");

        var text = await OpenSsl.TextAsync(group, TestGroup.Leaf(authority, Name, use).Certificate);

        text.ShouldContain("X509v3 Basic Constraints: critical\n                CA:FALSE\n");
        text.ShouldContain("X509v3 Key Usage: critical\n                Digital Signature\n");
        text.ShouldContain($"X509v3 Extended Key Usage: \n                {usage}\n");
        text.ShouldContain($"X509v3 Subject Alternative Name: critical\n                DNS:{Name}\n");
        text.ShouldContain("X509v3 Subject Key Identifier");
        text.ShouldContain("X509v3 Authority Key Identifier");
        text.ShouldContain("ASN1 OID: prime256v1");
    }

    [Fact]
    public async Task Root_Extensions_AllowOneLevelOfAuthorities()
    {
        using var group = await TestGroup.CreateAsync();

        var text = await OpenSsl.TextAsync(group, group.Root.Certificate);

        text.ShouldContain("X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:1\n");
        text.ShouldContain("X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n");
        text.ShouldContain("X509v3 Subject Key Identifier");
    }

    [Theory]
    [InlineData(LeafUse.Client, "sslclient", Name)]
    [InlineData(LeafUse.Server, "sslserver", Name)]
    [InlineData(LeafUse.Server, "sslserver", "api.us-east-1.platform.pelago.localhost")]
    [InlineData(LeafUse.Server, "sslserver", "ingress.svc.us-east-1.apps.pelago.localhost")]
    public async Task Chain_OfTheRegion_IsAcceptedByOpenSsl(LeafUse use, string purpose, string name)
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");
        var leaf = TestGroup.Leaf(authority, name, use);

        var outcome = await OpenSsl.VerifyAsync(
            group, group.Root.Certificate, authority.Certificate, leaf.Certificate, purpose);

        outcome.ExitCode.ShouldBe(0, outcome.Output);
    }

    [Fact]
    public async Task Serials_TenThousand_AreUniquePositiveAndShort()
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var csr = SigningRequest.Create(key);
        var seen = new HashSet<BigInteger>();

        for (var i = 0; i < 10_000; i++)
        {
            var issued = authority.Issue(csr, new LeafGrant(Name, LeafUse.Client, "a test")).Require();
            using var leaf = issued.LoadLeaf();
            leaf.SerialNumberBytes.Length.ShouldBeInRange(16, 20);
            var serial = new BigInteger(leaf.SerialNumberBytes.Span, isUnsigned: false, isBigEndian: true);
            serial.Sign.ShouldBe(1);
            seen.Add(serial).ShouldBeTrue("a serial came twice");
        }
        group.Audit.Records.Count(r => r.Kind == "client" && r.Refusal is null).ShouldBe(10_000);
    }

    private static string[] Permitted(string text)
    {
        var lines = text.Split('\n')
            .SkipWhile(l => l.Trim() != "Permitted:")
            .Skip(1)
            .TakeWhile(l => l.Trim() != "Excluded:");
        return [.. lines.Select(l => l.Trim())];
    }
}
