using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Client;
using Pelago.Federation;
using Pelago.Model;
using Pelago.Pki;
using Pelago.Region;

namespace Pelago.Tests.Unit;

public sealed class RegionRenewalTests
{
    private static readonly Lifetimes Policy = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Leaves_TwoThirdsOfTheirLife_AreRenewedWithTheFederationPlaneDown()
    {
        var clock = new FakeClock(TimeProvider.System.GetUtcNow());
        await using var federation = await LocalFederation.StartAsync("us-east-1");
        var home = PrepareHome(federation);
        using var kek = KeyEncryptionKey.OpenFile(home.SealingKeyFile, home.Keys);
        var identity = await OpenAsync(home, kek, clock);
        await federation.StopAsync();
        var check = new IdentityCheck(() => identity.Trust.Current, clock);
        await using var certificates = new PkiToIngress(() => identity.Authority, check, clock);
        const string name = "bookstore-demo.us-east-1.apps.pelago.localhost";
        await certificates.SetNamesAsync([name], [], Stop);
        var first = certificates.Find(name)!.TargetCertificate;

        await Eventually.BeTrue(() => clock.ArmedTimers > 0, "the renewal sleeps");
        clock.Advance(Policy.Leaf * 0.6);
        certificates.Find(name)!.TargetCertificate.Thumbprint.ShouldBe(first.Thumbprint, "it is not time yet");
        await Eventually.BeTrue(() =>
        {
            clock.Advance(TimeSpan.FromMinutes(10));
            return certificates.Find(name)!.TargetCertificate.Thumbprint != first.Thumbprint;
        }, "the leaf was renewed");

        var second = certificates.Find(name)!;
        second.TargetCertificate.PublicKey.ExportSubjectPublicKeyInfo()
            .ShouldNotBe(first.PublicKey.ExportSubjectPublicKeyInfo(), "a new key each time");
        check.CheckHost(second.TargetCertificate, [.. second.IntermediateCertificates], name).Accepted.ShouldBeTrue();
        (first.NotAfter.ToUniversalTime() - clock.GetUtcNow())
            .ShouldBeGreaterThan(Policy.Leaf * 0.2, "long before its end");
        await federation.StartAsync();
    }

    [Fact]
    public async Task Identity_OfAnotherRegion_IsNotTakenOver()
    {
        var clock = new FakeClock(TimeProvider.System.GetUtcNow());
        await using var federation = await LocalFederation.StartAsync("us-east-1");
        var home = PrepareHome(federation);
        using var kek = KeyEncryptionKey.OpenFile(home.SealingKeyFile, home.Keys);
        await OpenAsync(home, kek, clock);
        PrivateFile.WriteJson(home.ConfigFile, home.ReadConfig() with { Region = "eu-west-1" });

        var refused = await Should.ThrowAsync<PelagoException>(() => OpenAsync(home, kek, clock));

        refused.Failure.Error.ShouldBe(ErrorCodes.StateUnreadable);
    }

    [Fact]
    public async Task Home_OfARegion_HoldsNoKeyInTheClearAndNothingOfTheRoot()
    {
        var clock = new FakeClock(TimeProvider.System.GetUtcNow());
        await using var federation = await LocalFederation.StartAsync("us-east-1");
        var home = PrepareHome(federation);
        using var kek = KeyEncryptionKey.OpenFile(home.SealingKeyFile, home.Keys);
        var identity = await OpenAsync(home, kek, clock);

        foreach (var file in Directory.EnumerateFiles(home.Path, "*", SearchOption.AllDirectories))
        {
            (await File.ReadAllTextAsync(file, Stop)).ShouldNotContain("PRIVATE KEY");
            if (Path.GetExtension(file) is ".key" or ".json" || file == home.SealingKeyFile)
                File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite, file);
        }
        identity.CausalityOf("demo").Current.ShouldNotBe(identity.CausalityOf("other").Current, "one key a project");
    }

    [Fact]
    public async Task Intermediate_TwoThirdsOfEachLife_IsRenewedByAPlaneThatRenewsItsOwn()
    {
        var clock = new FakeClock(TimeProvider.System.GetUtcNow());
        await using var federation = await LocalFederation.StartAsync(clock, "us-east-1");
        var home = PrepareHome(federation);
        using var kek = KeyEncryptionKey.OpenFile(home.SealingKeyFile, home.Keys);
        var identity = await OpenAsync(home, kek, clock);
        var first = identity.Authority.Certificate;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var renewing = identity.RenewForeverAsync(stop.Token);

        await Eventually.BeTrue(() => clock.ArmedTimers > 0, "the renewal sleeps");
        clock.Advance(Policy.Intermediate * 0.6);
        identity.Authority.Certificate.Thumbprint.ShouldBe(first.Thumbprint, "it is not time yet");
        await AdvanceUntilAsync(clock, () => Generation(home) == 2
            && identity.Authority.Certificate.Thumbprint != first.Thumbprint, "the first renewal");
        var second = identity.Authority.Certificate;
        second.PublicKey.ExportSubjectPublicKeyInfo().ShouldNotBe(first.PublicKey.ExportSubjectPublicKeyInfo());
        identity.Trust.Current.Issued(second).ShouldBeTrue();
        // By now the plane's first own intermediate has ended: it serves with one that it made meanwhile.
        await AdvanceUntilAsync(clock, () => Generation(home) == 3, "the second renewal");
        (clock.GetUtcNow() - first.NotBefore.ToUniversalTime()).ShouldBeGreaterThan(Policy.Intermediate);
        Directory.GetFiles(Path.Combine(federation.Home, "keys"), "intermediate*").Length
            .ShouldBe(1, "keys that are not needed any more are removed");

        await stop.CancelAsync();
        await renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await OpenAsync(home, kek, clock); // what was renewed is what a restart finds
    }

    [Fact]
    public async Task Intermediate_WhoseKeyCannotBeWritten_IsRenewedOnceItCan()
    {
        var clock = new FakeClock(TimeProvider.System.GetUtcNow());
        await using var federation = await LocalFederation.StartAsync(clock, "us-east-1");
        var home = PrepareHome(federation);
        using var kek = KeyEncryptionKey.OpenFile(home.SealingKeyFile, home.Keys);
        var identity = await OpenAsync(home, kek, clock);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var renewing = identity.RenewForeverAsync(stop.Token);
        await Eventually.BeTrue(() => clock.ArmedTimers > 0, "the renewal sleeps");

        var aside = home.Keys + ".aside";
        Directory.Move(home.Keys, aside);
        await File.WriteAllTextAsync(home.Keys, "in the way", Stop);
        clock.Advance(Policy.Intermediate * 0.8);
        await Eventually.BeTrue(() => renewing.IsCompleted || clock.ArmedTimers > 0, "it failed, and waits");
        clock.Advance(TimeSpan.FromSeconds(10));
        renewing.IsCompleted.ShouldBeFalse();
        Generation(home).ShouldBe(1);
        File.Delete(home.Keys);
        Directory.Move(aside, home.Keys);

        await AdvanceUntilAsync(clock, () => Generation(home) == 2, "the renewal");
        await stop.CancelAsync();
        await renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [Fact]
    public async Task TrustBundle_OfAHigherEpoch_ArrivesLongBeforeARenewalAndAnOlderOneNever()
    {
        var clock = new FakeClock(TimeProvider.System.GetUtcNow());
        await using var federation = await LocalFederation.StartAsync(clock, "us-east-1");
        var home = PrepareHome(federation);
        using var kek = KeyEncryptionKey.OpenFile(home.SealingKeyFile, home.Keys);
        var identity = await OpenAsync(home, kek, clock);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var following = identity.FollowTrustForeverAsync(stop.Token);
        identity.Trust.Current.Epoch.ShouldBe(1);

        await RestartAsync(federation, epoch: 4);
        await AdvanceUntilAsync(
            clock, () => identity.Trust.Current.Epoch == 4, "the new bundle", RegionIdentity.TrustPace);
        await federation.StopAsync(); // away for a while: nothing changes
        clock.Advance(RegionIdentity.TrustPace * 2);
        await federation.StartAsync();
        File.Delete(federation.BundleFile);
        await RestartAsync(federation, epoch: 2);
        for (var i = 0; i < 3; i++)
        {
            await Eventually.BeTrue(() => clock.ArmedTimers > 0, "the region sleeps");
            clock.Advance(RegionIdentity.TrustPace * 2);
        }
        identity.Trust.Current.Epoch.ShouldBe(4);
        TrustStore.Open(home.BundleFile).Current.Epoch.ShouldBe(4, "also after a restart");
        await stop.CancelAsync();
        await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task RestartAsync(LocalFederation federation, long epoch)
    {
        await federation.StopAsync();
        var file = Path.Combine(federation.Home, "state.json");
        PrivateFile.WriteJson(file, PrivateFile.ReadJson<FederationState>(file)! with { TrustEpoch = epoch });
        File.Delete(federation.BundleFile);
        await federation.StartAsync();
    }

    /// <summary>Moves time forward bit by bit, so that whoever sleeps wakes up and goes to sleep again.</summary>
    private static Task AdvanceUntilAsync(FakeClock clock, Func<bool> condition, string what, TimeSpan? step = null)
        => Eventually.BeTrue(() =>
        {
            clock.Advance(step ?? TimeSpan.FromHours(4));
            return condition();
        }, what, TimeSpan.FromMinutes(2));

    private static int Generation(RegionHome home)
        => PrivateFile.ReadJson<IdentityRecord>(home.IdentityFile)!.Generation;

    private static RegionHome PrepareHome(LocalFederation federation)
    {
        var enrolment = federation.Config.Regions[0];
        var home = new RegionHome(Path.Combine(Path.GetDirectoryName(federation.Home)!, enrolment.Name));
        home.Prepare();
        PrivateFile.WriteJson(home.ConfigFile, new RegionConfig("local", enrolment.Name, enrolment.AppsHostname,
            enrolment.PlatformHostname, 1, 2, 3, 4, 5, 3, federation.Address.ToString().TrimEnd('/'),
            Endpoint.Loopback(federation.Config.ManagementApiPort), enrolment.TokenFile, "", [])
        {
            GuardDirectory = Path.Combine(Path.GetDirectoryName(federation.Home)!, "guards"),
        });
        return home;
    }

    private static Task<RegionIdentity> OpenAsync(RegionHome home, KeyEncryptionKey kek, TimeProvider clock)
    {
        var config = home.ReadConfig();
        return RegionIdentity.OpenAsync(new IdentityParts(home, config, kek, new SealedKeyFiles(home.Keys, kek),
            TrustStore.Open(home.BundleFile), new FederationLink(config, clock), Policy,
                new IssuanceLog(home.IssuanceFile),
            clock, NullLogger.Instance), Stop);
    }
}
