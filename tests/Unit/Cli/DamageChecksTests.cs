using Pelago.Cli;
using Pelago.Client;
using RegionStatus = Pelago.Cli.RegionStatus;

namespace Pelago.Tests.Unit;

/// <summary>What status and doctor say of damage.</summary>
public sealed class DamageChecksTests : IDisposable
{
    private static readonly TroubleView Damaged = new("PLG4006", "The journal cannot be used.", "Set it aside.");

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pelago-damage-");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void World_Whole_NothingIsSaid()
    {
        var status = Status(Region(Service()));
        TroubleText.Of(status).ShouldBeEmpty();
        Findings(status).ShouldAllBe(finding => finding.Result == Finding.Good && finding.Mend == "");
        Findings(status).Count.ShouldBe(2);
    }

    [Fact]
    public void Entities_Parked_AreCountedAndTheFirstNamed()
    {
        var parked = new ParkedView(7, [new ParkedEntity("cart", "a", "PLG5003", "It is parked.", "Deploy a build.")]);
        var status = Status(Region(Service() with { Parked = parked }));
        TroubleText.Of(status).ShouldBe([
            "us-east-1: demo/shop: 7 parked", "  cart/a  PLG5003: It is parked. Deploy a build.", "  and 6 more",
        ]);
        var finding = Findings(status).Single(f => f.Result == Finding.Failed);
        (finding.Check, finding.Mend).ShouldBe(("parked entities of us-east-1", "pelago logs demo.shop --context x"));
        finding.Detail.ShouldBe("demo/shop: 7, cart/a (PLG5003: It is parked. Deploy a build.), …");
    }

    [Fact]
    public void Journal_Damaged_IsSetAsideByCommandsThatOverwriteNothing()
    {
        var status = Status(Region(Service() with
        {
            State = "Failing", Trouble = Damaged,
            Restarts = new RestartView(4, new DateTimeOffset(2030, 1, 1, 12, 0, 8, TimeSpan.Zero)),
        }));
        TroubleText.Of(status).ShouldBe([
            "us-east-1: demo/shop: PLG4006: The journal cannot be used. Set it aside. (ended 4 times in a row; next "
            + "start not before 12:00:08Z)",
        ]);
        var journal = Path.Combine(_root.FullName, "regions", "us-east-1", "services", "demo", "shop", "journal");
        Journals(status).Mend.ShouldBe("pelago regions stop us-east-1 --yes --context x && "
            + $"mv '{journal}' '{journal}.damaged' && pelago regions start us-east-1 --context x");
        Directory.CreateDirectory(journal + ".damaged");
        Journals(status).Mend.ShouldContain($"mv '{journal}' '{journal}.damaged-2'");
    }

    [Fact]
    public void Region_ThatFails_NamesItsOwnJournalAndItsRestarts()
    {
        var status = Status(Region() with { State = "Failing", Trouble = Damaged, Restarts = 3 });
        TroubleText.Of(status).ShouldBe([
            "us-east-1: PLG4006: The journal cannot be used. Set it aside. (started again 3 times, with pauses of up "
            + "to 10 s)",
        ]);
        Journals(status).Mend.ShouldContain(
            $"mv '{Path.Combine(_root.FullName, "regions", "us-east-1", "journal")}' ");
    }

    [Fact]
    public void Trouble_OfAnotherKind_IsNotTheJournals()
        => Findings(Status(Region(Service() with { Trouble = Damaged with { Code = "PLG7202" } })))
            .ShouldAllBe(finding => finding.Result == Finding.Good);

    private Finding Journals(StatusDocument status)
        => Findings(status).Single(f => f.Check == "journals of us-east-1" && f.Result == Finding.Failed);

    private List<Finding> Findings(StatusDocument status)
    {
        var world = new RunningWorld(WorldDirectory.At(_root.FullName),
            WorldPlan.Create(7400, "aws", _ => true), TimeProvider.System);
        return [.. DamageChecks.Of(new Patient(world, status, null, [], " --context x"))];
    }

    private static StatusDocument Status(RegionStatus region) => new("local", "/w", new ProcessStatus("Running", 1),
        new ProcessStatus("Running", 1), new FederationStatus("Ready", 1, ""), [], [region], [], "", "");

    private static RegionStatus Region(params ServiceView[] services)
        => new("us-east-1", "Ready", 1, "", "", "", "", "", services, []);

    private static ServiceView Service() => new("demo", "shop", "Ready", null, "", null, []);
}
