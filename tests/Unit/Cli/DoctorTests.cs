using Pelago.Cli;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Tests.Unit;

/// <summary>Findings from what roles say of themselves.</summary>
public sealed class DoctorTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Roles_Healthy_NothingIsWrong()
        => Findings(Region()).ShouldAllBe(finding => finding.Result == Finding.Good && finding.Mend == "");

    [Theory]
    [InlineData(0.5, Finding.Good)]
    [InlineData(2, Finding.Warning)]
    [InlineData(-120, Finding.Failed)]
    public void Clock_OffByMore_IsWorse(double seconds, string expected)
        => Of("clock of us-east-1", Region() with { Now = Now.AddSeconds(seconds) }).Result.ShouldBe(expected);

    [Fact]
    public void Clock_ReadDuringASlowCall_IsNotBlamed()
    {
        var slow = new Asked<RegionDiagnosis>(Region() with { Now = Now }, Now.AddSeconds(-5), Now.AddSeconds(5));
        slow.SkewOf(Now.AddSeconds(4)).ShouldBe(TimeSpan.Zero);
        slow.SkewOf(Now.AddSeconds(7)).ShouldBe(TimeSpan.FromSeconds(2));
        slow.SkewOf(Now.AddSeconds(-6)).ShouldBe(TimeSpan.FromSeconds(-1));
    }

    [Theory]
    [InlineData(12, Finding.Good)]
    [InlineData(5, Finding.Warning)] // renewal at two thirds of 24 h has failed for three hours
    [InlineData(-1, Finding.Failed)]
    public void Certificate_NearerToItsEnd_IsWorse(double hoursLeft, string expected)
    {
        var end = Now.AddHours(hoursLeft);
        var finding = Of("certificates of us-east-1",
            Region() with { Certificates = [new CertificateView("a.name", end.AddHours(-24), end)] });
        finding.Result.ShouldBe(expected);
        finding.Detail.ShouldContain("a.name");
    }

    [Fact]
    public void Journal_DiskThatFails_IsNamed()
    {
        var finding = Of("journal fsync of us-east-1",
            Region() with { JournalFlushMs = null, JournalTrouble = "No space left." });
        (finding.Result, finding.Detail).ShouldBe((Finding.Failed, "No space left."));
        Of("journal fsync of us-east-1", Region() with { JournalFlushMs = 80 }).Result.ShouldBe(Finding.Warning);
    }

    [Fact]
    public void Peer_NotReached_SaysWhatHealsTheLink()
    {
        var finding = Of("us-east-1 reaches eu-west-1",
            Region() with { Peers = [new PeerReach("eu-west-1", false, "It does not answer.", 5000)] });
        (finding.Result, finding.Mend).ShouldBe((Finding.Failed, "pelago wan heal us-east-1 eu-west-1 --context x"));
    }

    [Fact]
    public void Versions_OtherBuildOrOlderService_AreNamed()
    {
        var other = Of("versions", Region() with { Program = new BuildIdentity("0.0.1", "000000000000") });
        (other.Result, other.Mend).ShouldBe((Finding.Warning, "pelago down --context x && pelago up --context x"));
        other.Detail.ShouldContain("us-east-1 runs 0.0.1+000000000000");
        var service = Of("versions", Region() with { Instances = [new InstanceProgram("demo/shop", "i-1", "0.0.1")] });
        (service.Result, service.Mend).ShouldBe((Finding.Warning, "pelago deploy DIR --context x"));
    }

    [Fact]
    public void Trust_RegionWithAnotherBundle_IsNamed()
        => Of("trust bundle", Region() with { TrustSha256 = "other" }).ShouldSatisfyAllConditions(
            finding => finding.Result.ShouldBe(Finding.Failed),
            finding => finding.Detail.ShouldContain("us-east-1"));

    private static Finding Of(string check, RegionDiagnosis region)
        => Findings(region).Single(finding => finding.Check == check);

    private static List<Finding> Findings(RegionDiagnosis region)
    {
        var federation = new FederationDiagnosis(BuildIdentity.Current, Now, 1, "hash", region.Certificates);
        var status = new StatusDocument("local", "/w", new ProcessStatus("Running", null),
            new ProcessStatus("Running", null), new FederationStatus("Ready", null, ""), [], [], [], "", "");
        var world = new RunningWorld(WorldDirectory.At("/w"),
            WorldPlan.Create(7400, "aws", _ => true), TimeProvider.System);
        return [.. RoleChecks.Of(new Patient(world, status, new Asked<FederationDiagnosis>(federation, Now, Now),
            [new Asked<RegionDiagnosis>(region, Now, Now)], " --context x"), Now)];
    }

    private static RegionDiagnosis Region() => new("us-east-1", BuildIdentity.Current, Now, 1, "hash", 2.5, null,
        [new CertificateView("api", Now.AddHours(-1), Now.AddHours(23))],
        [new PeerReach("eu-west-1", true, "", 80)],
        [new InstanceProgram("demo/shop", "i-1", BuildIdentity.Current.Version)]);
}
