using Pelago.Cli;
using Pelago.Client;
using RegionStatus = Pelago.Cli.RegionStatus;

namespace Pelago.Tests.Unit;

/// <summary>What status and doctor say of alarms.</summary>
public sealed class AlarmChecksTests : IDisposable
{
    private readonly DirectoryInfo root = Directory.CreateTempSubdirectory("pelago-alarms-");

    public void Dispose() => root.Delete(recursive: true);

    [Fact]
    public void Alarms_NoneOrWithNothingToDo_AreNoTrouble()
    {
        var status = Status(Service(Alarm("NewIncarnation", next: "")));
        TroubleText.Of(status).ShouldBeEmpty();
        Findings(status).Single().Result.ShouldBe(Finding.Good);
    }

    [Theory]
    [InlineData("OwnEventBeyondSeen", Finding.Failed, "pelago verify --context x")]
    [InlineData("Superseded", Finding.Failed, "pelago verify --context x")]
    [InlineData("Fork", Finding.Failed, "pelago verify --context x")]
    [InlineData("EventsLost", Finding.Failed, "pelago logs demo.shop --context x")]
    [InlineData("ClockOff", Finding.Warning, "timedatectl status")]
    [InlineData("OfALaterVersion", Finding.Warning, "pelago logs demo.shop --context x")]
    public void Alarm_OfAKind_IsShownWithWhatMendsIt(string kind, string result, string mend)
    {
        var status = Status(Service(Alarm(kind)));
        TroubleText.Of(status).ShouldBe([
            $"us-east-1: demo/shop: alarm {kind}, 2 since it started, the last at 2030-01-01 12:00:00Z: Newest. Do it.",
        ]);
        var finding = Findings(status).Single();
        (finding.Check, finding.Result, finding.Mend).ShouldBe(("alarms of us-east-1", result, mend));
        finding.Detail.ShouldStartWith(
            $"demo/shop: {kind}, 2 times, the last at 2030-01-01 12:00:00Z: Newest. Older. Do it.");
    }

    [Fact]
    public void Alarm_OfRowsDamaged_SetsTheJournalAside()
        => Findings(Status(Service(Alarm("RowsDamaged")))).Single().Mend.ShouldContain(
            Path.Combine("regions", "us-east-1", "services", "demo", "shop", "journal") + ".damaged'");

    [Fact]
    public void Alarm_OfEventsLost_NamesTheJournalsThatWereSetAside()
    {
        var status = Status(Service(Alarm("EventsLost")));
        Findings(status).Single().Detail.ShouldContain("a backup may have them");
        var aside = Path.Combine(
            root.FullName, "regions", "eu-west-1", "services", "demo", "shop", "journal.damaged");
        Directory.CreateDirectory(aside);
        Findings(status).Single().Detail.ShouldEndWith($"Set aside: '{aside}'.");
    }

    [Fact]
    public void Alarm_OfTheRegionItself_IsShownToo()
    {
        var status = Status() with
        {
            Regions = [Status().Regions[0] with { Alarms = [Alarm("OwnEventBeyondSeen")] }],
        };
        TroubleText.Of(status).Single().ShouldStartWith("us-east-1: its own: alarm OwnEventBeyondSeen");
        Findings(status).Single().Detail.ShouldStartWith("the region itself: ");
    }

    private List<Finding> Findings(StatusDocument status)
    {
        var world = new RunningWorld(WorldDirectory.At(root.FullName),
            WorldPlan.Create(7400, "aws", _ => true), TimeProvider.System);
        return [.. AlarmChecks.Of(new Patient(world, status, null, [], " --context x"))];
    }

    private static AlarmView Alarm(string kind, string next = "Do it.") => new(
        kind, 2, new DateTimeOffset(2030, 1, 1, 12, 0, 0, TimeSpan.Zero), ["Newest.", "Older."], next);

    private static StatusDocument Status(params ServiceView[] services) => new(
        "local", "/w", new ProcessStatus("Running", 1), new ProcessStatus("Running", 1),
        new FederationStatus("Ready", 1, ""), [],
        [new RegionStatus("us-east-1", "Ready", 1, "", "", "", "", "", services, [])], [], "", "");

    private static ServiceView Service(params AlarmView[] alarms)
        => new("demo", "shop", "Ready", null, "", null, []) { Alarms = alarms };
}
