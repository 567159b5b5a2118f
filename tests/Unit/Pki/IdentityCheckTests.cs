using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
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

    /// <summary>What a stolen intermediate may try, and who refuses it: the library by the constraints, or
    /// we.</summary>
    public static TheoryData<string, bool> ForgedNames() => new()
    {
        { "other region", true },
        { "sibling suffix", true },
        { "sibling prefix", true },
        { "ip", true },
        { "ipv6", true },
        { "uri", true },
        { "uri in the dummy domain", false },
        { "mailbox", true },
        { "the dummy mailbox", false },
        { "none at all", false },
        { "none, but a common name", false },
        { "two names", false },
        { "name and address", true },
        { "directory name", false },
        { "wildcard", false },
        { "trailing dot", false },
        { "upper case", false },
        { "empty label", false },
        { "one label more", false },
        { "one label less", false },
        { "underscore", false },
        { "leading hyphen", false },
        { "leading digit", false },
        { "reserved service", false },
        { "nul", false },
        { "not ascii", false },
        { "platform name", false },
        { "the apps name itself", false },
        { "name of 300 characters", false },
        { "not der", false },
        { "empty sequence", false },
        { "trailing bytes", false },
    };

    [Theory]
    [MemberData(nameof(ForgedNames))]
    public async Task Check_ForgedName_IsRefused(string kind, bool openSslRefusesToo)
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");
        using var stolen = await group.StealKeyAsync("us-east-1");
        var subject = kind == "none, but a common name" ? $"CN={Name}" : "CN=forged";
        using var leaf = Forge.Leaf(
            authority.Certificate, stolen, Forged(kind), Forge.Usage(Forge.Client), subject: subject);

        var result = group.Check().CheckClient(leaf, TestGroup.Sent(authority));

        result.Accepted.ShouldBeFalse();
        result.Peer.ShouldBeNull();
        result.Reason.ShouldNotBeEmpty();
        var verdict = await OpenSsl.VerifyAsync(group, group.Root.Certificate, authority.Certificate, leaf);
        if (openSslRefusesToo)
            verdict.ExitCode.ShouldNotBe(0, verdict.Output);
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
        var verdict = await OpenSsl.VerifyAsync(group, group.Root.Certificate, foreign.Certificate, leaf.Certificate);
        verdict.ExitCode.ShouldNotBe(0);
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

    private static X509Extension? Forged(string kind) => kind switch
    {
        "other region" => Forge.Dns("bookstore.demo.svc.eu-west-1.apps.pelago.localhost"),
        "sibling suffix" => Forge.Dns("bookstore.demo.svc.us-east-1.xapps.pelago.localhost"),
        "sibling prefix" => Forge.Dns("bookstore.demo.svc.xus-east-1.apps.pelago.localhost"),
        "ip" => Forge.Names(n => n.AddIpAddress(IPAddress.Loopback)),
        "ipv6" => Forge.Names(n => n.AddIpAddress(IPAddress.IPv6Loopback)),
        "uri" => Forge.Names(n => n.AddUri(new Uri($"https://{Name}/"))),
        "uri in the dummy domain" => Forge.Names(n => n.AddUri(new Uri("https://x.invalid/"))),
        "mailbox" => Forge.Names(n => n.AddEmailAddress("root@" + Apps)),
        "the dummy mailbox" => Forge.Names(n => n.AddEmailAddress("x@y.invalid")),
        "none at all" or "none, but a common name" => null,
        "two names" => Forge.Dns(Name, "vault.demo.svc." + Apps),
        "name and address" => Forge.Names(n =>
        {
            n.AddDnsName(Name);
            n.AddIpAddress(IPAddress.Loopback);
        }),
        "directory name" => Forge.Names(n => n.AddUserPrincipalName("root@" + Apps)),
        "wildcard" => Raw("*.demo.svc." + Apps),
        "trailing dot" => Raw(Name + "."),
        "upper case" => Raw("Bookstore.demo.svc." + Apps),
        "empty label" => Raw("bookstore..svc." + Apps),
        "one label more" => Raw("x.bookstore.demo.svc." + Apps),
        "one label less" => Raw("demo.svc." + Apps),
        "underscore" => Raw("book_store.demo.svc." + Apps),
        "leading hyphen" => Raw("-bookstore.demo.svc." + Apps),
        "leading digit" => Raw("1bookstore.demo.svc." + Apps),
        "reserved service" => Raw("ingress.demo.svc." + Apps),
        "nul" => Raw("bookstore\0.demo.svc." + Apps),
        "not ascii" => Forge.RawDns(Encoding.UTF8.GetBytes("bücher.demo.svc." + Apps)),
        "platform name" => Raw("bookstore.demo.svc.us-east-1.platform.pelago.localhost"),
        "the apps name itself" => Raw(Apps),
        "name of 300 characters" => Raw(new string('a', 240) + "." + Name),
        "not der" => new X509Extension(Forge.San, "hello"u8.ToArray(), false),
        "empty sequence" => new X509Extension(Forge.San, [0x30, 0x00], false),
        "trailing bytes" => new X509Extension(Forge.San, [.. Forge.Dns(Name).RawData, 0x05, 0x00], false),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    private static X509Extension Raw(string name) => Forge.RawDns(Encoding.ASCII.GetBytes(name));
}
