using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Tests.Conformance;

/// <summary>Dates, at every level, by our clock and by openssl's.</summary>
public sealed class ValidityTests
{
    private const string Name = "bookstore.demo.svc.us-east-1.apps.pelago.localhost";

    private static readonly Lifetimes Short = new()
    {
        Root = TimeSpan.FromDays(20),
        Intermediate = TimeSpan.FromDays(10),
        Leaf = TimeSpan.FromDays(1),
    };

    [Theory]
    [InlineData(-1.0, false)] // before everything
    [InlineData(0.5, true)]
    [InlineData(1.1, false)] // the leaf has ended
    [InlineData(11.0, false)] // the intermediate has ended
    [InlineData(21.0, false)] // the root has ended
    public async Task Check_OverTime_AcceptsOnlyWhileAllAreValid(double atDays, bool accepted)
    {
        var clock = new FakeClock();
        using var group = await TestGroup.CreateAsync(clock: clock, lifetimes: Short);
        var authority = await group.AddRegionAsync("us-east-1");
        var leaf = TestGroup.Leaf(authority, Name);
        var at = clock.GetUtcNow().AddDays(atDays);

        var check = new IdentityCheck(() => group.Bundle, new FakeClock(at));

        var result = check.CheckClient(leaf.Certificate, TestGroup.Sent(authority));
        result.Accepted.ShouldBe(accepted, result.Reason);
        if (!accepted)
            result.Stage.ShouldBe(IdentityStage.Validity);
        var verdict = await OpenSsl.VerifyAsync(
            group, group.Root.Certificate, authority.Certificate, leaf.Certificate, at: at);
        (verdict.ExitCode == 0).ShouldBe(accepted, verdict.Output);
    }

    [Theory]
    [InlineData("leaf")]
    [InlineData("intermediate")]
    [InlineData("root")]
    public async Task Check_ExpiredAtOneLevel_IsRefused(string level)
    {
        var clock = new FakeClock();
        using var group = await TestGroup.CreateAsync(clock: clock, lifetimes: Short);
        var authority = await group.AddRegionAsync("us-east-1");
        using var stolen = await group.StealKeyAsync("us-east-1");
        var now = clock.GetUtcNow();
        // A leaf that outlives its issuers, so that the level in question is the only one at fault.
        var end = level == "leaf" ? now.AddDays(1) : now.AddDays(60);
        using var leaf = Forge.Leaf(
            authority.Certificate, stolen, Forge.Dns(Name), Forge.Usage(Forge.Client), now.AddDays(-1), end);
        var at = now.AddDays(level switch { "leaf" => 2, "intermediate" => 11, _ => 21 });

        var result = new IdentityCheck(() => group.Bundle, new FakeClock(at))
            .CheckClient(leaf, TestGroup.Sent(authority));

        result.Stage.ShouldBe(IdentityStage.Validity);
        var verdict = await OpenSsl.VerifyAsync(group, group.Root.Certificate, authority.Certificate, leaf, at: at);
        verdict.ExitCode.ShouldNotBe(0);
    }

    /// <summary>A chain of which one level begins two days from now; the others have begun long ago.</summary>
    [Theory]
    [InlineData("leaf")]
    [InlineData("intermediate")]
    [InlineData("root")]
    public async Task Check_NotYetValidAtOneLevel_IsRefusedUntilThen(string level)
    {
        var clock = new FakeClock();
        using var group = await TestGroup.CreateAsync(clock: clock, lifetimes: Short);
        using var rootKey = await group.StealKeyAsync("root");
        using var regionKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = clock.GetUtcNow();
        var region = new CertificateRequest("O=local, CN=us-east-1", regionKey, HashAlgorithmName.SHA256);
        region.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForCertificateAuthority(0));
        region.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        region.CertificateExtensions.Add(
            new X509SubjectKeyIdentifierExtension(regionKey.ExportSubjectPublicKeyInfo(), critical: false));
        region.CertificateExtensions.Add(
            NameConstraints.For("us-east-1.apps.pelago.localhost", "us-east-1.platform.pelago.localhost"));
        using var intermediate = Forge.Sign(
            region, group.Root.Certificate, rootKey, now.AddDays(level == "intermediate" ? 2 : -10), now.AddDays(9));
        using var leaf = Forge.Leaf(intermediate, regionKey, Forge.Dns(Name), Forge.Usage(Forge.Client),
            now.AddDays(level == "leaf" ? 2 : -10), now.AddDays(9));
        var early = level == "root" ? now.AddDays(-5) : now.AddDays(1);

        (await JudgeAsync(early)).ShouldBe((IdentityStage.Validity, false));
        (await JudgeAsync(now.AddDays(3))).ShouldBe((IdentityStage.Accepted, true));

        async Task<(IdentityStage Stage, bool OpenSsl)> JudgeAsync(DateTimeOffset at)
        {
            var ours = new IdentityCheck(() => group.Bundle, new FakeClock(at)).CheckClient(leaf, [intermediate]);
            var theirs = await RunOpenSslAsync(at);
            return (ours.Stage, theirs);
        }

        async Task<bool> RunOpenSslAsync(DateTimeOffset at)
        {
            var chain = Path.Combine(group.Folder, "intermediate.pem");
            await File.WriteAllTextAsync(chain, intermediate.ExportCertificatePem(),
                TestContext.Current.CancellationToken);
            return (await OpenSsl.RunAsync("openssl", "verify", "-attime", $"{at.ToUnixTimeSeconds()}",
                "-CAfile", OpenSsl.Write(group, group.Root.Certificate), "-untrusted", chain,
                OpenSsl.Write(group, leaf))).ExitCode == 0;
        }
    }

    [Theory]
    [InlineData(50, true)]
    [InlineData(70, false)]
    public async Task Check_ClockWithinItsBound_IsForgiven(int secondsPastTheEnd, bool accepted)
    {
        var clock = new FakeClock();
        using var group = await TestGroup.CreateAsync(clock: clock, lifetimes: Short);
        var authority = await group.AddRegionAsync("us-east-1");
        var leaf = TestGroup.Leaf(authority, Name);

        var late = new FakeClock(leaf.NotAfter.AddSeconds(secondsPastTheEnd));
        new IdentityCheck(() => group.Bundle, late).CheckClient(leaf.Certificate, TestGroup.Sent(authority))
            .Accepted.ShouldBe(accepted);

        var early = new FakeClock(leaf.NotBefore.AddSeconds(-secondsPastTheEnd));
        new IdentityCheck(() => group.Bundle, early).CheckClient(leaf.Certificate, TestGroup.Sent(authority))
            .Accepted.ShouldBe(accepted);
    }

    [Fact]
    public async Task Issue_LongerThanThePolicy_IsClampedAndAudited()
    {
        using var group = await TestGroup.CreateAsync(clock: new FakeClock(), lifetimes: Short);
        var authority = await group.AddRegionAsync("us-east-1");

        var leaf = TestGroup.Leaf(authority, Name, life: TimeSpan.FromDays(365));

        leaf.NotAfter.ShouldBe(group.Clock.GetUtcNow().AddDays(1));
        group.Audit.Records[^1].Clamped.ShouldBeTrue();
        group.Audit.Records[^1].NotAfter.ShouldBe(leaf.NotAfter);
        TestGroup.Leaf(authority, Name);
        group.Audit.Records[^1].Clamped.ShouldBeFalse();
    }

    [Fact]
    public async Task Issue_NearTheIssuersEnd_NeverGoesBeyondIt()
    {
        var clock = new FakeClock();
        using var group = await TestGroup.CreateAsync(clock: clock, lifetimes: Short);
        var authority = await group.AddRegionAsync("us-east-1");
        clock.Advance(TimeSpan.FromDays(9.5));

        var leaf = TestGroup.Leaf(authority, Name);

        leaf.NotAfter.ShouldBe(authority.Certificate.NotAfter.ToUniversalTime());
        group.Audit.Records[^1].Clamped.ShouldBeTrue();
    }

    [Fact]
    public async Task Issue_ByAnExpiredIssuer_IsRefusedAndAudited()
    {
        var clock = new FakeClock();
        using var group = await TestGroup.CreateAsync(clock: clock, lifetimes: Short);
        var authority = await group.AddRegionAsync("us-east-1");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        clock.Advance(TimeSpan.FromDays(10));

        var issued = authority.Issue(SigningRequest.Create(key), new LeafGrant(Name, LeafUse.Client, "a test"));

        issued.Chain.ShouldBeNull();
        issued.Failure!.Error.ShouldBe(ErrorCodes.IssuerNotValid);
        group.Audit.Records[^1].Refusal.ShouldNotBeNull().ShouldContain("PLG3002");
    }

    [Fact]
    public async Task CertifyRegion_ByAnExpiredRoot_IsRefused()
    {
        var clock = new FakeClock();
        using var group = await TestGroup.CreateAsync(clock: clock, lifetimes: Short);
        var csr = await IntermediateAuthority.RequestAsync(
            group.Keys,
            "eu-west-1",
            TestContext.Current.CancellationToken
        );
        clock.Advance(TimeSpan.FromDays(20));

        group.Root.CertifyRegion(csr, TestGroup.Domain("eu-west-1"), "a test").Failure!.Error
            .ShouldBe(ErrorCodes.IssuerNotValid);
    }

    [Fact]
    public async Task CertifyRegion_UnderSixLeafLives_IsRefused()
    {
        using var group = await TestGroup.CreateAsync(clock: new FakeClock(), lifetimes: Short);
        var csr = await IntermediateAuthority.RequestAsync(
            group.Keys,
            "eu-west-1",
            TestContext.Current.CancellationToken
        );
        var domain = TestGroup.Domain("eu-west-1");

        group.Root.CertifyRegion(csr, domain, "a test", TimeSpan.FromDays(5.9)).Failure!.Error
            .ShouldBe(ErrorCodes.BadLifetimes);
        group.Root.CertifyRegion(csr, domain, "a test", TimeSpan.FromDays(6)).Failure.ShouldBeNull();
        (Short with { Intermediate = TimeSpan.FromDays(5.9) }).Check()!.Error.ShouldBe(ErrorCodes.BadLifetimes);
    }
}
