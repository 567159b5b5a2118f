using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>One run of a group in which some regions run the earlier build, or all of them: with clients and faults,
/// while regions are upgraded one by one, as in a deployment. In the end those that are left are compared with the
/// others, upgraded, too, and compared again.</summary>
internal sealed class EarlierRun
{
    // Disks are not set back or damaged: only the disk of this build can be.
    private const Fault Possible = Fault.Loss | Fault.Duplicate | Fault.Reorder | Fault.Break | Fault.Isolation
        | Fault.PartialCut | Fault.OneWayCut | Fault.Slow | Fault.CrashBeforeWrite | Fault.CrashAfterWrite | Fault.Kill
        | Fault.Restart | Fault.Pause | Fault.ClockOff | Fault.ClockStep | Fault.DiskFull | Fault.LoadFailure;

    private readonly Dice dice;
    private readonly FaultDriver driver;
    private readonly Workload workload;

    public EarlierRun(ulong seed)
    {
        dice = new Dice(seed);
        var regions = 2 + dice.Below(3);
        Group = new SimulatedGroup(dice.Next(), regions, Options);
        // A rule that the earlier build does not know, of a type that nobody writes meanwhile.
        Group.Declare(TestTypes.Letter.For(EntityFilter.InEpoch(1).Except(Group.Members[0])));
        foreach (var region in Group.Regions.ToArray())
        {
            if (region == Group[0] || dice.Chance(500))
                Group.RunEarlierBuild(region);
        }
        Faults = SwarmRun.Draw(dice) & Possible;
        Group.Oracles.IsLedgerJudged = false; // the earlier build does not note which writes were overwritten
        workload = new Workload(dice.Fork(), 1 + dice.Below(4), TestTypes.Usual)
        {
            Levels = dice.Chance(300) ? dice.Fork() : null, Members = regions,
        };
        driver = new FaultDriver(Group, Faults, dice.Fork());
    }

    public SimulatedGroup Group { get; }

    public Fault Faults { get; }

    /// <summary>Regions that were upgraded under load.</summary>
    public int UpgradedUnderLoad { get; private set; }

    /// <summary>Some regions were of each build when the group was compared.</summary>
    public bool WasMixed { get; private set; }

    public string Summary => $"{Group.Regions.Count} regions, {Group.Inputs} inputs, "
        + $"{Group.Oracles.Book.Count} events, {Group.Oracles.Acknowledged} acknowledged, "
        + $"{UpgradedUnderLoad} upgraded under load, faults {Faults}";

    /// <summary>As the surroundings of the earlier build set them there: what one stored is read by the
    /// other.</summary>
    public static KernelOptions Options(KernelOptions options) => options with
    {
        CompareMilliseconds = 2_000, SnapshotRows = 10, EntityMemoryBytes = 20_000,
    };

    /// <summary>Runs to the end.</summary>
    /// <exception cref="OracleException">A property does not hold.</exception>
    public void Run()
    {
        driver.Begin();
        Group.Start();
        for (var i = 0; i < 2 + dice.Below(4); i++)
            new Client(Group, workload, dice.Fork()).Begin();
        for (var parts = 3; parts > 0; parts--)
        {
            Group.Run(dice.Between(1_000, 8_000));
            if (dice.Chance(600))
                UpgradeOne();
        }
        workload.Over = true;
        driver.End();
        Convergence.Demand(Group, workload.Entities);
        EarlierRegion[] left = [.. Group.Regions.OfType<EarlierRegion>()];
        WasMixed = left.Length > 0 && left.Length < Group.Regions.Count;
        foreach (var earlier in left)
        {
            Upgrade(earlier);
            Group.Run(dice.Between(0, 3_000));
        }
        Convergence.Demand(Group, workload.Entities);
    }

    private void UpgradeOne()
    {
        EarlierRegion[] left = [.. Group.Regions.OfType<EarlierRegion>()];
        if (left.Length == 0)
            return;
        UpgradedUnderLoad++;
        Upgrade(dice.Pick(left));
    }

    private void Upgrade(EarlierRegion earlier)
    {
        if (dice.Chance(500))
            earlier.Stop();
        else
            earlier.Kill();
        Group.Upgrade(earlier);
    }
}
