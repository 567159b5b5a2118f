using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>The members of a world's group, as asked from a region that serves: any of them, but not the one in
/// question.</summary>
/// <param name="regions">Those of the world, in the order in which they are asked.</param>
/// <param name="look">Asks one for its members.</param>
/// <param name="ask">Asks one for a change.</param>
internal sealed class GroupMembers(
    IReadOnlyList<RegionRecord> regions, Func<RegionRecord, CancellationToken, Task<MembersView>> look,
    Func<RegionRecord, MembersChange, CancellationToken, Task<MembersView>> ask)
{
    private static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(5);

    // Of the region's own group, and of its services' after that.
    private static readonly TimeSpan ChangeLimit = TimeSpan.FromSeconds(60);

    /// <summary>Of a recorded world, over its regions' Execution APIs.</summary>
    public GroupMembers(RunningWorld world)
        : this(world.World.Regions, (region, stop) => LookAsync(world, region, stop),
            (region, change, stop) => AskAsync(world, region, change, stop))
    {
    }

    /// <summary>The members, as the first region that answers and is one says; null when none does.</summary>
    /// <param name="except">A region that is not asked.</param>
    public async Task<MembersView?> LookAsync(string? except, CancellationToken cancellationToken)
    {
        foreach (var region in regions.Where(r => r.Name != except))
        {
            if (await LookAtAsync(region, cancellationToken) is { Own: { Epoch: > 0, Removed: false } } view)
                return view;
        }
        return null;
    }

    /// <summary>What one region says; null when it does not answer.</summary>
    public async Task<MembersView?> LookAtAsync(RegionRecord region, CancellationToken cancellationToken)
    {
        try
        {
            return await look(region, cancellationToken);
        }
        catch (PelagoException)
        {
            return null; // down, or not up yet: another one is asked
        }
    }

    /// <summary>Asks for a change, in a region that serves. One that reaches no majority, for itself or for one of its
    /// services, or that knows no such member, may be the one that is cut off: then another one is asked, and only when
    /// none reaches a majority is it made by force, if that is wanted.</summary>
    /// <exception cref="PelagoException">It is refused, or no region answers. PLG5203, no region knows such a member:
    /// only when all answer, or by force.</exception>
    public async Task<MembersView> ChangeAsync(MembersChange change, CancellationToken cancellationToken)
    {
        (RegionRecord Region, MembersView? View, Failure? Why)? cutOff = null;
        Failure? stranger = null;
        var silent = new List<string>();
        foreach (var region in regions.Where(r => r.Name != change.Region))
        {
            var looked = await LookAtAsync(region, cancellationToken);
            if (looked is null)
                silent.Add(region.Name);
            if (looked is not { Own: { Epoch: > 0, Removed: false } })
                continue;
            try
            {
                var view = await ask(region, change with { Force = false }, cancellationToken);
                if (view.Services.All(s => s.Members?.Failure?.Code != ErrorCodes.NoQuorum.Code))
                    return view;
                cutOff ??= (region, view, null);
            }
            catch (PelagoException e) when (e.Failure.Error == ErrorCodes.NoQuorum)
            {
                cutOff ??= (region, null, e.Failure);
            }
            catch (PelagoException e) when (e.Failure.Error == ErrorCodes.NotAMember)
            {
                stranger ??= e.Failure;
            }
        }
        if (cutOff is (var first, var view0, var why))
            return change.Force ? await ask(first, change, cancellationToken) : view0 ?? throw why!.ToException();
        if (stranger is null)
            throw NobodyAnswers(change.Region).ToException();
        throw (silent.Count == 0 || change.Force ? stranger : new Failure(ErrorCodes.RegionNotReady,
            $"No region that answers knows '{change.Region}' as a member, and {string.Join(", ", silent)} may.",
            "Start them with 'pelago regions start', or repeat the command with --force.")).ToException();
    }

    private static async Task<MembersView> LookAsync(
        RunningWorld world, RegionRecord region, CancellationToken cancellationToken)
    {
        using var client = world.Region(region, LookLimit);
        return await client.GetMembersAsync(cancellationToken);
    }

    private static async Task<MembersView> AskAsync(
        RunningWorld world, RegionRecord region, MembersChange change, CancellationToken cancellationToken)
    {
        using var client = world.Region(region, ChangeLimit);
        return await client.ChangeMembersAsync(change, cancellationToken);
    }

    /// <summary>Some group has the region: it is a member there, or joins.</summary>
    public static bool IsInSome(MembersView view, string region) => GroupsOf(view)
        .Any(g => g.Regions.Any(r => r.Region == region && r.State != MemberStates.Removed));

    /// <summary>Some group has removed the region.</summary>
    public static bool IsRemovedFromSome(MembersView view, string region) => GroupsOf(view)
        .Any(g => g.Regions.Any(r => r.Region == region && r.State == MemberStates.Removed));

    private static IEnumerable<GroupMembersView> GroupsOf(MembersView view)
        => view.Services.Select(s => s.Members).OfType<GroupMembersView>().Prepend(view.Own);

    /// <summary>What to say when there is nobody to ask.</summary>
    public static Failure NobodyAnswers(string except) => new(ErrorCodes.RegionNotReady,
        $"No region other than '{except}' answers and is a member of the group.",
        "Start one with 'pelago regions start', or look at 'pelago status'.");

    /// <summary>What a change still waits for, in one clause; null when it is through everywhere.</summary>
    /// <param name="view">What a region said.</param>
    /// <param name="region">The region that comes or goes.</param>
    /// <param name="state">What it is to be.</param>
    public static string? Waiting(MembersView view, string region, string state)
    {
        var open = new List<string>();
        foreach (var (name, group) in view.Services.Select(s => ($"{s.Project}/{s.Name}", s.Members))
            .Prepend(("the region", view.Own)))
        {
            if (group is null)
                open.Add($"{name} does not answer in {view.Region}");
            else if (group.Failure is { } failure)
                open.Add($"{name}: {failure.Message}");
            else if (group.Regions.FirstOrDefault(r => r.Region == region) is { } member && member.State != state)
                open.Add(member.Wanted == 0 ? $"{name} is {member.State}"
                    : $"{name} holds {Math.Min(member.Held, member.Wanted)} of {member.Wanted} events");
            else if (state == MemberStates.Member && group.Regions.All(r => r.Region != region))
                open.Add($"{name} does not know it yet");
        }
        return open.Count == 0 ? null : string.Join("; ", open);
    }
}

/// <summary>What a region can be to its group.</summary>
internal static class MemberStates
{
    public const string Member = "Member";
    public const string Removed = "Removed";
}
