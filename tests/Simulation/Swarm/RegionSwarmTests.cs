using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Entities close and open to regions while everything else happens.</summary>
public sealed class RegionSwarmTests(ITestOutputHelper output)
{
    [Fact]
    public void Swarm_Regions_WithholdWhatTheySayAndFillWhatTheyLetIn()
    {
        var first = (ulong)(SwarmTests.Number("PELAGO_SIM_FIRST") ?? 1);
        var seeds = (ulong)(SwarmTests.Number("PELAGO_SIM_SEEDS") ?? 40);
        var probes = new long[Enum.GetValues<Probe>().Length];
        Parallel.For(0, (long)seeds, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i =>
        {
            var run = new SwarmRun(first + (ulong)i, durationMilliseconds: 10_000, compares: true,
                types: [TestTypes.Diary.Name, TestTypes.Parcel.Name]);
            run.Group.Listener = seeds == 1 ? output.WriteLine : null;
            try
            {
                run.RunWithRegions();
            }
            catch (Exception error)
            {
                CaughtLog.Note("regions", run.Seed, error);
                throw new OracleException($"seed {run.Seed} of regions: {error.Message} ({run.Summary})");
            }
            foreach (var probe in Enum.GetValues<Probe>())
                Interlocked.Add(ref probes[(int)probe], run.Group.Count(probe));
        });
        foreach (var probe in new[] { Probe.Withheld, Probe.WithheldOwed, Probe.PlaceholderFilled,
            Probe.EntityForwarded })
        {
            output.WriteLine($"{probe} {probes[(int)probe]}");
            probes[(int)probe].ShouldBeGreaterThan(0, probe.ToString());
        }
    }
}
