using System.Collections.Concurrent;
using System.Globalization;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Regions are added and removed while everything goes wrong. <c>PELAGO_SIM_FIRST</c> and
/// <c>PELAGO_SIM_SEEDS</c> say which seeds, <c>PELAGO_SIM_SEED</c> replays one and says what happens.</summary>
public sealed class MembershipSwarmTests(ITestOutputHelper output)
{
    private const int Seeds = 32;
    private const int CompactingSeeds = 8;
    private const long DurationMilliseconds = 20_000;

    // Whoever forgets its votes while a region is removed is a second failure, of which small groups do not survive
    // two; RegisterSwarmTests loses votes.
    private const Fault Allowed = ~(Fault.TornTail | Fault.Clone | Fault.RollBack | Fault.GuardLost);

    private static readonly Dictionary<Probe, long> Floors = new()
    {
        [Probe.ConfigurationTaken] = 300, [Probe.RemovedRefused] = 150, [Probe.RegionSealed] = 2_000,
        [Probe.LaneJoined] = 800,
    };

    private static readonly Dictionary<Probe, long> CompactingFloors = new()
    {
        [Probe.ConfigurationTaken] = 50, [Probe.RegionSealed] = 200, [Probe.LaneJoined] = 200,
        [Probe.RowsRemoved] = 4_000, [Probe.CompactedTold] = 80, [Probe.SnapshotTaken] = 40,
    };

    [Fact]
    public void Swarm_MembersComeAndGo_KeepsAllInvariants() => Swarm("members", Seeds, Floors, seed => new SwarmRun(
        seed, Allowed, DurationMilliseconds, compares: false, members: true));

    /// <summary>Rows of final events go meanwhile: while a region joins, which takes what they were as snapshots, while
    /// one that was removed is not sealed, and before one comes back under its name.</summary>
    [Fact]
    public void Swarm_MembersComeAndGoWhileRowsGo_KeepsAllInvariants() => Swarm("members-compaction", CompactingSeeds,
        CompactingFloors, seed => new SwarmRun(seed, Allowed, DurationMilliseconds, compares: false, compacts: true,
            members: true, types: seed % 3 == 1 ? [BoardType.Name] : null));

    private void Swarm(
        string name, int seedsOfCi, IReadOnlyDictionary<Probe, long> floors, Func<ulong, SwarmRun> make)
    {
        if (SwarmTests.Number("PELAGO_SIM_SEED") is { } replayed)
        {
            RunOne(make((ulong)replayed));
            return;
        }
        var first = (ulong)(SwarmTests.Number("PELAGO_SIM_FIRST") ?? 1);
        var seeds = SwarmTests.Number("PELAGO_SIM_SEEDS") ?? seedsOfCi;
        var failures = new ConcurrentQueue<(ulong Seed, string Error)>();
        var hits = new long[Enum.GetValues<Probe>().Length];
        var (done, decisions) = (0, 0);
        Parallel.For(0, seeds, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i =>
        {
            var run = make(first + (ulong)i);
            try
            {
                run.Run();
            }
            catch (Exception error)
            {
                CaughtLog.Note(name, run.Seed, error);
                failures.Enqueue((run.Seed, $"{error.GetType().Name} {error.Message} ({run.Summary})"));
            }
            Interlocked.Add(ref done, run.MembersChanged);
            Interlocked.Add(ref decisions, run.Decisions);
            foreach (var probe in Enum.GetValues<Probe>())
                Interlocked.Add(ref hits[(int)probe], run.Group.Count(probe));
        });
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{seeds} seeds, {done} changes, {decisions} decisions; ")
            + string.Join(", ", floors.Keys.Append(Probe.ReleasedOverGap).Select(p => $"{p} {hits[(int)p]}")));
        failures.OrderBy(f => f.Seed).Select(f => $"PELAGO_SIM_SEED={f.Seed}: {f.Error}").ShouldBeEmpty();
        if (first == 1 && seeds >= seedsOfCi)
            floors.Where(f => hits[(int)f.Key] < f.Value)
                .Select(f => $"{f.Key} {hits[(int)f.Key]} times, not {f.Value}")
                .ShouldBeEmpty("The default run has to come to these moments more often.");
    }

    private void RunOne(SwarmRun run)
    {
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
