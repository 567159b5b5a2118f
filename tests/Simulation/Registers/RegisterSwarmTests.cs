using System.Collections.Concurrent;
using System.Globalization;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Registers under every fault: the first seeds, always the same ones. <c>PELAGO_REGISTER_SEED</c> replays
/// one, <c>PELAGO_REGISTER_SEEDS</c> says how many to run, <c>PELAGO_REGISTER_FIRST</c> where to begin.</summary>
public sealed class RegisterSwarmTests(ITestOutputHelper output)
{
    private const long Seeds = 250;
    private const long Usual = 100;
    private const int MaxFailures = 12;

    private static readonly Dictionary<Probe, long> Floors = new()
    {
        [Probe.RegisterDecided] = 10_000, [Probe.RegisterReadAtOnce] = 10_000, [Probe.RegisterOutbid] = Usual,
        [Probe.RegisterPaused] = Usual, [Probe.RegisterWithoutQuorum] = Usual, [Probe.RegisterUnknown] = Usual,
        [Probe.VoteOfAnOlderLife] = 20, [Probe.VoterLife] = 1_000, [Probe.VoterCopied] = 1_000,
        [Probe.VoterFirst] = Usual, [Probe.VoterStands] = 1_000, [Probe.VoterDeposed] = 20,
    };

    [Fact]
    public void Swarm_AnySeed_GivesEachRegisterOneHistory()
    {
        if (Number("PELAGO_REGISTER_SEED") is { } seed)
        {
            RunOne((ulong)seed);
            return;
        }
        var first = Number("PELAGO_REGISTER_FIRST") ?? 1;
        var seeds = Number("PELAGO_REGISTER_SEEDS") ?? Seeds;
        var failures = new ConcurrentQueue<(ulong Seed, string Error)>();
        var hits = new ConcurrentDictionary<Probe, long>();
        var operations = 0L;
        Parallel.For(0, seeds, new ParallelOptions { MaxDegreeOfParallelism = 2 }, (i, loop) =>
        {
            var run = new RegisterRun((ulong)(first + i));
            try
            {
                run.Run();
            }
            catch (Exception error)
            {
                CaughtLog.Note("registers", (ulong)(first + i), error);
                failures.Enqueue(((ulong)(first + i), $"{error.Message} ({run.Summary})"));
                if (failures.Count >= MaxFailures)
                    loop.Stop();
            }
            Interlocked.Add(ref operations, run.World.Operations.Count);
            foreach (var probe in Floors.Keys)
                hits.AddOrUpdate(probe, run.World.Count(probe), (_, sum) => sum + run.World.Count(probe));
        });
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seeds} seeds, {operations} operations; ")
            + string.Join(", ", hits.OrderBy(h => h.Key).Select(h => $"{h.Key} {h.Value}")));
        failures.OrderBy(f => f.Seed).Select(f => $"PELAGO_REGISTER_SEED={f.Seed}: {f.Error}").ShouldBeEmpty();
        if (first == 1 && seeds >= Seeds)
            Floors.Where(f => hits[f.Key] < f.Value).Select(f => $"{f.Key} {hits[f.Key]} times, not {f.Value}")
                .ShouldBeEmpty("The default run has to come to these moments more often.");
    }

    private void RunOne(ulong seed)
    {
        var run = new RegisterRun(seed);
        try
        {
            run.Run();
        }
        finally
        {
            output.WriteLine(run.Summary);
            foreach (var operation in run.World.Operations)
                output.WriteLine(operation.ToString());
        }
    }

    private static long? Number(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
        ? long.Parse(text, CultureInfo.InvariantCulture) : null;
}
