using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>One run of the swarm: draws a group, a workload and faults from the seed, lets them loose, mends
/// everything, and
/// demands that all regions agree within bounded time.</summary>
internal sealed class SwarmRun
{
    /// <summary>Faults that came later are drawn apart, so that older seeds mean what they meant.</summary>
    private const ulong Later = 0x1A7E;
    private const ulong Latest = 0x1A7E57;
    private const ulong Levels = 0x1E7E150;
    private const ulong Coming = 0xC0E5;
    private const long FirstVotesMilliseconds = 5_000;
    private const ulong Deciding = 0xDEC1;
    private const ulong Filtering = 0xF117E5;

    private const long EffectLimitMilliseconds = 120_000;

    /// <summary>What clients have asked for is written by then, or never.</summary>
    private const long LastRequestsMilliseconds = 10_000;

    private const int ComparePauseMilliseconds = 2_000;

    private readonly Dice dice;
    private readonly Workload workload;
    private readonly FaultDriver driver;
    private readonly MemberChanges? changes;
    private readonly RegisterClients? registers;

    /// <summary>Draws the run.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="allowed">Faults that may be drawn: the shrinker takes some away.</param>
    /// <param name="durationMilliseconds">How long the workload lasts, or null to draw it, too.</param>
    /// <param name="compares">Whether regions compare what they hold, or null to draw it, too. Those that do would mend
    /// what a fault of the ordinary course leaves behind, were that not an alarm that ends the run.</param>
    /// <param name="types">Entity types that are written to, or null for the usual ones.</param>
    /// <param name="effects">Whether final events have effects.</param>
    /// <param name="votes">Whether regions have votes on registers.</param>
    /// <param name="compacts">Whether rows of final events may go.</param>
    /// <param name="members">Whether regions are added and removed; then they have votes.</param>
    /// <param name="levels">Whether commands ask to be durable in more regions than one, or null to draw it,
    /// too.</param>
    public SwarmRun(
        ulong seed, Fault allowed = (Fault)(-1), long? durationMilliseconds = null, bool? compares = null,
        IReadOnlyList<string>? types = null, bool? levels = null, bool effects = false,
        bool votes = false, bool compacts = false, bool members = false)
    {
        dice = new Dice(seed);
        Seed = seed;
        var regions = dice.Pick([1, 2, 2, 3, 3, 3, 3, 4, 4, 5]);
        Faults = (Draw(dice) | (new Dice(seed ^ Later).Chance(150) ? Fault.Damage : Fault.None)) & allowed;
        var tight = dice.Chance(500);
        var drawn = dice.Between(5_000, 40_000);
        DurationMilliseconds = durationMilliseconds ?? drawn;
        var pause = compares ?? new Dice(seed ^ Latest).Chance(400) ? ComparePauseMilliseconds : int.MaxValue;
        var (chance, tighten) = (dice.Next(), tight ? Tighten(dice.Fork()) : o => o);
        Group = new SimulatedGroup(chance, regions, o => tighten(o) with
        {
            CompareMilliseconds = pause, Voters = votes || members ? null : [],
            CompactRows = compacts ? 6 : o.CompactRows, RemoveRowsPerGroup = compacts ? 4 : o.RemoveRowsPerGroup,
        }, effects, compacts);
        var asked = new Dice(seed ^ Levels);
        var asks = levels ?? asked.Chance(250);
        workload = new Workload(dice.Fork(), 1 + dice.Below(4), types ?? TestTypes.Usual)
        {
            Levels = asks ? asked : null, Members = regions,
        };
        if (members && regions == 1) // set back to before it had company, it would not know whom to ask
            Faults &= ~Fault.RollBack;
        driver = new FaultDriver(Group, Faults, dice.Fork());
        changes = members ? new MemberChanges(Group, new Dice(seed ^ Coming)) : null;
        registers = members ? new RegisterClients(Group, new Dice(seed ^ Deciding)) : null;
    }

    /// <summary>The seed.</summary>
    public ulong Seed { get; }

    /// <summary>The drawn faults.</summary>
    public Fault Faults { get; }

    /// <summary>How long the workload lasts.</summary>
    public long DurationMilliseconds { get; }

    /// <summary>The group.</summary>
    public SimulatedGroup Group { get; }

    /// <summary>Changes of the members that were answered with success.</summary>
    public int MembersChanged => changes?.Done ?? 0;

    /// <summary>Registers' requests that were answered with a value.</summary>
    public int Decisions => registers?.Decisions ?? 0;

    /// <summary>One line about what happened.</summary>
    public string Summary => $"{Group.Regions.Count} regions, {Group.Time.Now / 1000} s, {Group.Inputs} inputs, "
        + $"{Group.Oracles.Book.Count} events, {Group.Oracles.Acknowledged} acknowledged, faults {Faults}; "
        + string.Join(", ", Group.Network.Frames.Select(f => $"{f.Value} {f.Key}"));

    /// <summary>Runs to the end.</summary>
    /// <exception cref="OracleException">A property does not hold.</exception>
    public void Run() => Run(null);

    private void Run(Action? beforeTheEnd)
    {
        if (changes is not null) // a group whose first votes are disturbed by losses decides nothing, ever
            Group.Start().Run(FirstVotesMilliseconds);
        driver.Begin();
        Group.Start();
        for (var i = 0; i < 2 + dice.Below(6); i++)
            new Client(Group, workload, dice.Fork()).Begin();
        changes?.Begin();
        registers?.Begin();
        Group.Run(DurationMilliseconds);
        workload.Over = true;
        driver.End();
        changes?.End();
        registers?.Check();
        beforeTheEnd?.Invoke();
        EntityKey[] deals = [.. workload.Entities.Where(e => e.Type == TestTypes.Deal.Name)];
        if (deals.Length > 0)
            Group.Run(LastRequestsMilliseconds);
        Group.Effects.Demand(deals, EffectLimitMilliseconds);
        Convergence.Demand(Group, [.. workload.Entities, .. deals.Select(EffectOracle.ReceiptsOf)]);
        Group.Effects.Check(deals);
    }

    /// <summary>Runs to the end with <see cref="TestTypes.Draft"/> as a local type; then every region is started anew,
    /// one after another, with the type declared as replicated.</summary>
    public void RunAndOpen()
    {
        Run();
        Group.Oracles.Book.LocalTypes.Clear();
        Group.Declare(TestTypes.Draft.In(EntityMode.Replicated));
        foreach (var region in Group.Regions)
        {
            Group.Run(dice.Pick([0, 500, 5_000]));
            if (dice.Chance(500))
                region.Kill();
            else
                region.Stop();
            Group.Run(dice.Pick([0, 500, 5_000]));
            region.Start();
        }
        Convergence.Demand(Group, workload.Entities);
    }

    /// <summary>Runs with filters that change meanwhile; at the end every region is started anew with the last
    /// one.</summary>
    public void RunWithFilters()
    {
        var filters = new FilterChanges(Group, new Dice(Seed ^ Filtering));
        filters.Begin();
        Run(() => filters.End(() =>
        {
            foreach (var region in Group.Regions)
            {
                region.Stop();
                Group.Run(dice.Pick([0, 500, 5_000]));
                region.Start();
            }
        }));
    }

    /// <summary>Runs while the regions that entities are for change.</summary>
    public void RunWithRegions()
    {
        var changes = new RegionChanges(Group, workload, new Dice(Seed ^ Filtering));
        changes.Begin();
        Run(() =>
        {
            Group.Run(LastRequestsMilliseconds);
            changes.End();
            Group.Run(LastRequestsMilliseconds);
        });
    }

    internal static Fault Draw(Dice dice)
    {
        var faults = Fault.None;
        var share = dice.Pick([0, 100, 250, 250, 500]);
        foreach (var fault in Enum.GetValues<Fault>())
        {
            if (dice.Chance(share))
                faults |= fault;
        }
        // Rare otherwise: an origin loses its end while others hold back what came before it.
        return dice.Chance(200) ? faults | Fault.PartialCut | Fault.Slow | Fault.Kill | Fault.TornTail | Fault.RollBack
            : faults;
    }

    // Small limits, so that they are reached.
    internal static Func<KernelOptions, KernelOptions> Tighten(Dice dice)
    {
        var (snapshot, held, credit) = (dice.Pick([3, 10, 40]), dice.Pick([8, 16, 64]), dice.Pick([400, 2_000,
            20_000]));
        var (page, memory, group) = (dice.Pick([1, 5, 50]), dice.Pick([1_000, 20_000, 1_000_000]), dice.Pick([1, 8,
            64]));
        var hold = dice.Pick([100, 1_000]);
        var (fetches, stuck, unreadable) = (dice.Pick([4, 32]), dice.Pick([200, 5_000]), dice.Pick([200, 5_000]));
        return options => options with
        {
            SnapshotRows = snapshot, MaxHeldPerEntity = held, LaneCreditBytes = credit, PageRows = page,
            EntityMemoryBytes = memory, MaxGroupRows = group, HoldMilliseconds = hold, PageBytes = 1_000,
            MaxHeldBytesPerLane = held * 400, MaxFetchesPerLane = fetches, StuckAfterMilliseconds = stuck,
            UnreadableAfterMilliseconds = unreadable,
        };
    }
}
