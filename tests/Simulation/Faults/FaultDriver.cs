using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Makes the drawn faults happen at random times, and mends each after a while.</summary>
/// <remarks>Only one region of a run, the victim, loses what was durable: events that a second loss could take from the
/// last journal that has them would leave others waiting for causes that nobody has.</remarks>
internal sealed class FaultDriver
{
    private readonly SimulatedGroup group;
    private readonly Dice dice;
    private readonly Fault faults;
    private readonly SimulatedRegion victim;
    private readonly Disturbances disturbances;

    public FaultDriver(SimulatedGroup group, Fault faults, Dice dice)
    {
        (this.group, this.faults, this.dice) = (group, faults, dice);
        victim = dice.Pick(group.Regions);
        disturbances = new Disturbances(group, group.Members, dice);
        foreach (var region in group.Regions)
            region.Died = disturbances.Revive;
    }

    /// <summary>The region that loses disks.</summary>
    public SimulatedRegion Victim => victim;

    /// <summary>Disks are set back only where the guard file tells.</summary>
    public bool IsLossTold { get; init; }

    /// <summary>How often each fault happened.</summary>
    public Dictionary<Fault, int> Happened { get; } = [];

    public void Begin()
    {
        foreach (var path in group.Network.Paths)
        {
            path.DelayMilliseconds = (int)dice.Between(1, 150);
            path.JitterMilliseconds = (int)dice.Between(0, 60);
        }
        Standing();
        Often(Fault.Isolation, 8_000, () => disturbances.Cut(
            group.Regions.Count < 2 ? [] : disturbances.Around(dice.Pick(group.Regions).Name)));
        Often(Fault.PartialCut, 5_000, ()
            => disturbances.Cut([.. disturbances.OneWay(), .. disturbances.OneWay()]));
        Often(Fault.OneWayCut, 5_000, () => disturbances.Cut(disturbances.OneWay()));
        Often(Fault.Slow, 6_000, disturbances.Slow);
        Often(Fault.Kill, 6_000, () => disturbances.Kill(dice.Pick(group.Regions)));
        Often(Fault.Restart, 8_000, () => disturbances.Restart(dice.Pick(group.Regions)));
        Often(Fault.Pause, 6_000, () => dice.Pick(group.Regions).Pause(dice.Between(20, 8_000)));
        Often(Fault.ClockStep, 5_000, () => dice.Pick(group.Regions).ClockOffMilliseconds += dice.Between(-4_000,
            4_000));
        Often(Fault.TornTail, 12_000, () => RollBack(Math.Max(0, victim.Disk.Writes - (int)dice.Between(1, 6)),
            clean: false));
        Often(Fault.RollBack, 20_000, () => RollBack(
            dice.Below(victim.Disk.Writes + 1), clean: dice.Chance(500) || IsLossTold));
        Often(Fault.DiskFull, 8_000, FillDisk);
        Often(Fault.GuardLost, 10_000, () => LoseGuard(dice.Pick(group.Regions)));
        Often(Fault.Clone, 12_000, Clone);
        Often(Fault.Damage, 6_000, Damage);
    }

    /// <summary>Mends everything; nothing goes wrong from now on.</summary>
    public void End()
    {
        disturbances.Over = true;
        foreach (var clone in group.Clones.ToArray())
            group.Remove(clone);
        group.Network.Heal();
        foreach (var region in group.Regions)
        {
            Mend(region);
            (region.CrashBeforeWritePerMille, region.CrashAfterWritePerMille, region.LoadFailurePerMille) = (0, 0, 0);
            region.Disk.Full = false;
            region.Start();
        }
    }

    private void Standing()
    {
        foreach (var path in group.Network.Paths)
        {
            path.LossPerMille = Has(Fault.Loss) ? dice.Below(15) : 0;
            path.DuplicatePerMille = Has(Fault.Duplicate) ? dice.Below(15) : 0;
            path.ReorderPerMille = Has(Fault.Reorder) ? dice.Below(15) : 0;
            path.BreakPerMille = Has(Fault.Break) ? dice.Below(20) : 0;
        }
        foreach (var region in group.Regions)
        {
            region.CrashBeforeWritePerMille = Has(Fault.CrashBeforeWrite) ? dice.Below(15) : 0;
            region.CrashAfterWritePerMille = Has(Fault.CrashAfterWrite) ? dice.Below(15) : 0;
            region.LoadFailurePerMille = Has(Fault.LoadFailure) ? dice.Below(100) : 0;
            if (Has(Fault.ClockOff))
                region.ClockOffMilliseconds = dice.Between(-1, 1) * dice.Pick([3L, 200, 800, 30_000, 3_600_000,
                    20_000_000]);
        }
    }

    private bool Has(Fault fault) => (faults & fault) != 0;

    private void Often(Fault fault, int meanMilliseconds, Action happen)
    {
        if (!Has(fault))
            return;
        disturbances.Often(meanMilliseconds, () =>
        {
            Happened[fault] = Happened.GetValueOrDefault(fault) + 1;
            happen();
        });
    }

    // Not while a clone has what is lost here: alone in the dark, both would be right to use a number again.
    private void RollBack(int writes, bool clean)
    {
        if (!victim.Up || group.Clones.Count > 0)
            return;
        if (clean)
            victim.Stop();
        else
            victim.Kill();
        group.Oracles.RolledBack(victim, victim.Disk.RollBack(writes));
        disturbances.Revive(victim);
        // What the others hold back of it has no second copy then.
        foreach (var other in group.Regions.Where(r => r != victim && r.Up && dice.Chance(300)))
            disturbances.Kill(other);
    }

    // Without its guard file, which lies elsewhere: with it, both would be right to go on with the same numbers for as
    // long as nobody else reaches either, and every event of that time would be a fork.
    private void Clone()
    {
        if (!victim.Up || group.Clones.Count > 0)
            return;
        var clone = group.Clone(victim, withGuard: false, takesTheAddress: dice.Chance(500));
        group.Time.After(dice.Between(300, 12_000), () =>
        {
            if (group.Clones.Contains(clone))
                group.Remove(clone);
        });
    }

    // What is in memory stays sound, so half of the time the process has to read everything again.
    private void Damage()
    {
        var region = dice.Pick(group.Regions);
        if (dice.Chance(200))
        {
            HideEntities(region);
            return;
        }
        EventRow[] rows = [.. region.Disk.State.Entities.Values.SelectMany(e => e.Rows)];
        if (rows.Length == 0)
            return;
        for (var i = dice.Between(1, 4); i > 0; i--)
        {
            var row = dice.Pick(rows);
            region.Disk.Damaged.Add((row.Event.Entity, row.LocalSequence));
        }
        if (dice.Chance(500))
            disturbances.Kill(region);
        group.Time.After(dice.Between(500, 12_000), () =>
        {
            Mend(region);
            if (!region.Up)
                disturbances.Revive(region);
        });
    }

    private void HideEntities(SimulatedRegion region)
    {
        var usual = region.LoadFailurePerMille;
        region.LoadFailurePerMille = 1_000;
        group.Time.After(dice.Between(500, 15_000), () => region.LoadFailurePerMille = disturbances.Over ? 0 : usual);
    }

    private static void Mend(SimulatedRegion region)
    {
        if (region.Disk.Damaged.Count == 0)
            return;
        region.Disk.Damaged.Clear();
        region.Kill(); // it does not look again at what it could not read
    }

    private void FillDisk()
    {
        var disk = dice.Pick(group.Regions).Disk;
        disk.Full = true;
        group.Time.After(dice.Between(50, 4_000), () => disk.Full = false);
    }

    private void LoseGuard(SimulatedRegion region)
    {
        region.Kill();
        region.Disk.LoseGuard();
        disturbances.Revive(region);
    }
}
