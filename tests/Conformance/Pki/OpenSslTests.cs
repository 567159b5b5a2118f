using System.Security.Cryptography;
using Pelago.Pki;

namespace Pelago.Tests.Conformance;

/// <summary>Our certificates, requests and bundles, and forgeries of them, before openssl: it knows the standard and
/// nothing of us.</summary>
public sealed class OpenSslTests
{
    private const string Name = ForgedNames.Name;

    [Fact]
    public async Task Chain_OfTheRegion_IsAccepted()
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");
        var leaf = TestGroup.Leaf(authority, Name);

        var verdict = await OpenSsl.VerifyAsync(group, group.Root.Certificate, authority.Certificate, leaf.Certificate);

        verdict.ExitCode.ShouldBe(0, verdict.Output);
    }

    [Theory]
    [MemberData(nameof(ForgedNames.Constrained), MemberType = typeof(ForgedNames))]
    public async Task Name_OutsideTheConstraints_IsRefusedByOpenSslAndByUs(string kind)
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");
        using var stolen = await group.StealKeyAsync("us-east-1");
        using var leaf = ForgedNames.Leaf(authority.Certificate, stolen, kind);

        var verdict = await OpenSsl.VerifyAsync(group, group.Root.Certificate, authority.Certificate, leaf);

        verdict.ExitCode.ShouldNotBe(0, verdict.Output);
        group.Check().CheckClient(leaf, TestGroup.Sent(authority)).Accepted.ShouldBeFalse();
    }

    [Fact]
    public async Task Chain_OfAnotherGroupWithTheSameNames_IsRefused()
    {
        using var group = await TestGroup.CreateAsync();
        using var twin = await TestGroup.CreateAsync();
        var foreign = await twin.AddRegionAsync("us-east-1");
        var leaf = TestGroup.Leaf(foreign, Name);
        twin.Root.Certificate.Subject.ShouldBe(group.Root.Certificate.Subject);

        var verdict = await OpenSsl.VerifyAsync(group, group.Root.Certificate, foreign.Certificate, leaf.Certificate);

        verdict.ExitCode.ShouldNotBe(0);
    }

    [Fact]
    public async Task Request_OfOpenSslForMoreThanItsName_GivesNothingOfIt()
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");
        var made = await OpenSsl.RunAsync(
            "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
            "/CN=evil.example", "-addext", "subjectAltName=DNS:evil.example,IP:127.0.0.1",
            "-addext", "basicConstraints=critical,CA:TRUE",
            "-keyout", Path.Combine(group.Folder, "k"), "-out", Path.Combine(group.Folder, "csr"), "-outform", "DER");
        made.ExitCode.ShouldBe(0, made.Output);
        var csr = await File.ReadAllBytesAsync(
            Path.Combine(group.Folder, "csr"), TestContext.Current.CancellationToken);

        using var leaf = authority.Issue(csr, new LeafGrant(Name, LeafUse.Client, "a test")).Require().LoadLeaf();

        // Nothing that the request asks for is in the certificate.
        leaf.Subject.ShouldBe("");
        var text = await OpenSsl.TextAsync(group, leaf);
        text.ShouldNotContain("evil");
        text.ShouldNotContain("CA:TRUE");
        text.ShouldContain($"DNS:{Name}\n");
    }

    [Fact]
    public async Task Bundle_AsAFile_ServesCurlAndOpenSsl()
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");
        var leaf = TestGroup.Leaf(authority, "api.us-east-1.platform.pelago.localhost", LeafUse.Server);
        var path = Path.Combine(group.Folder, "bundle.pem");
        TrustStore.Open(path).Offer(group.Bundle).ShouldBeNull();

        var verdict = await OpenSsl.RunAsync(
            "openssl", "verify", "-CAfile", path,
            "-untrusted", OpenSsl.Write(group, authority.Certificate), OpenSsl.Write(group, leaf.Certificate));

        verdict.ExitCode.ShouldBe(0, verdict.Output);
    }
}
