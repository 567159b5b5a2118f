using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Tests.Unit.Pki;

/// <summary>Every stage of the check with a certificate that fails it and no stage before it, made with a stolen
/// intermediate key where the authority itself would not issue it.</summary>
public sealed class IdentityCheckTests
{
    private const string Apps = "us-east-1.apps.pelago.localhost";
    private const string Name = "bookstore.demo.svc." + Apps;

    [Fact]
    public async Task Check_OwnLeaf_IsAccepted()
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");
        var leaf = TestGroup.Leaf(authority, Name);

        var result = group.Check().CheckClient(leaf.Certificate, TestGroup.Sent(authority));

        result.Reason.ShouldBe("");
        result.Accepted.ShouldBeTrue();
        result.Peer.ShouldBe(new PeerIdentity(
            new ServiceHostname("bookstore", "demo", Apps), "us-east-1", leaf.NotAfter, leaf.Certificate.SerialNumber));
    }

    [Theory]
    [MemberData(nameof(ForgedNames.All), MemberType = typeof(ForgedNames))]
    public async Task Check_ForgedName_IsRefused(string kind)
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");
        using var stolen = await group.StealKeyAsync("us-east-1");
        using var leaf = ForgedNames.Leaf(authority.Certificate, stolen, kind);

        var result = group.Check().CheckClient(leaf, TestGroup.Sent(authority));

        result.Accepted.ShouldBeFalse();
        result.Peer.ShouldBeNull();
        result.Reason.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task Check_ForgedExtensionBytes_NeverThrow()
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");
        using var stolen = await group.StealKeyAsync("us-east-1");
        var random = new Random(20300101);
        var good = Forge.Dns(Name).RawData;

        for (var i = 0; i < 300; i++)
        {
            var bytes = (byte[])good.Clone();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (bytes.AsSpan().SequenceEqual(good))
                continue;
            using var leaf = Forge.Leaf(
                authority.Certificate, stolen, new X509Extension(Forge.San, bytes, false), Forge.Usage(Forge.Client));
            var result = group.Check().CheckClient(leaf, TestGroup.Sent(authority));
            if (result.Accepted)
                ServiceHostname.TryParse(result.Peer!.San, Apps, out _).ShouldBeTrue();
        }
    }

    [Theory]
    [InlineData(Forge.Client, Forge.Server)]
    [InlineData(Forge.Server)]
    [InlineData(Forge.Any)]
    [InlineData(Forge.Client, Forge.Any)]
    [InlineData]
    public async Task Check_UsageBesidesClient_IsRefused(params string[] usage)
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");
        using var stolen = await group.StealKeyAsync("us-east-1");
        using var leaf = Forge.Leaf(
            authority.Certificate, stolen, Forge.Dns(Name), usage.Length == 0 ? null : Forge.Usage(usage));

        var result = group.Check().CheckClient(leaf, TestGroup.Sent(authority));

        result.Stage.ShouldBeOneOf(IdentityStage.Chain, IdentityStage.Usage);
    }

    [Theory]
    [InlineData("authority", false)]
    [InlineData("authority without a length", false)]
    [InlineData("signs certificates", false)]
    [InlineData("end entity", true)]
    [InlineData("neither", true)]
    public async Task Check_LeafThatIsAnAuthority_IsRefusedByUsage(string kind, bool accepted)
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");
        using var stolen = await group.StealKeyAsync("us-east-1");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName(""), key, HashAlgorithmName.SHA256);
        X509Extension? constraints = kind switch
        {
            "authority" => X509BasicConstraintsExtension.CreateForCertificateAuthority(0),
            "authority without a length" => X509BasicConstraintsExtension.CreateForCertificateAuthority(),
            "end entity" => X509BasicConstraintsExtension.CreateForEndEntity(critical: true),
            _ => null,
        };
        if (constraints is not null)
            request.CertificateExtensions.Add(constraints);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            kind == "signs certificates" ? X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign
                : X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(Forge.Dns(Name));
        request.CertificateExtensions.Add(Forge.Usage(Forge.Client));
        using var leaf = Forge.Sign(request, authority.Certificate, stolen);

        var result = group.Check().CheckClient(leaf, TestGroup.Sent(authority));

        result.Accepted.ShouldBe(accepted, result.Reason);
        result.Stage.ShouldBe(accepted ? IdentityStage.Accepted : IdentityStage.Usage, result.Reason);
    }

    [Fact]
    public async Task Check_OtherGroupOfTheSameNames_IsRefused()
    {
        using var group = await TestGroup.CreateAsync();
        using var twin = await TestGroup.CreateAsync();
        await group.AddRegionAsync("us-east-1");
        var foreign = await twin.AddRegionAsync("us-east-1");
        var leaf = TestGroup.Leaf(foreign, Name);
        foreign.Certificate.Subject.ShouldBe("CN=us-east-1, O=local");

        group.Check().CheckClient(leaf.Certificate, TestGroup.Sent(foreign)).Stage.ShouldBe(IdentityStage.Chain);
        group.Check().CheckClient(leaf.Certificate, [foreign.Certificate, twin.Root.Certificate]).Stage
            .ShouldBe(IdentityStage.Chain);
    }

    [Fact]
    public async Task Check_NothingPresented_IsRefused()
    {
        using var group = await TestGroup.CreateAsync();

        group.Check().CheckClient(null, []).Stage.ShouldBe(IdentityStage.Presented);
    }

    [Fact]
    public async Task Check_HeapOfCertificates_IsRefusedBeforeChainBuilding()
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");
        X509Certificate2Collection heap = [.. Enumerable.Repeat(authority.Certificate, 50)];

        group.Check().CheckClient(TestGroup.Leaf(authority, Name).Certificate, heap).Stage
            .ShouldBe(IdentityStage.Presented);
    }

    [Fact]
    public async Task Check_LeafSignedByTheRoot_IsRefusedByLength()
    {
        using var group = await TestGroup.CreateAsync();
        using var stolen = await group.StealKeyAsync("root");
        using var leaf = Forge.Leaf(group.Root.Certificate, stolen, Forge.Dns(Name), Forge.Usage(Forge.Client));

        group.Check().CheckClient(leaf, []).Stage.ShouldBe(IdentityStage.Length);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("not critical")]
    [InlineData("another shape")]
    public async Task Check_IntermediateWithOtherConstraints_IsRefusedByIssuer(string constraints)
    {
        using var group = await TestGroup.CreateAsync();
        using var stolen = await group.StealKeyAsync("root");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("O=local, CN=us-east-1", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForCertificateAuthority(0));
        request.CertificateExtensions.Add(
            new X509SubjectKeyIdentifierExtension(key.ExportSubjectPublicKeyInfo(), false)
        );
        var right = NameConstraints.For(Apps, "us-east-1.platform.pelago.localhost");
        if (constraints == "not critical")
            request.CertificateExtensions.Add(new X509Extension(right.Oid!, right.RawData, critical: false));
        if (constraints == "another shape")
        {
            // Permits the same DNS names and says nothing about other kinds of names.
            var writer = new AsnWriter(AsnEncodingRules.DER);
            using (writer.PushSequence())
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true)))
            using (writer.PushSequence())
                writer.WriteCharacterString(
                    UniversalTagNumber.IA5String,
                    Apps,
                    new Asn1Tag(TagClass.ContextSpecific, 2)
                );
            request.CertificateExtensions.Add(new X509Extension(right.Oid!, writer.Encode(), critical: true));
        }
        using var free = Forge.Sign(request, group.Root.Certificate, stolen);
        using var leaf = Forge.Leaf(free, key, Forge.Dns(Name), Forge.Usage(Forge.Client));

        group.Check().CheckClient(leaf, [free]).Stage.ShouldBe(IdentityStage.Issuer);
    }

    [Fact]
    public async Task Check_DeniedIntermediate_IsRefused()
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");
        var leaf = TestGroup.Leaf(authority, Name);
        var hash = authority.Certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant();
        group.Bundle = TrustBundle.Create("local", 2, [group.Root.Certificate], [hash]);

        group.Check().CheckClient(leaf.Certificate, TestGroup.Sent(authority)).Stage.ShouldBe(IdentityStage.Issuer);
    }

    [Fact]
    public async Task CheckServer_OtherThanDialled_IsRefused()
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");
        var sent = TestGroup.Sent(authority);
        var server = TestGroup.Leaf(authority, Name, LeafUse.Server).Certificate;
        var client = TestGroup.Leaf(authority, Name).Certificate;
        var check = group.Check();

        check.CheckServer(server, sent, new ServiceHostname("bookstore", "demo", Apps)).Accepted.ShouldBeTrue();
        check
            .CheckServer(server, sent, new ServiceHostname("vault", "demo", Apps))
            .Stage.ShouldBe(IdentityStage.Dialled);
        check.CheckServer(client, sent, new ServiceHostname("bookstore", "demo", Apps)).Accepted.ShouldBeFalse();
        check.CheckClient(server, sent).Accepted.ShouldBeFalse();
    }

    [Fact]
    public async Task CheckHost_PlatformName_IsAcceptedForThatNameOnly()
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");
        const string api = "api.us-east-1.platform.pelago.localhost";
        var server = TestGroup.Leaf(authority, api, LeafUse.Server).Certificate;

        group.Check().CheckHost(server, TestGroup.Sent(authority), api).Accepted.ShouldBeTrue();
        group.Check().CheckHost(server, TestGroup.Sent(authority), "api.eu-west-1.platform.pelago.localhost").Stage
            .ShouldBe(IdentityStage.Dialled);
    }
}
