using System.Globalization;

namespace Pelago.Sdk.Testing;

/// <summary>Regions inside a test: several of them in one process, on a virtual clock, with the kernel, the entity
/// types, the keys and the tokens of production, journals in memory, and a network whose faults a seed
/// decides.</summary>
/// <remarks>
/// <para>Time passes only inside the members of this class and of what it hands out; nothing runs beside the test, so
/// there is nothing to await. The same seed and the same calls give the same run, byte for byte, on every
/// machine.</para>
/// <para><see cref="Dispose"/> mends everything and demands that all regions hold the same. Not thread-safe; worlds do
/// not know of each other, so tests that have one each may run at once.</para>
/// </remarks>
/// <example><code>
/// using var world = PelagoWorld.Create("eu", "us", "ap");
/// world.Cut("eu", "us");
/// world.Region("eu").Get&lt;Cart&gt;("c1").Send(new AddItem("moby-dick", 1));
/// world.Region("us").Get&lt;Cart&gt;("c1").Send(new AddItem("emma", 1));
/// world.Heal();
/// world.Converged();
/// </code></example>
public sealed partial class PelagoWorld : IDisposable
{
    /// <summary>Environment variable with the seed of worlds for which the test names none.</summary>
    public const string SeedVariable = "PELAGO_SEED";

    /// <summary>Environment variable with how many seeds <see cref="Explore"/> tries instead of what the test
    /// says.</summary>
    public const string SeedsVariable = "PELAGO_SEEDS";

    /// <summary>Most regions of a world.</summary>
    public const int MaxRegions = 16;

    private readonly WorldGroup group;
    private bool failed;
    private bool disposed;

    private PelagoWorld(ulong seed, string[] regions)
    {
        Check(regions);
        group = new WorldGroup(seed, regions);
        Regions = [.. group.Regions.Select(r => new WorldRegion(group, r))];
        Run(Introductions);
    }

    // Regions dial each other in the beginning; a test begins when they know each other.
    private static TimeSpan Introductions => TimeSpan.FromSeconds(1);

    /// <summary>Seed of this run.</summary>
    public ulong Seed => group.Seed;

    /// <summary>All regions, in the order in which they were named.</summary>
    public IReadOnlyList<WorldRegion> Regions { get; }

    /// <summary>Virtual time since the world began.</summary>
    public TimeSpan Elapsed => TimeSpan.FromMilliseconds(group.Time.Now);

    /// <summary>The true time in the world; a region's clock may be off it.</summary>
    public DateTimeOffset Now => DateTimeOffset.FromUnixTimeMilliseconds(
        VirtualTime.FirstWallMilliseconds + group.Time.Now);

    /// <summary>What happened outside the ordinary course, with virtual times, oldest first; at most ten thousand
    /// lines.</summary>
    public IReadOnlyList<string> Log => [.. group.Log];

    // All rows of each region's journal, lane by lane.
    internal IEnumerable<IEnumerable<Replication.EventRow>> Journals
        => group.Regions.Select(r => r.Disk.State.Lanes.SelectMany(l => l.Rows));

    // What a region that runs knows of types whose primary moves.
    internal IReadOnlyList<Replication.PrimaryDescription> Primaries(string region)
        => Inner(region).Describe()?.Primaries ?? [];

    // By how much the clocks of a region run faster than true time, in a thousand.
    internal void Rate(string region, int perMille) => Inner(region).ClockRatePerMille = perMille;

    /// <summary>From now on only these regions may have keys of subjects whose personal members are sealed. Every
    /// region is restarted.</summary>
    public void LimitKeys(params string[] regions)
    {
        Check(regions);
        group.SubjectKeyRegions = [.. regions];
        foreach (var region in Regions)
            Restart(region.Name);
        Run(Introductions);
    }

    // Transactions of a region's journal, and its being set back to fewer, as by an old backup.
    internal int Writes(string region) => Inner(region).Disk.Writes;

    internal void SetBack(string region, int writes)
    {
        Inner(region).Kill();
        Inner(region).Disk.RollBack(writes);
        Inner(region).Start();
    }

    // Keys that lie in a region's journal.
    internal IReadOnlyList<Replication.SubjectKey> KeysIn(string region)
        => [.. Inner(region).Disk.State.Entities.Values.SelectMany(e => e.SubjectKeys.Values)];

    // How often the running kernel of a region came to a moment.
    internal long Count(string region, Replication.Probe probe) => Inner(region).Probes?[probe] ?? 0;

    /// <summary>Whether <see cref="Dispose"/> mends everything and demands convergence; true unless changed.</summary>
    public bool ChecksAtEnd { get; set; } = true;

    /// <summary>A world whose regions all run and know each other, with the seed of the environment, or 1.</summary>
    /// <param name="regions">Names: a–z, 0–9 and hyphens; 1 to 16 of them.</param>
    public static PelagoWorld Create(params string[] regions) => new(Number(SeedVariable) ?? 1, regions);

    /// <summary>A world with a seed of the test's own.</summary>
    /// <param name="seed">Decides everything that chance decides.</param>
    /// <param name="regions">Names: a–z, 0–9 and hyphens; 1 to 16 of them.</param>
    public static PelagoWorld Create(ulong seed, params string[] regions) => new(seed, regions);

    /// <summary>Runs a test in one world after another, each with another seed, from 1 on; every world is checked at
    /// its end. With a seed in the environment only that one.</summary>
    /// <exception cref="WorldException">It failed with one of the seeds, which the message names; what the test threw
    /// is the inner exception.</exception>
    public static void Explore(int seeds, Action<PelagoWorld> test, params string[] regions)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(seeds);
        var only = Number(SeedVariable);
        var count = only is null ? Number(SeedsVariable) ?? (ulong)seeds : 1;
        for (ulong i = 1; i <= count; i++)
        {
            using var world = Create(only ?? i, regions);
            try
            {
                test(world);
            }
            catch (Exception error) when (error is not WorldException)
            {
                world.failed = true;
                throw WorldException.Of(world.group, $"{error.GetType().Name}: {error.Message}", error);
            }
            catch (WorldException)
            {
                world.failed = true;
                throw;
            }
        }
    }

    /// <summary>A region by name.</summary>
    /// <exception cref="TestKitException">There is none of that name.</exception>
    public WorldRegion Region(string name) => Regions.FirstOrDefault(r => r.Name == name) ?? throw NoRegion(name);

    /// <summary>A user with a causality token that travels along.</summary>
    public WorldClient Client() => new(this);

    /// <summary>Lets time pass.</summary>
    public void Run(TimeSpan time) => group.Time.RunUntil(group.Time.Now + (long)time.TotalMilliseconds);

    /// <summary>Lets time pass until a condition holds, which is asked after everything that happens.</summary>
    /// <exception cref="WorldException">It does not hold within so long.</exception>
    public void RunUntil(Func<bool> condition, TimeSpan within)
    {
        if (!group.RunUntil(condition, (long)within.TotalMilliseconds))
            throw Fail($"What was waited for did not come within {within.TotalSeconds} s of virtual time.");
    }

    /// <summary>Lets time pass until all regions hold the same events and owe each other nothing, and demands that
    /// they have made the same state of them.</summary>
    /// <param name="within">Virtual time that it may take; a minute unless said otherwise.</param>
    /// <exception cref="WorldException">They do not; the message names the first entity that differs, with what each
    /// region has.</exception>
    public WorldReport Converged(TimeSpan? within = null)
    {
        try
        {
            return new WorldConvergence(group).Demand(
                (long)(within ?? TimeSpan.FromMinutes(1)).TotalMilliseconds);
        }
        catch (WorldException)
        {
            failed = true;
            throw;
        }
    }

    /// <summary>Mends everything, starts what is down, and demands that all regions converge, unless something was
    /// wrong already or <see cref="ChecksAtEnd"/> is false.</summary>
    /// <exception cref="WorldException">They do not converge.</exception>
    public void Dispose()
    {
        if (disposed || failed || !ChecksAtEnd)
            return;
        disposed = true;
        Heal();
        foreach (var region in group.Regions)
        {
            (region.Disk.Full, region.ClockOffMilliseconds) = (false, 0);
            region.Start();
        }
        Converged();
    }

    private WorldException Fail(string what)
    {
        failed = true;
        return WorldException.Of(group, what);
    }

    private TestKitException NoRegion(string name) => new(
        $"There is no region '{name}' in this world. Regions: {string.Join(", ", group.Members)}.");

    private static void Check(string[] regions)
    {
        if (regions.Length is 0 or > MaxRegions)
            throw new TestKitException($"A world has 1 to {MaxRegions} regions; this one was given {regions.Length}.");
        foreach (var name in regions)
        {
            if (Model.Names.Check(name, "region") is { } failure)
                throw new TestKitException(failure.Message);
        }
        if (regions.Distinct(StringComparer.Ordinal).Count() < regions.Length)
            throw new TestKitException($"A world has each region once: {string.Join(", ", regions)}.");
    }

    private static ulong? Number(string variable)
    {
        if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } text)
            return null;
        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw new TestKitException($"{variable} in the environment is '{text}', which is not a number.");
    }
}
