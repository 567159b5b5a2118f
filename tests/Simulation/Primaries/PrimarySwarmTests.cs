using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Types whose primary moves, under every fault: the first seeds, always the same ones. Told which others to
/// run as <see cref="SwarmTests"/> is.</summary>
public sealed class PrimarySwarmTests(ITestOutputHelper output)
{
    private const int Seeds = 36;

    private static readonly Dictionary<Probe, long> Floors = new()
    {
        [Probe.PrimaryTaken] = 400, [Probe.PrimaryDemoted] = 50, [Probe.PrimaryHandedOver] = 50,
        [Probe.PrimaryReplaced] = 5, [Probe.LeaseUsed] = 500, [Probe.Orphaned] = 5,
    };

    private readonly long[] hits = new long[Enum.GetValues<Probe>().Length];
    private long runs;
    private long promised;
    private long orphans;
    private long waived;

    [Fact]
    public void Swarm_AnySeed_AnswersAsOneCopyWhileThePrimaryMoves()
    {
        if (SwarmTests.Number("PELAGO_SIM_SEED") is { } seed)
        {
            RunOne((ulong)seed);
            return;
        }
        var wanted = SwarmTests.Number("PELAGO_SIM_FAILURES") ?? 1;
        var seconds = SwarmTests.Number("PELAGO_SIM_SECONDS");
        var first = SwarmTests.Number("PELAGO_SIM_FIRST") ?? 1;
        var (next, last) = (first - 1, seconds is null
            ? first - 1 + (SwarmTests.Number("PELAGO_SIM_SEEDS") ?? Seeds) : long.MaxValue);
        var clock = Stopwatch.StartNew();
        var failures = new ConcurrentQueue<(PrimaryRun Run, Exception Error)>();
        Parallel.For(0, Math.Min(2, Environment.ProcessorCount), _ =>
        {
            while (failures.Count < wanted && (seconds is null || clock.Elapsed.TotalSeconds < seconds)
                && Interlocked.Increment(ref next) is var number && number <= last)
                Try(new PrimaryRun((ulong)number), failures);
        });
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{runs} seeds, {promised} promises, {orphans} orphans, {waived} seeds with a loss that nothing told; ")
            + string.Join(", ", Floors.Keys.Select(p => $"{p} {hits[(int)p]}")));
        foreach (var (run, error) in failures.OrderBy(f => f.Run.Seed))
            output.WriteLine($"seed {run.Seed}: {error.GetType().Name} {error.Message} ({run.Summary})");
        if (failures.OrderBy(f => f.Run.Seed).FirstOrDefault() is { Run: { } failed, Error: { } why })
            Report(failed, why);
        if (seconds is null && first == 1 && runs >= Seeds)
            Floors.Where(f => hits[(int)f.Key] < f.Value)
                .Select(f => $"{f.Key} {hits[(int)f.Key]} times, not {f.Value}")
                .ShouldBeEmpty("The default run has to come to these moments more often.");
    }

    private void Try(PrimaryRun run, ConcurrentQueue<(PrimaryRun, Exception)> failures)
    {
        try
        {
            run.Run();
        }
        catch (Exception error)
        {
            CaughtLog.Note("primaries", run.Seed, error);
            failures.Enqueue((run, error));
        }
        Interlocked.Increment(ref runs);
        Interlocked.Add(ref promised, run.Promised);
        Interlocked.Add(ref orphans, run.Oracle.Orphans);
        Interlocked.Add(ref waived, run.IsWaived ? 1 : 0);
        foreach (var probe in Enum.GetValues<Probe>())
            Interlocked.Add(ref hits[(int)probe], run.Group.Count(probe));
    }

    private void RunOne(ulong seed)
    {
        var run = new PrimaryRun(
            seed, (Fault)(SwarmTests.Number("PELAGO_SIM_FAULTS") ?? -1), SwarmTests.Number("PELAGO_SIM_MILLISECONDS"));
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

    private static void Report(PrimaryRun run, Exception error)
    {
        if (CaughtLog.IsOn)
            Assert.Fail($"seed {run.Seed}: {error.Message}");
        var (faults, milliseconds) = Shrinker.Shrink(run.Faults, run.DurationMilliseconds,
            (fewer, shorter) => new PrimaryRun(run.Seed, fewer, shorter).Run());
        Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"seed {run.Seed} with faults {faults} after {
            milliseconds} ms: {error.Message}\nreplay: ./pelago soak simulation --swarm primaries --seed {run.Seed
            } --faults {(int)faults} --milliseconds {milliseconds}\n{error}"));
    }
}
