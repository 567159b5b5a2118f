using System.Globalization;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Regions come and go while everything else goes wrong: whoever is asked, whoever is away.</summary>
internal sealed class MemberChanges(SimulatedGroup group, Dice dice)
{
    private const long PatienceMilliseconds = 8_000;
    private const long SettleMilliseconds = 90_000;
    private const int MaxMembers = 6;
    private int made;
    private bool over;
    private bool isAsked;

    /// <summary>Changes that were answered with success.</summary>
    public int Done { get; private set; }

    public void Begin() => group.Time.After(dice.Between(1_000, 6_000), Act);

    /// <summary>Waits until those whom the newest configuration names have taken it; the others are gone.</summary>
    public void End()
    {
        over = true;
        group.Run(3 * PatienceMilliseconds); // what was asked for is decided by then, or never
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
        if (!isAsked)
            Change();
        group.Time.After(dice.Between(1_000, 9_000), Act);
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
        // It may be back already, as others know.
        if (group.Configurations.Newest!.Find(name) is not null)
            return;
        group.AddNew(name).Start();
        Ask(asked, MembershipChange.Add, name);
    }

    private void Ask(SimulatedRegion at, MembershipChange change, string name)
    {
        isAsked = true;
        group.Say(at, $"is asked to {change} {name}");
        group.Time.After(PatienceMilliseconds + 2_000, () => isAsked = false);
        SimulatedGroup.Change(at, change, name, PatienceMilliseconds, force: false, result =>
        {
            group.Say(at, $"answers {change} {name}: {result.Failure?.ToString() ?? "done"}");
            if (result.Failure is null)
                Done++;
            isAsked = false;
        });
    }
}
