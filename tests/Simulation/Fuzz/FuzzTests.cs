using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Pelago.Tests.Simulation;

/// <summary>Frames of a hostile region, changed in every way that <see cref="Mutation"/> names: nothing throws, nothing
/// grows, links end with a reason, and the honest regions lose nothing and agree. Frames of every kind are also made
/// up. Environment variables as for
/// <see cref="SwarmTests"/>.</summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int Seeds = 25;

    // Of every frame that the wire describes, also of one that is added later.
    private const int MadeOfEachKind = 20;
    private const int TakenOfEachKind = 20;

    [Fact]
    public void Frames_OfAHostileRegion_HarmNobody()
    {
        if (SwarmTests.Number("PELAGO_SIM_SEED") is { } seed)
        {
            Run((ulong)seed, output.WriteLine);
            return;
        }
        var seconds = SwarmTests.Number("PELAGO_SIM_SECONDS");
        var clock = Stopwatch.StartNew();
        var next = (SwarmTests.Number("PELAGO_SIM_FIRST") ?? 1) - 1;
        var last = seconds is null ? next + Seeds : long.MaxValue;
        var acknowledged = 0;
        var mutations = new ConcurrentDictionary<Mutation, int>();
        var reasons = new ConcurrentDictionary<string, int>();
        var (made, taken) = (new ConcurrentDictionary<string, int>(), new ConcurrentDictionary<string, int>());
        Parallel.For(0, Math.Min(2, Environment.ProcessorCount), _ =>
        {
            while (seconds is null || clock.Elapsed.TotalSeconds < seconds)
            {
                var number = Interlocked.Increment(ref next);
                if (number > last)
                    break;
                var run = Run((ulong)number, _ => { });
                Interlocked.Add(ref acknowledged, run.Acknowledged);
                Add(mutations, run.Done);
                Add(reasons, run.Refused);
                Add(made, run.Made);
                Add(taken, run.Taken);
            }
        });
        foreach (var (reason, count) in reasons.OrderBy(r => r.Key, StringComparer.Ordinal))
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} links ended: {reason}"));
        acknowledged.ShouldBeGreaterThan(100, "honest regions go on");
        mutations.Keys.ShouldBe(Enum.GetValues<Mutation>(), ignoreOrder: true, "each is tried");
        reasons.Count.ShouldBeGreaterThan(10, "frames reach the rules behind the first");
        foreach (var kind in FrameMaker.Kinds)
        {
            var name = $"{kind.PropertyName}Frame";
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{name}: {made.GetValueOrDefault(kind.Name)} made up, {taken.GetValueOrDefault(name)} taken"));
        }
        foreach (var kind in FrameMaker.Kinds)
        {
            made.GetValueOrDefault(kind.Name).ShouldBeGreaterThan(MadeOfEachKind, $"{kind.Name} is made up");
            taken.GetValueOrDefault($"{kind.PropertyName}Frame")
                .ShouldBeGreaterThan(TakenOfEachKind, $"{kind.Name} passes the reader, and reaches the kernel");
        }
    }

    private static void Add<T>(ConcurrentDictionary<T, int> sums, IReadOnlyDictionary<T, int> counts) where T : notnull
    {
        foreach (var (key, count) in counts)
            sums.AddOrUpdate(key, count, (_, before) => before + count);
    }

    private static FuzzRun Run(ulong seed, Action<string> say)
    {
        var run = new FuzzRun(seed);
        try
        {
            run.Run();
        }
        catch (Exception error)
        {
            CaughtLog.Note("frames", seed, error);
            throw new OracleException($"seed {seed} of frames: {error.Message} ({run.Summary})\n"
                + $"replay: ./pelago soak frames --seed {seed}\n{error}");
        }
        say(run.Summary);
        return run;
    }
}
