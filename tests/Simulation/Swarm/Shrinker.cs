using System.Diagnostics;

namespace Pelago.Tests.Simulation;

/// <summary>Makes a failing run smaller: leaves out one fault after another, then shortens the workload, and keeps
/// whatever
/// still fails. Another failure is as welcome as the first.</summary>
internal static class Shrinker
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(20);

    public static (Fault Faults, long Milliseconds) Shrink(ulong seed)
    {
        var clock = Stopwatch.StartNew();
        var whole = new SwarmRun(seed);
        var (faults, milliseconds) = (whole.Faults, whole.DurationMilliseconds);
        foreach (var fault in Enum.GetValues<Fault>())
        {
            if ((faults & fault) != 0 && clock.Elapsed < Budget && Fails(seed, faults & ~fault, milliseconds))
                faults &= ~fault;
        }
        while (milliseconds > 500 && clock.Elapsed < Budget && Fails(seed, faults, milliseconds * 2 / 3))
            milliseconds = milliseconds * 2 / 3;
        return (faults, milliseconds);
    }

    private static bool Fails(ulong seed, Fault faults, long milliseconds)
    {
        try
        {
            new SwarmRun(seed, faults, milliseconds).Run();
            return false;
        }
        catch (Exception)
        {
            return true;
        }
    }
}
