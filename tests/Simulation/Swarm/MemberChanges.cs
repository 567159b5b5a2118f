using System.Globalization;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Regions come and go while everything else goes wrong: whoever is asked, whoever is away.</summary>
/// <remarks>Now and then two changes are asked for at once, in different regions; a region that was removed is added
/// again at once; a new one starts late, or dies around its first writes.</remarks>
internal sealed class MemberChanges(SimulatedGroup group, Dice dice)
{
    private const long PatienceMilliseconds = 6_000;
    private const long SettleMilliseconds = 90_000;
    private const long LookMilliseconds = 6_000; // in which a region finds what a proposer did not live to tell
    private const int MaxMembers = 6;
    private int made;
    private bool over;
    private readonly Dictionary<string, ulong> begun = new(StringComparer.Ordinal);
    private int open;

    /// <summary>Changes that were answered with success.</summary>
    public int Done { get; private set; }

    public void Begin() => group.Time.After(dice.Between(1_000, 6_000), Act);

    /// <summary>Waits until those whom the newest configuration names have taken it; the others are gone.</summary>
    public void End()
    {
        over = true;
        // What was asked for is decided by then, or never.
        group.RunUntil(() => open == 0, 2 * PatienceMilliseconds, pollMilliseconds: 500);
        group.Run(LookMilliseconds);
        string? wrong = null;
        if (!group.RunUntil(() => (wrong = Unsettled()) is null, SettleMilliseconds, pollMilliseconds: 500))
            throw new OracleException($"{SettleMilliseconds / 1000} s after everything was mended: {wrong}.");
    }

    private string? Unsettled()
    {
        var newest = group.Configurations.Newest!;
        foreach (var region in group.Regions.ToArray())
        {
            if (newest.Find(region.Name) is { } member && !ConfigurationOracle.IsRemoved(region))
            {
                if (region.Configuration?.Epoch != newest.Epoch || member.IsJoining)
                    return $"{region.Name} is at epoch {region.Configuration?.Epoch} of {newest.Epoch}: "
                        + $"{string.Join(", ", newest.Members)}; votes: {Votes()}";
                if (region.Describe()!.Membership!.UnsealedLanes is > 0 and var unsealed)
                    return $"{region.Name} has not sealed {string.Join(", ", newest.Removed)} in {unsealed} lanes";
                continue;
            }
            if (region.Configuration?.Epoch > 0 && !ConfigurationOracle.IsRemoved(region))
                return $"{region.Name} has not learned that it was removed";
            region.Kill();
            group.Dismiss(region);
        }
        return group.Regions.Any(r => newest.Find(r.Name) is null) ? "some are not dismissed" : null;
    }

    private string Votes() => string.Join("; ", group.Regions.Select(r => (r.Name, Registers: r.Describe()?.Registers))
        .Select(r => $"{r.Name} in {r.Registers?.StandingLanes} lanes, waits for "
            + string.Join(" ", r.Registers?.Awaited ?? [])));

    private void Act()
    {
        if (over)
            return;
        if (open == 0 || dice.Chance(250))
            Change();
        group.Time.After(dice.Between(500, 5_000), Act);
    }

    private void Change()
    {
        SimulatedRegion[] up = [.. group.Regions.Where(r => r.Up && !ConfigurationOracle.IsRemoved(r)
            && r.Configuration!.Epoch > 0)];
        if (up.Length == 0)
            return;
        var asked = dice.Pick(up);
        var known = asked.Configuration!;
        if (known.Members.Count > 2 && (known.Members.Count >= MaxMembers || dice.Chance(550)))
            Remove(asked, dice.Pick(known.Names));
        else if (known.Members.Count < MaxMembers)
            Add(asked, known);
    }

    private void Remove(SimulatedRegion asked, string name)
    {
        var region = group.Regions.FirstOrDefault(r => r.Name == name);
        if (region is not null && region != asked && dice.Chance(300))
            region.Kill(); // it is removed because it died; the faults may bring it back
        else if (dice.Chance(300))
            group.Network.Isolate(name);
        Ask(asked, MembershipChange.Remove, name);
    }

    private void Add(SimulatedRegion asked, Configuration known)
    {
        string[] gone = [.. known.Removed.Select(r => r.Region)];
        var name = gone.Length > 0 && dice.Chance(500) ? dice.Pick(gone)
            : string.Create(CultureInfo.InvariantCulture, $"new-{++made}");
        Add(asked, name);
    }

    private void Add(SimulatedRegion asked, string name)
    {
        var newest = group.Configurations.Newest!;
        if (over || !asked.Up || newest.Find(name) is not null)
            return; // it is back already, as others know
        // One that is there and was never let in is asked for once more.
        if (group.Regions.All(r => r.Name != name) || newest.RemovedIn(name) > begun.GetValueOrDefault(name))
        {
            begun[name] = newest.Epoch;
            Begin(group.AddNew(name), asked);
        }
        Ask(asked, MembershipChange.Add, name);
    }

    private void Begin(SimulatedRegion region, SimulatedRegion like)
    {
        (region.CrashBeforeWritePerMille, region.CrashAfterWritePerMille, region.Died)
            = (like.CrashBeforeWritePerMille, like.CrashAfterWritePerMille, like.Died);
        group.Time.After(dice.Chance(300) ? dice.Between(500, 8_000) : 0, () =>
        {
            if (group.Regions.Contains(region))
                region.Start();
        });
    }

    private void Ask(SimulatedRegion at, MembershipChange change, string name)
    {
        open++;
        group.Say(at, $"is asked to {change} {name}");
        var isOpen = true;
        group.Time.After(PatienceMilliseconds + 2_000, Close);
        SimulatedGroup.Change(at, change, name, PatienceMilliseconds, force: false, result =>
        {
            group.Say(at, $"answers {change} {name}: {result.Failure?.ToString() ?? "done"}");
            Close();
            if (result.Failure is not null)
                return;
            Done++;
            if (change == MembershipChange.Remove && at.Name != name && dice.Chance(250))
                group.Time.After(dice.Between(0, 100), () => Add(at, name));
        });

        void Close()
        {
            open -= isOpen ? 1 : 0;
            isOpen = false;
        }
    }
}
