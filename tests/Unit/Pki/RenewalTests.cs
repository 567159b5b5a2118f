using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Api;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Tests.Unit.Pki;

/// <summary>Renewal by a clock that the test moves.</summary>
public sealed class RenewalTests
{
    private const string Name = "bookstore.demo.svc.us-east-1.apps.pelago.localhost";

    private static readonly Lifetimes Exact = new() { Backdate = TimeSpan.Zero };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Renewal_PastTwoThirds_HasANewKey()
    {
        await using var setup = await SetupAsync();
        var first = setup.Renewing.Current;
        first.NotAfter.ShouldBe(setup.Clock.GetUtcNow().AddHours(24));

        // Jitter makes it earlier by 5 % of the life at most, which is 72 minutes; never later.
        await setup.AdvanceAsync(TimeSpan.FromHours(16) - TimeSpan.FromMinutes(73));
        setup.Renewing.Current.ShouldBeSameAs(first);
        await setup.AdvanceAsync(TimeSpan.FromMinutes(73));
        await Eventually.BeTrue(() => setup.Renewing.Current != first, "renewed at two thirds");

        var second = setup.Renewing.Current;
        second.Certificate.GetPublicKey().ShouldNotBe(first.Certificate.GetPublicKey());
        second.NotAfter.ShouldBeGreaterThan(first.NotAfter);
        second.Certificate.HasPrivateKey.ShouldBeTrue();
    }

    [Fact]
    public async Task Renewal_IssuerAway_IsRetriedAndTheOldOneStays()
    {
        await using var setup = await SetupAsync();
        var first = setup.Renewing.Current;
        setup.Issuer.Away = true;

        await setup.AdvanceAsync(TimeSpan.FromHours(20));
        await Eventually.BeTrue(() => setup.Reports.Count >= 3, "attempts while the issuer is away");
        setup.Renewing.Current.ShouldBeSameAs(first);
        setup.Reports[0].Failure!.Error.ShouldBe(ErrorCodes.IssuerUnavailable);

        setup.Issuer.Away = false;
        await setup.AdvanceAsync(TimeSpan.FromMinutes(2));
        await Eventually.BeTrue(() => setup.Renewing.Current != first, "renewed once the issuer is back");
        setup.Reports[^1].Failure.ShouldBeNull();
    }

    [Fact]
    public async Task Renewal_IssuerAwayPastTheEnd_RecoversAllTheSame()
    {
        await using var setup = await SetupAsync();
        var first = setup.Renewing.Current;
        setup.Issuer.Away = true;
        await setup.AdvanceAsync(TimeSpan.FromHours(30));
        await Eventually.BeTrue(() => setup.Reports.Count > 0, "an attempt");

        setup.Issuer.Away = false;
        await setup.AdvanceAsync(TimeSpan.FromMinutes(2));
        await Eventually.BeTrue(() => setup.Renewing.Current != first, "renewed after its end");
        setup.Renewing.Current.NotAfter.ShouldBeGreaterThan(setup.Clock.GetUtcNow());
    }

    [Fact]
    public async Task Renewal_Waits_GrowUpToAMinute()
    {
        await using var setup = await SetupAsync();
        setup.Issuer.Away = true;
        await setup.AdvanceAsync(TimeSpan.FromHours(17));
        await Eventually.BeTrue(() => setup.Reports.Count >= 8, "several attempts");

        var waits = setup.Reports.Select(r => r.NextAttempt - r.At).ToArray();
        waits[0].ShouldBeLessThanOrEqualTo(TimeSpan.FromSeconds(1));
        waits.Max().ShouldBeLessThanOrEqualTo(TimeSpan.FromMinutes(1));
        waits[7].ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Renewal_ForManyDays_NeverLeavesAGap()
    {
        await using var setup = await SetupAsync();
        var keys = new HashSet<string>();
        for (var hour = 0; hour < 24 * 10; hour++)
        {
            await setup.AdvanceAsync(TimeSpan.FromHours(1));
            setup.Renewing.Current.NotAfter.ShouldBeGreaterThan(setup.Clock.GetUtcNow());
            keys.Add(setup.Renewing.Current.Certificate.GetPublicKeyString());
        }
        keys.Count.ShouldBeInRange(14, 18);
    }

    [Fact]
    public async Task Renewal_LeafThatIsDueWhenItComes_IsAskedForWithAPause()
    {
        const int TooMany = 10;
        var clock = new FakeClock();
        using var group = await TestGroup.CreateAsync(clock: clock);
        var authority = await group.AddRegionAsync("us-east-1");
        // Five minutes of it are over when it is made, ten seconds are left: as of an issuer that ends in ten seconds.
        var issuer = new LocalLeafIssuer(() => authority,
            new LeafGrant(Name, LeafUse.Client, "a test", TimeSpan.FromSeconds(10)));
        var reports = new List<RenewalReport>();
        var options = new RenewalOptions { OnAttempt = Take };

        await using var renewing = await RenewingCertificate.StartAsync(issuer, options, clock, Stop);

        await Eventually.BeTrue(() => clock.ArmedTimers > 0, "the renewal sleeps");
        var report = reports.ShouldHaveSingleItem();
        report.Failure.ShouldBeNull();
        (report.NextAttempt - report.At).ShouldBe(options.FirstRetryDelay);

        void Take(RenewalReport each)
        {
            reports.Add(each);
            if (reports.Count == TooMany)
                throw new InvalidOperationException("asked without a pause"); // ends what would never end
        }
    }

    [Fact]
    public async Task Sleep_UntilACertificateIsDueThatIsDue_TakesAPause()
    {
        var clock = new FakeClock();
        using var group = await TestGroup.CreateAsync(clock: clock);
        var authority = await group.AddRegionAsync("us-east-1");
        clock.Advance(TimeSpan.FromDays(89)); // of ninety

        var sleep = RenewalTime.SleepUntilDueAsync(authority.Certificate, clock, Stop);
        sleep.IsCompleted.ShouldBeFalse();
        clock.Advance(TimeSpan.FromSeconds(1));
        await sleep;
    }

    [Theory]
    [InlineData(60, 80, true)]
    [InlineData(60, 81, false)]
    [InlineData(300, 300, true)]
    [InlineData(60, 300, false)]
    public void Lifetimes_LeafThatWouldBeDueWhenItComes_AreRefused(int leafSeconds, int backdateSeconds, bool accepted)
    {
        var lifetimes = new Lifetimes
        {
            Leaf = TimeSpan.FromSeconds(leafSeconds), Backdate = TimeSpan.FromSeconds(backdateSeconds),
        };
        (lifetimes.Check() is null).ShouldBe(accepted);
        lifetimes.Check()?.Field.ShouldBe("lifetimes.leaf");
    }

    [Fact]
    public async Task Start_IssuerRefuses_SaysWhy()
    {
        using var group = await TestGroup.CreateAsync(clock: new FakeClock());
        var authority = await group.AddRegionAsync("us-east-1");
        var issuer = new LocalLeafIssuer(() => authority, new LeafGrant("other.example", LeafUse.Server, "a test"));

        var refused = await Should.ThrowAsync<PelagoException>(
            () => RenewingCertificate.StartAsync(issuer, new RenewalOptions(), group.Clock, Stop));

        refused.Failure.Error.ShouldBe(ErrorCodes.NameNotPermitted);
    }

    [Fact]
    public async Task CertificateSet_NamesChange_KeepsWhatStays()
    {
        using var group = await TestGroup.CreateAsync(clock: new FakeClock());
        var authority = await group.AddRegionAsync("us-east-1");
        await using var set = new CertificateSet(
            name => new LocalLeafIssuer(() => authority, new LeafGrant(name, LeafUse.Server, "a test")),
            new RenewalOptions(),
            group.Clock);
        await set.SetNamesAsync(["a.us-east-1.apps.pelago.localhost", "b.us-east-1.apps.pelago.localhost"], Stop);
        var kept = set.FindLeaf("b.us-east-1.apps.pelago.localhost");

        await set.SetNamesAsync(["b.us-east-1.apps.pelago.localhost", "c.us-east-1.apps.pelago.localhost"], Stop);

        set.Find("a.us-east-1.apps.pelago.localhost").ShouldBeNull();
        set.FindLeaf("b.us-east-1.apps.pelago.localhost").ShouldBeSameAs(kept);
        set.Find("C.us-east-1.apps.pelago.localhost").ShouldNotBeNull();
        await Should.ThrowAsync<PelagoException>(() => set.SetNamesAsync(["elsewhere.example"], Stop));
        set.Find("c.us-east-1.apps.pelago.localhost").ShouldNotBeNull();
    }

    [Fact]
    public async Task Join_ChainOfAnotherKey_IsRefused()
    {
        using var group = await TestGroup.CreateAsync(clock: new FakeClock());
        var authority = await group.AddRegionAsync("us-east-1");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        Should.Throw<PelagoException>(() => LeafCertificate.Join(TestGroup.Leaf(authority, Name).Chain, key))
            .Failure.Error.ShouldBe(ErrorCodes.BadCertificateChain);
    }

    [Fact]
    public async Task Listener_IssuanceLogOnAFullDisk_RenewsOnceThereIsRoom()
    {
        var clock = new FakeClock(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        using var group = await TestGroup.CreateAsync(clock: clock);
        var authority = await group.AddRegionAsync("us-east-1");
        var hostname = Hostnames.Api(TestGroup.Domain("us-east-1").PlatformHostname);
        await using var certificate = await PinnedCertificate.StartAsync(
            () => authority, hostname, group.Keys, clock, NullLogger.Instance, Stop);
        var first = certificate.Current;
        group.Audit.Fails = true;
        await Eventually.BeTrue(() => Tried(2), "tried again while the disk is full");
        certificate.Current.ShouldBeSameAs(first);

        group.Audit.Fails = false;
        await Eventually.BeTrue(() => Tried(int.MaxValue), "renewed once there is room");

        bool Tried(int times)
        {
            if (clock.ArmedTimers > 0)
                clock.Advance(TimeSpan.FromMinutes(30));
            return group.Audit.Failed >= times || certificate.Current != first;
        }
    }

    private static async Task<Setup> SetupAsync()
    {
        var clock = new FakeClock();
        var group = await TestGroup.CreateAsync(clock: clock, lifetimes: Exact);
        var authority = await group.AddRegionAsync("us-east-1");
        var issuer = new Issuer(new LocalLeafIssuer(() => authority, new LeafGrant(Name, LeafUse.Client, "a test")));
        var setup = new Setup(group, clock, issuer);
        var options = new RenewalOptions { OnAttempt = setup.Take };
        setup.Renewing = await RenewingCertificate.StartAsync(issuer, options, clock, Stop);
        return setup;
    }

    private sealed class Issuer(ILeafIssuer real) : ILeafIssuer
    {
        public volatile bool Away;

        public ValueTask<Issuance> IssueAsync(ReadOnlyMemory<byte> signingRequest, CancellationToken cancellationToken)
            => Away ? throw new HttpRequestException("away") : real.IssueAsync(signingRequest, cancellationToken);
    }

    private sealed class Setup(TestGroup group, FakeClock clock, Issuer issuer) : IAsyncDisposable
    {
        private readonly List<RenewalReport> _reports = [];

        public FakeClock Clock => clock;

        public Issuer Issuer => issuer;

        public RenewingCertificate Renewing { get; set; } = null!;

        public IReadOnlyList<RenewalReport> Reports
        {
            get
            {
                lock (_reports)
                    return [.. _reports];
            }
        }

        public void Take(RenewalReport report)
        {
            lock (_reports)
                _reports.Add(report);
        }

        /// <summary>Moves time in steps, and after each waits until the renewal sleeps again.</summary>
        public async Task AdvanceAsync(TimeSpan by)
        {
            for (var left = by; left > TimeSpan.Zero;)
            {
                await AsleepAsync();
                var step = left < TimeSpan.FromMinutes(10) ? left : TimeSpan.FromMinutes(10);
                clock.Advance(step);
                left -= step;
            }
            await AsleepAsync();
        }

        // Thousands of times in a test, and usually true at once: asked again without a pause.
        private async Task AsleepAsync()
        {
            while (clock.ArmedTimers == 0)
            {
                Stop.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }

        public async ValueTask DisposeAsync()
        {
            await Renewing.DisposeAsync();
            group.Dispose();
        }
    }
}
