using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Api;
using Pelago.Client;
using Pelago.Journal;
using Pelago.Model;
using Pelago.Pki;
using Pelago.Region;
using Pelago.Sdk;

namespace Pelago.Tests.Unit.Sdk;

/// <summary>An instance's tie to its region, over real TLS: the region's own identity, desk and listener, without the
/// loops that would start and end processes.</summary>
public sealed class RegionAgentTests : IAsyncLifetime
{
    private const string Token = "a-one-time-token";
    private static readonly ServiceName Service = new("shop", "demo");

    private LocalFederation federation = null!;
    private RegionHome home = null!;
    private KeyEncryptionKey kek = null!;
    private RegionIdentity identity = null!;
    private PinnedCertificate certificate = null!;
    private WebApplication api = null!;
    private InstanceState instance = null!;
    private InstanceTable table = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await StartAsync(new Lifetimes());

    private async Task StartAsync(Lifetimes lifetimes)
    {
        federation = await LocalFederation.StartAsync("us-east-1");
        var enrolment = federation.Config.Regions[0];
        home = new RegionHome(Path.Combine(Path.GetDirectoryName(federation.Home)!, "region"));
        home.Prepare();
        PrivateFile.WriteJson(home.ConfigFile, new RegionConfig("local", enrolment.Name, enrolment.AppsHostname,
            enrolment.PlatformHostname, LocalFederation.FreePort(), 2, 3, 4, 5, 3,
            federation.Address.ToString().TrimEnd('/'), Model.Endpoint.Loopback(federation.Config.ManagementApiPort),
            enrolment.TokenFile, "", [Peer("eu-west-1")])
        {
            GuardDirectory = Path.Combine(home.Path, "guards"),
        });
        kek = KeyEncryptionKey.OpenFile(home.SealingKeyFile, home.Keys);
        var (config, keys) = (home.ReadConfig(), new SealedKeyFiles(home.Keys, kek));
        identity = await RegionIdentity.OpenAsync(new IdentityParts(home, config, kek, keys,
            TrustStore.Open(home.BundleFile), new FederationLink(config, TimeProvider.System), lifetimes,
            new IssuanceLog(home.IssuanceFile), TimeProvider.System, NullLogger.Instance), Stop);
        certificate = await PinnedCertificate.StartAsync(() => identity.Authority,
            Hostnames.Api(config.PlatformHostname), keys, TimeProvider.System, NullLogger.Instance, Stop);
        instance = new InstanceState("i-1", Service.Project, Service.Service, "r1", TimeProvider.System.GetUtcNow(),
            default, 5, BearerToken.Hash(Token), kek.Seal("ingress.i-1", "an ingress secret"u8.ToArray()));
        table = InstanceTable.Open(home);
        table.Put(instance);
        await ListenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await api.DisposeAsync();
        await certificate.DisposeAsync();
        kek.Dispose();
        await federation.DisposeAsync();
    }

    [Fact]
    public async Task Enrol_WithItsTicket_GetsEverythingThatItNeeds()
    {
        await using var agent = await EnrolAsync(Token);
        agent.Leaf.Certificate.GetNameInfo(X509NameType.DnsName, forIssuer: false)
            .ShouldBe("shop.demo.svc.us-east-1.apps.pelago.localhost");
        agent.Enrolment.IngressSecret.ShouldBe("an ingress secret");
        agent.Enrolment.JournalKey.Key.Length.ShouldBe(32);
        agent.Configuration.Members.ShouldBe(["us-east-1"]);
        agent.Configuration.Peers.Select(p => p.Name).ShouldBe(["eu-west-1"]);
        agent.Check.CheckClient(agent.Leaf.Certificate, [identity.Authority.Certificate]).Accepted.ShouldBeTrue();
    }

    [Fact]
    public async Task Enrol_WithAnotherToken_IsRefusedAtOnce()
    {
        var refused = await Should.ThrowAsync<PelagoException>(() => EnrolAsync("another"));
        refused.Failure.Error.ShouldBe(ErrorCodes.EnrolmentRefused);
    }

    [Fact]
    public async Task Enrol_TicketOfAnotherServer_TellsNobodyTheToken()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limit.CancelAfter(TimeSpan.FromSeconds(3));
        var ticket = new EnrolmentTicket(Token, new string('0', 64));
        await Should.ThrowAsync<Exception>(() => RegionAgent.EnrolAsync(
            Environment(), ticket, TimeProvider.System, NullLogger.Instance, limit.Token));
        await using var agent = await EnrolAsync(Token); // so nobody has used it
    }

    [Fact]
    public async Task Leaf_AtTwoThirdsOfItsLife_IsRenewedWithANewKey()
    {
        await DisposeAsync();
        await StartAsync(new Lifetimes { Leaf = TimeSpan.FromMinutes(5) });
        var clock = new FakeClock(TimeProvider.System.GetUtcNow());
        await using var agent = await EnrolAsync(Token, clock);
        var first = agent.Leaf.Certificate;
        var life = first.NotAfter - first.NotBefore;

        await Eventually.BeTrue(() => clock.ArmedTimers > 0, "the renewal sleeps");
        clock.Advance(first.NotBefore.ToUniversalTime() + (life * 0.6) - clock.GetUtcNow());
        agent.Leaf.Certificate.Thumbprint.ShouldBe(first.Thumbprint, "it is not time yet");
        // In steps far below the time that a request may take.
        await Eventually.BeTrue(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return agent.Leaf.Certificate.Thumbprint != first.Thumbprint;
        }, "the renewed leaf");
        agent.Leaf.Certificate.PublicKey.ExportSubjectPublicKeyInfo()
            .ShouldNotBe(first.PublicKey.ExportSubjectPublicKeyInfo());
        agent.Check.CheckClient(agent.Leaf.Certificate, [identity.Authority.Certificate]).Accepted.ShouldBeTrue();
    }

    [Fact]
    public async Task Trust_ThatChangesInTheRegion_ReachesTheInstanceWithoutARenewal()
    {
        await using var agent = await EnrolAsync(Token);
        using var other = await TestGroup.CreateAsync();
        var leaf = agent.Leaf.Certificate.Thumbprint;
        var present = identity.Trust.Current;

        identity.Trust.Offer(TrustBundle.Create("local", 2, [.. present.Roots, .. other.Bundle.Roots], []))
            .ShouldBeNull();

        await Eventually.BeTrue(() => agent.Configuration.Trust.Epoch == 2, "the new bundle");
        TrustBundle.Parse(agent.Configuration.Trust.Pem, out var bundle).ShouldBeNull();
        bundle!.Roots.Count.ShouldBe(2);
        agent.Leaf.Certificate.Thumbprint.ShouldBe(leaf);
    }

    [Fact]
    public async Task Failure_OfTheProgram_IsKeptByTheRegionFitToBeShown()
    {
        await using var agent = await EnrolAsync(Token);
        table.Instances["i-1"].Failure.ShouldBeNull();
        var told = new Failure(ErrorCodes.JournalDamaged, "One\u001b[2Jtwo\nthree.", new string('x', 5_000));

        await agent.TellFailureAsync(told);

        var kept = table.Instances["i-1"].Failure.ShouldNotBeNull();
        (kept.Code, kept.Message, kept.Next.Length).ShouldBe(("PLG4006", "One [2Jtwo three.", 2_000));
        InstanceTable.Open(home).Instances.ShouldBeEmpty("no process of that id runs");

        table.Update("i-1", i => i with { CredentialSha256 = BearerToken.Hash("another"), Failure = null });
        await agent.TellFailureAsync(told); // does not throw
        table.Instances["i-1"].Failure.ShouldBeNull("a stranger's word does not count");
        await api.DisposeAsync();
        await agent.TellFailureAsync(told);
    }

    [Fact]
    public async Task JournalKey_Renewed_WrapsFromThenOnAndTheFormerOnesStillOpen()
    {
        await using var agent = await EnrolAsync(Token);
        var first = agent.Enrolment.JournalKey;
        agent.Enrolment.FormerJournalKeys.ShouldBeEmpty();
        var keeper = new EnrolledJournalKey(new JournalKeySet(first, []), agent.RenewJournalKeyAsync);
        var (secret, use) = (new byte[] { 1, 2, 3 }, new byte[] { 4 });
        var old = await keeper.ApplyAsync(new KeyRequest(KeyOperation.Wrap, "", secret, use), Stop);

        var renewed = (await keeper.ApplyAsync(new KeyRequest(KeyOperation.Renew, "", default, default), Stop)).KekId;

        renewed.ShouldNotBe(first.Id);
        (await keeper.ApplyAsync(new KeyRequest(KeyOperation.Wrap, "", secret, use), Stop)).KekId.ShouldBe(renewed);
        (await keeper.ApplyAsync(new KeyRequest(KeyOperation.Unwrap, old.KekId, old.Content, use), Stop))
            .Content.ShouldBe(secret);
        var kept = new ServiceKeys(home.Keys, kek).Of(Service.Project, Service.Service); // of the next process
        kept.Current.Id.ShouldBe(renewed);
        kept.Former.ShouldHaveSingleItem().Key.ShouldBe(first.Key);
        var lost = await Should.ThrowAsync<PelagoException>(async () => await new EnrolledJournalKey(
            new JournalKeySet(kept.Current, []), agent.RenewJournalKeyAsync).ApplyAsync(
                new KeyRequest(KeyOperation.Unwrap, old.KekId, old.Content, use), Stop));
        lost.Failure.Error.ShouldBe(ErrorCodes.JournalKeyLost);
        lost.Failure.Message.ShouldContain(first.Id);
    }

    [Fact]
    public void JournalKey_LostAndMadeAgain_HasAnotherName()
    {
        var keys = new ServiceKeys(home.Keys, kek);
        keys.Of("demo", "shop").Current.Id.ShouldBe("demo.shop.1");
        var lost = keys.Renew("demo", "shop").Current;
        File.Delete(Path.Combine(home.Keys, "journal.demo.shop.2.sealed"));

        var again = keys.Renew("demo", "shop");

        again.Current.Id.ShouldStartWith("demo.shop.2-");
        again.Current.Id.ShouldNotBe(lost.Id);
        again.Former.Select(k => k.Id).ShouldBe(["demo.shop.1"]);
    }

    [Fact]
    public async Task JournalKey_RegionAwayOrAnotherInstance_IsNotRenewed()
    {
        await using var agent = await EnrolAsync(Token);
        table.Update("i-1", i => i with { CredentialSha256 = BearerToken.Hash("another") });
        (await Should.ThrowAsync<PelagoException>(() => agent.RenewJournalKeyAsync(Stop))).Failure.Error
            .ShouldBe(ErrorCodes.EnrolmentRefused);
        await api.DisposeAsync();
        (await Should.ThrowAsync<PelagoException>(() => agent.RenewJournalKeyAsync(Stop))).Failure.Error
            .ShouldBe(ErrorCodes.ServerUnreachable);
        new ServiceKeys(home.Keys, kek).Of(Service.Project, Service.Service).Former.ShouldBeEmpty();
    }

    [Fact]
    public async Task Region_Away_WhatWasLearntStaysAndIsFollowedAgainLater()
    {
        await using var agent = await EnrolAsync(Token);
        var learnt = agent.Configuration;
        await api.DisposeAsync();
        identity.Trust.Offer(TrustBundle.Create("local", 3, [.. identity.Trust.Current.Roots], [])).ShouldBeNull();
        agent.Configuration.ShouldBeSameAs(learnt);
        agent.Leaf.ShouldNotBeNull();

        await ListenAsync();
        await Eventually.BeTrue(() => agent.Configuration.Trust.Epoch == 3, "the region is followed again");
    }

    private async Task ListenAsync()
    {
        var config = home.ReadConfig();
        var programs = new ProgramStore(
            home.Programs, new ArtifactStore(home.Artifacts, new ArtifactLimits()), new ArtifactLimits());
        var starter = new InstanceStarter(
            home, config, programs, table, kek, () => certificate.Pin, TimeProvider.System);
        var beginnings = new ServiceBeginnings(config, identity,
            new RegionPeers(home.ConfigFile, config.Peers, TimeProvider.System), new ServiceCatalog(),
            () => new global::Pelago.Replication.Configuration(
                1, [new global::Pelago.Replication.GroupMember(config.Region, 1, true, false)]));
        var desk = new InstanceDesk(config, identity, beginnings, new ServiceKeys(home.Keys, kek), table, starter,
            TimeProvider.System, NullLogger.Instance);
        api = ApiListener.Create(
            new ApiListenerOptions(Hostnames.Api(config.PlatformHostname), config.ExecutionApiPort)
            {
                ShutdownTimeout = TimeSpan.FromMilliseconds(100),
            }, certificate, NullLoggerFactory.Instance);
        new InstanceEndpoints(desk, server: null).Map(api);
        await api.StartAsync(Stop);
    }

    private Task<RegionAgent> EnrolAsync(string token, TimeProvider? clock = null) => RegionAgent.EnrolAsync(
        Environment(), new EnrolmentTicket(token, certificate.Pin), clock ?? TimeProvider.System, NullLogger.Instance,
        Stop);

    private DeployedEnvironment Environment()
    {
        var config = home.ReadConfig();
        var nowhere = Model.Endpoint.Loopback(1);
        return new DeployedEnvironment(config.Region, config.Group, Service, instance.Id, config.AppsHostname,
            home.Path, Path.Combine(config.GuardDirectory, "service.json"), nowhere, nowhere, nowhere,
            new Uri($"https://{Hostnames.Api(config.PlatformHostname)}:{config.ExecutionApiPort}"));
    }

    private static PeerRegion Peer(string region) => new(region, $"{region}.apps.pelago.localhost",
        $"{region}.platform.pelago.localhost", 443, Model.Endpoint.Loopback(1));
}
