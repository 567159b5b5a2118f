using System.Globalization;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>One run of types whose primary moves: draws a group, clients and faults from the seed, lets them loose,
/// mends everything, and demands that what clients were told is the history of one copy, that every region takes
/// commands again, and that all leave out the same.</summary>
internal sealed class PrimaryRun
{
    private const ulong Changing = 0xC0E5;
    private const ulong Drawing = 0xD6A3;

    /// <summary>A group whose first votes are disturbed by losses decides nothing, ever.</summary>
    private const long FirstVotesMilliseconds = 5_000;

    /// <summary>A lease, patience, votes that are copied, and what a wrong guess at each of them costs.</summary>
    private const long ServingLimitMilliseconds = 30_000;

    /// <summary>A second region that forgets its votes while another has not copied them yet is one failure too many:
    /// so one region at most loses any, and none does where others are removed.</summary>
    private const Fault Never = Fault.GuardLost;
    private const Fault NeverWithMembers = Never | Fault.TornTail | Fault.RollBack | Fault.Clone;

    private readonly FaultDriver driver;
    private readonly MemberChanges? changes;
    private readonly PrimaryClients clients;
    private readonly PrimaryOracle oracle;
    private readonly Dice slow;

    /// <summary>Draws the run.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="allowed">Faults that may be drawn: the shrinker takes some away.</param>
    /// <param name="durationMilliseconds">How long the workload lasts, or null to draw it, too.</param>
    public PrimaryRun(ulong seed, Fault allowed = (Fault)(-1), long? durationMilliseconds = null)
    {
        var dice = new Dice(seed ^ Drawing);
        Seed = seed;
        var regions = dice.Pick([2, 3, 3, 3, 3, 4, 5]);
        var members = dice.Chance(300);
        // An untold loss can take what a majority had confirmed, and votes: what is promised then is less.
        var isLossTold = dice.Chance(700);
        // A primary is replaced when it cannot be reached, and leaves something out when it was written to meanwhile.
        var cuts = dice.Chance(600) ? dice.Pick([Fault.Isolation, Fault.Isolation | Fault.Kill,
            Fault.Isolation | Fault.OneWayCut | Fault.Pause, Fault.PartialCut | Fault.OneWayCut]) : Fault.None;
        Faults = (SwarmRun.Draw(dice) | cuts) & allowed & ~(members ? NeverWithMembers : Never)
            & ~(isLossTold ? Fault.TornTail : Fault.None);
        var drawn = dice.Between(8_000, 25_000);
        DurationMilliseconds = durationMilliseconds ?? drawn;
        var (pause, rest) = (dice.Chance(400) ? 2_000 : int.MaxValue, dice.Pick([500, 2_000, 10_000]));
        var (chance, tighten) = (dice.Next(), dice.Chance(400) ? SwarmRun.Tighten(dice.Fork()) : o => o);
        string[] types = dice.Chance(500) ? [TestTypes.Till.Name] : [TestTypes.Till.Name, TestTypes.Desk.Name];
        var homes = types.ToDictionary(t => t, _ => dice.Below(regions));
        IReadOnlyDictionary<string, IEntityType>? declared = null;
        Group = new SimulatedGroup(chance, regions, o => tighten(o) with
        {
            Voters = null, CompareMilliseconds = pause, PrimaryRestMilliseconds = rest,
        }, typesOf: _ => declared ?? TestTypes.WithoutEffects);
        declared = TestTypes.WithoutEffects.ToDictionary(t => t.Key, t => homes.TryGetValue(t.Key, out var home)
            ? ((TextType)t.Value).In(EntityMode.RequestRegion(Group.Members[home])) : t.Value);
        oracle = new PrimaryOracle(Group, types);
        var clientDice = dice.Fork();
        clients = new PrimaryClients(Group, oracle, clientDice, [.. types.SelectMany(t => Enumerable
            .Range(1, dice.Chance(500) ? 1 : 3)
            .Select(n => new EntityKey(t, n.ToString(CultureInfo.InvariantCulture))))]);
        driver = new FaultDriver(Group, Faults, dice.Fork()) { IsLossTold = isLossTold };
        changes = members ? new MemberChanges(Group, new Dice(seed ^ Changing)) : null;
        slow = dice.Fork();
        if (!dice.Chance(500))
            return;
        foreach (var region in Group.Regions) // the two that differ most differ by as much as is allowed
            region.ClockRatePerMille = (int)dice.Between(-20, 20);
    }

    public ulong Seed { get; }

    public Fault Faults { get; }

    public long DurationMilliseconds { get; }

    public SimulatedGroup Group { get; }

    /// <summary>What the run came to.</summary>
    public PrimaryOracle Oracle => oracle;

    /// <summary>Requests that were answered with what is promised.</summary>
    public int Promised => clients.Operations.Count(o => o.Shown is not null);

    /// <summary>A disk was set back and nothing told so: promises were not judged.</summary>
    public bool IsWaived => Group.Oracles.UntoldLosses.Count > 0;

    /// <summary>One line about what happened.</summary>
    public string Summary => string.Create(CultureInfo.InvariantCulture, $"{Group.Regions.Count} regions, {
        Group.Time.Now / 1000} s, {Group.Inputs} inputs, {clients.Operations.Count} requests, {Promised} promised, {
        clients.Moved} asked to move, {oracle.Orphans} orphans, {changes?.Done ?? 0} changes{
        (IsWaived ? ", waived" : "")}, faults {Faults}; ")
        + string.Join(", ", clients.Failures.Select(f => $"{f.Key} {f.Value}"));

    /// <summary>Runs to the end.</summary>
    /// <exception cref="OracleException">A property does not hold.</exception>
    public void Run()
    {
        Group.Start().Run(FirstVotesMilliseconds);
        driver.Begin();
        if (slow.Chance(300))
            SlowDisk();
        if (slow.Chance(600))
            StrikePrimary();
        clients.Begin();
        changes?.Begin();
        Group.Run(DurationMilliseconds);
        clients.End();
        driver.End();
        foreach (var region in Group.Regions)
            region.DiskDelayMilliseconds = 0;
        foreach (var cloned in Group.Regions.Where(r => Group.Oracles.Cloned.Contains(r.Name)).ToArray())
        {
            cloned.Kill(); // as its alarm asks for: it has lost its votes to the copy
            cloned.Start();
        }
        changes?.End();
        clients.Demand(ServingLimitMilliseconds);
        Convergence.Demand(Group, clients.Entities);
        var states = clients.Entities.ToDictionary(e => e, LinesOf);
        oracle.Check(states);
        foreach (var entity in clients.Entities.Where(_ => !IsWaived))
        {
            PrimaryHistory.Check([.. clients.Operations.Where(o => o.Entity == entity)], states[entity],
                Group.Oracles.IsLineLost);
        }
    }

    // For a while a disk takes longer than anybody counts on.
    private void SlowDisk() => Group.Time.After(slow.Between(500, 8_000), () =>
    {
        var region = slow.Pick(Group.Regions);
        region.DiskDelayMilliseconds = slow.Pick([50, 400, 3_000]);
        Group.Time.After(slow.Between(500, 6_000), () => region.DiskDelayMilliseconds = 0);
        if (Group.Time.Now < FirstVotesMilliseconds + DurationMilliseconds)
            SlowDisk();
    });

    // Who is the primary is cut off, stands still or dies for longer than its lease, and is written to meanwhile.
    private void StrikePrimary() => Group.Time.After(slow.Between(1_000, 9_000), () =>
    {
        if (Group.Time.Now >= FirstVotesMilliseconds + DurationMilliseconds)
            return;
        var name = Group.Regions.Where(r => r.Up).SelectMany(r => r.Describe()!.Primaries)
            .Where(p => p.IsStarted).MaxBy(p => p.Epoch)?.Region;
        if (Group.Regions.FirstOrDefault(r => r.Name == name && r.Up) is { } primary)
            Strike(primary, slow.Between(3_000, 9_000));
        StrikePrimary();
    });

    private void Strike(SimulatedRegion primary, long milliseconds)
    {
        var how = slow.Below(8);
        if (how == 0)
        {
            primary.Pause(milliseconds);
        }
        else if (how == 1)
        {
            primary.Kill();
            Group.Time.After(milliseconds, primary.Start);
        }
        else
        {
            foreach (var other in Group.Regions.Where(r => r != primary).Select(r => r.Name).ToArray())
            {
                if (how < 6 || slow.Chance(500))
                    Cut(primary.Name, other, milliseconds);
                if (how < 6 || slow.Chance(500))
                    Cut(other, primary.Name, milliseconds);
            }
        }
    }

    private void Cut(string from, string to, long milliseconds)
    {
        Group.Network.Path(from, to).Cut = true;
        Group.Time.After(milliseconds, () => Group.Network.Path(from, to).Cut = false);
    }

    private string[] LinesOf(EntityKey entity)
    {
        string[]? lines = null;
        Group.Read(Group.Regions[0], entity, ReadCondition.None, 5_000, (_, result) => lines = PrimaryHistory.LinesOf(
            (string)((EntityView)result.Value!).State));
        return Group.RunUntil(() => lines is not null, 10_000) ? lines!
            : throw new OracleException($"{Group.Regions[0].Name} does not show {entity}.");
    }
}
