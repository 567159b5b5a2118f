using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Regions of an earlier build beside regions of this one, and regions that this build takes over: what a
/// deployment meets that goes from region to region. Environment variables as for <see cref="SwarmTests"/>.</summary>
public sealed class EarlierBuildTests(ITestOutputHelper output)
{
    private const int Seeds = 20;

    [Fact]
    public void Links_WithTheEarlierBuild_CarryNothingThatItRefuses()
    {
        var scene = Mixed(out var earlier);
        Letters(scene.Group);
        scene.Group.Start();
        WriteEverywhere(scene);
        scene.Converge();
        earlier.Refused.ShouldBeEmpty();
        scene.Group.Network.ProtocolBreaks.ShouldBe(0);
        scene.B.Describe()!.Peers.ShouldAllBe(p => p.State == "Live");
    }

    [Fact]
    public void Reports_ToTheEarlierBuild_LeaveNoLivesOut()
    {
        var scene = Mixed(out var earlier);
        scene.Group.Start();
        for (var life = 0; life < 6; life++)
        {
            scene.C.Kill();
            scene.C.Disk.LoseGuard(); // a life that nobody can prove goes on nowhere
            scene.C.Start();
            scene.Done(scene.C, Scene.Diary());
            scene.Group.Run(400);
        }
        scene.RunUntil(() => scene.B.Describe()!.Lanes[Scene.Diary().Lane].PastLives > 1, "lives are past");
        var (reports, leftOut) = (0, 0);
        earlier.Heard = frame => (reports, leftOut) = (reports + (frame.Report is null ? 0 : 1),
            leftOut + (frame.Report?.LeftOut.Count ?? 0));
        earlier.Kill();
        earlier.Start();
        WriteEverywhere(scene);
        scene.Converge();
        (reports > 0, leftOut).ShouldBe((true, 0));
        earlier.Refused.ShouldBeEmpty();
    }

    [Fact]
    public void Upgrade_RegionByRegionUnderWrites_KeepsWhatEachHad()
    {
        var scene = new Scene(3, EarlierRun.Options, start: false);
        foreach (var region in scene.Group.Regions.ToArray())
            scene.Group.RunEarlierBuild(region);
        scene.Group.Start();
        var keyed = scene.Operation(Scene.Diary(), key: "before");
        scene.Done(scene.A, keyed);
        foreach (var earlier in scene.Group.Regions.OfType<EarlierRegion>().ToArray())
        {
            for (var i = 0; i < 15; i++)
                WriteEverywhere(scene);
            earlier.Stop();
            var began = scene.Group.Oracles.Of(earlier).Events(Scene.Diary()).Select(e => e.Origin).Distinct().Count();
            var region = scene.Group.Upgrade(earlier);
            WriteEverywhere(scene);
            scene.Events(region, Scene.Diary()).Select(e => e.Origin).Distinct().Count()
                .ShouldBe(began, "a clean stop is one for both builds: the life goes on");
        }
        var before = scene.Events(scene.A, Scene.Diary()).Count;
        scene.Done(scene.A, keyed);
        scene.Events(scene.A, Scene.Diary()).Count.ShouldBe(before, "the key is remembered");
        scene.Converge();
    }

    [Fact]
    public void Swarm_EarlierAndPresentBuild_KeepAllInvariants()
    {
        if (SwarmTests.Number("PELAGO_SIM_SEED") is { } seed)
        {
            output.WriteLine(Run((ulong)seed).Summary);
            return;
        }
        var runs = new EarlierRun[(int)(SwarmTests.Number("PELAGO_SEEDS") ?? Seeds)];
        Parallel.For(0, runs.Length, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i
            => runs[i] = Run((ulong)i + 1));
        foreach (var run in runs)
            output.WriteLine(run.Summary);
        runs.Count(r => r.WasMixed).ShouldBeGreaterThan(2, "both builds were compared");
        runs.Sum(r => r.UpgradedUnderLoad).ShouldBeGreaterThan(10, "this build took regions over");
        runs.Sum(r => r.Group.Oracles.Acknowledged).ShouldBeGreaterThan(500, "clients were served");
    }

    private static EarlierRun Run(ulong seed)
    {
        var run = new EarlierRun(seed);
        try
        {
            run.Run();
        }
        catch (Exception error)
        {
            CaughtLog.Note("earlier", seed, error);
            throw new OracleException($"seed {seed} beside the earlier build: {error.Message} ({run.Summary})\n"
                + $"replay: PELAGO_SIM_SEED={seed} ./pelago test simulation -method "
                + $"\"*.{nameof(Swarm_EarlierAndPresentBuild_KeepAllInvariants)}\"\n{error}");
        }
        return run;
    }

    private static Scene Mixed(out EarlierRegion earlier)
    {
        var scene = new Scene(3, EarlierRun.Options, start: false);
        earlier = scene.Group.RunEarlierBuild(scene.A);
        return scene;
    }

    // Known to this build alone, and so are the frames that tell of it.
    private static void Letters(SimulatedGroup group)
        => group.Declare(TestTypes.Letter.For(EntityFilter.InEpoch(1).Except(group.Members[0])));

    private static void WriteEverywhere(Scene scene)
    {
        foreach (var region in scene.Group.Regions)
            scene.Done(region, Scene.Diary());
    }
}
