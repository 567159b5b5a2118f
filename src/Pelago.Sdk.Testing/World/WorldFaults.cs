namespace Pelago.Sdk.Testing;

/// <summary>What may go wrong in a <see cref="PelagoWorld.Storm"/>.</summary>
[Flags]
public enum WorldFaults
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Pairs of regions, or whole regions, are cut off from each other for up to fifteen seconds.</summary>
    Cuts = 1,

    /// <summary>Single directions are cut.</summary>
    OneWayCuts = 2,

    /// <summary>Ways are slow for a while.</summary>
    Slowness = 4,

    /// <summary>Frames get lost, arrive twice or out of order; connections break.</summary>
    Loss = 8,

    /// <summary>Processes die: at any time, and around a write.</summary>
    Crashes = 16,

    /// <summary>Processes stop and start cleanly.</summary>
    Restarts = 32,

    /// <summary>Clocks step by up to four seconds in either direction.</summary>
    ClockSteps = 64,

    /// <summary>All of them.</summary>
    All = Cuts | OneWayCuts | Slowness | Loss | Crashes | Restarts | ClockSteps,
}

/// <summary>Plans the faults of a <see cref="PelagoWorld.Storm"/>.</summary>
internal static class WorldStorm
{
    public static void Begin(WorldGroup group, Disturbances disturbances, Dice dice, WorldFaults faults)
    {
        foreach (var region in group.Regions)
        {
            var (before, after) = faults.HasFlag(WorldFaults.Crashes) ? (dice.Below(15), dice.Below(15)) : (0, 0);
            var skew = region.ClockOffMilliseconds;
            region.Died = disturbances.Revive;
            (region.CrashBeforeWritePerMille, region.CrashAfterWritePerMille) = (before, after);
            disturbances.AtEnd(() =>
            {
                (region.CrashBeforeWritePerMille, region.CrashAfterWritePerMille) = (0, 0);
                region.ClockOffMilliseconds = skew;
            });
        }
        Often(WorldFaults.Cuts, 5_000, () => disturbances.Cut(dice.Chance(300)
            ? disturbances.Around(dice.Pick(group.Members)) : [.. disturbances.OneWay(), .. disturbances.OneWay()]));
        Often(WorldFaults.OneWayCuts, 5_000, () => disturbances.Cut(disturbances.OneWay()));
        Often(WorldFaults.Slowness, 6_000, disturbances.Slow);
        Often(WorldFaults.Crashes, 6_000, () => disturbances.Kill(dice.Pick(group.Regions)));
        Often(WorldFaults.Restarts, 8_000, () => disturbances.Restart(dice.Pick(group.Regions)));
        Often(WorldFaults.ClockSteps, 5_000, ()
            => dice.Pick(group.Regions).ClockOffMilliseconds += dice.Between(-4_000, 4_000));
        if (faults.HasFlag(WorldFaults.Loss))
        {
            foreach (var path in group.Network.Paths)
            {
                (path.LossPerMille, path.DuplicatePerMille) = (dice.Below(15), dice.Below(15));
                (path.ReorderPerMille, path.BreakPerMille) = (dice.Below(15), dice.Below(20));
            }
        }

        void Often(WorldFaults fault, int meanMilliseconds, Action happen)
        {
            if (faults.HasFlag(fault))
                disturbances.Often(meanMilliseconds, happen);
        }
    }
}
