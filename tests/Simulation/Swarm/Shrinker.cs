using System.Diagnostics;

namespace Pelago.Tests.Simulation;

/// <summary>Makes a failing run smaller: leaves out one fault after another, then shortens the workload, and keeps
/// whatever
/// still fails. Another failure is as welcome as the first.</summary>
internal static class Shrinker
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(20);

    /// <param name="run">Runs the seed with fewer faults, for a shorter time; throws when it fails.</param>
    public static (Fault Faults, long Milliseconds) Shrink(Fault faults, long milliseconds, Action<Fault, long> run)
    {
        var clock = Stopwatch.StartNew();
        foreach (var fault in Enum.GetValues<Fault>())
        {
            if ((faults & fault) != 0 && clock.Elapsed < Budget && Fails(run, faults & ~fault, milliseconds))
                faults &= ~fault;
        }
        while (milliseconds > 500 && clock.Elapsed < Budget && Fails(run, faults, milliseconds * 2 / 3))
            milliseconds = milliseconds * 2 / 3;
        return (faults, milliseconds);
    }

    private static bool Fails(Action<Fault, long> run, Fault faults, long milliseconds)
    {
        try
        {
            run(faults, milliseconds);
            return false;
        }
        catch (Exception)
        {
            return true;
        }
    }
}
