using System.Collections.Concurrent;
using System.Globalization;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Regions are added and removed while everything goes wrong. <c>PELAGO_SIM_FIRST</c> and
/// <c>PELAGO_SIM_SEEDS</c> say which seeds, <c>PELAGO_SIM_SEED</c> replays one and says what happens.</summary>
public sealed class MembershipSwarmTests(ITestOutputHelper output)
{
    private const int Seeds = 46;
    private const long DurationMilliseconds = 30_000;

    // Whoever forgets its votes while a region is removed is a second failure, of which small groups do not survive
    // two; RegisterSwarmTests loses votes.
    private const Fault Allowed = ~(Fault.TornTail | Fault.Clone | Fault.RollBack | Fault.GuardLost);

    private static readonly Dictionary<Probe, long> Floors = new()
    {
        [Probe.ConfigurationTaken] = 100, [Probe.RemovedRefused] = 20, [Probe.RegionSealed] = 1_000,
        [Probe.LaneJoined] = 300,
    };

    [Fact]
    public void Swarm_MembersComeAndGo_KeepsAllInvariants()
    {
        if (SwarmTests.Number("PELAGO_SIM_SEED") is { } replayed)
        {
            RunOne((ulong)replayed);
            return;
        }
        var first = (ulong)(SwarmTests.Number("PELAGO_SIM_FIRST") ?? 1);
        var seeds = SwarmTests.Number("PELAGO_SIM_SEEDS") ?? Seeds;
        var failures = new ConcurrentQueue<(ulong Seed, string Error)>();
        var hits = new long[Enum.GetValues<Probe>().Length];
        var (done, decisions) = (0, 0);
        Parallel.For(0, seeds, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i =>
        {
            var run = Run(first + (ulong)i);
            try
            {
                run.Run();
            }
            catch (Exception error)
            {
                CaughtLog.Note("members", run.Seed, error);
                failures.Enqueue((run.Seed, $"{error.GetType().Name} {error.Message} ({run.Summary})"));
            }
            Interlocked.Add(ref done, run.MembersChanged);
            Interlocked.Add(ref decisions, run.Decisions);
            foreach (var probe in Enum.GetValues<Probe>())
                Interlocked.Add(ref hits[(int)probe], run.Group.Count(probe));
        });
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{seeds} seeds, {done} changes, {decisions} decisions; ")
            + string.Join(", ", Floors.Keys.Append(Probe.ReleasedOverGap).Select(p => $"{p} {hits[(int)p]}")));
        failures.OrderBy(f => f.Seed).Select(f => $"PELAGO_SIM_SEED={f.Seed}: {f.Error}").ShouldBeEmpty();
        if (first == 1 && seeds >= Seeds)
            Floors.Where(f => hits[(int)f.Key] < f.Value)
                .Select(f => $"{f.Key} {hits[(int)f.Key]} times, not {f.Value}")
                .ShouldBeEmpty("The default run has to come to these moments more often.");
    }

    private static SwarmRun Run(ulong seed)
        => new(seed, Allowed, DurationMilliseconds, compares: false, members: true);

    private void RunOne(ulong seed)
    {
        var run = Run(seed);
        run.Group.Listener = output.WriteLine;
        try
        {
            run.Run();
        }
        finally
        {
            output.WriteLine(run.Summary);
        }
    }
}
