using System.CommandLine;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary><c>pelago regions remove</c>.</summary>
/// <remarks>Each step looks first and does what is missing, so that whoever was interrupted repeats the command: 1. it
/// is on record that the region leaves, and a majority of the members has removed it, in each group that has it, 2. the
/// others have sealed what is left of it, or time is up, 3. its processes end, 4. the others and the network do not
/// know it any more, 5. what it leaves is set aside. A region that was only half added is removed in the same
/// way.</remarks>
internal static class RegionsRemoveVerb
{
    private const string RegionRemovedAlarm = "RegionRemoved";
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RemoveLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan SealLimit = TimeSpan.FromSeconds(30);

    public static Command Create(VerbContext context)
    {
        var name = new Argument<string>("NAME") { Description = "The region." };
        var force = new Option<bool>("--force")
        {
            Description = "Also when no majority answers. If those who do not answer are alive, there may be two "
                + "groups.",
        };
        var yes = VerbContext.Yes();
        var dryRun = VerbContext.DryRun();
        var verb = context.Verb("remove", "Removes a region from the group, dead or alive.",
            ["pelago regions remove sa-east-1", "pelago regions remove eu-west-1 --force --yes"],
            async (parsed, cancellationToken) =>
            {
                var (region, forced) = (parsed.GetRequiredValue(name), parsed.GetValue(force));
                var directory = context.World(parsed);
                var world = RunningWorld.Open(directory, context.Time);
                _ = await RequireKnownAsync(world, region, cancellationToken);
                if (parsed.GetValue(dryRun))
                {
                    context.Terminal.Progress(RoleNames.Region(region), "would be removed");
                    return 0;
                }
                context.Confirm(parsed, yes, forced
                    ? $"Remove {region}, and risk two groups if others that do not answer are alive?"
                    : $"Remove {region}? It can come back with an empty journal only.");
                await RunAsync(context, directory, region, forced, cancellationToken);
                return 0;
            });
        verb.Add(name);
        verb.Add(force);
        verb.Add(yes);
        verb.Add(dryRun);
        return verb;
    }

    // What the others say; also of a region that the world does not record any more, as long as something is left of
    // it.
    private static async Task<MembersView> RequireKnownAsync(
        RunningWorld world, string name, CancellationToken cancellationToken)
    {
        world.RequireRunning();
        var isRecorded = world.World.Regions.Any(r => r.Name == name);
        if (isRecorded && world.World.Regions.Count == 1)
        {
            throw new Failure(ErrorCodes.MembershipRefused, $"'{name}' is the last region of the group.",
                "Add another one first, or end the world with 'pelago down'.").ToException();
        }
        var view = await new GroupMembers(world).LookAsync(name, cancellationToken)
            ?? throw GroupMembers.NobodyAnswers(name).ToException();
        return isRecorded || Directory.Exists(world.Directory.RegionHome(name)) || GroupMembers.IsInSome(view, name)
            ? view : throw world.UnknownRegion(name).ToException();
    }

    private static async Task RunAsync(
        VerbContext context, WorldDirectory directory, string name, bool force, CancellationToken cancellationToken)
    {
        var (terminal, time) = (context.Terminal, context.Time);
        await using var turn = await WorldLock.TakeAsync(directory, terminal, time, cancellationToken);
        var world = RunningWorld.Open(directory, time);
        await new WorldRewiring(directory, terminal, time).RequireSupervisorAsync(world, cancellationToken);
        // It may have gone while this one waited.
        var view = await RequireKnownAsync(world, name, cancellationToken);
        var region = world.World.Regions.FirstOrDefault(r => r.Name == name);
        if (region is not null || GroupMembers.IsInSome(view, name))
        {
            // 1.
            if (region is { Leaves: false })
                world = Record(directory, WorldGrowth.Leaving(world.World, name, leaves: true), time);
            var wasMember = await LeaveAsync(context, world, name, force, cancellationToken);
            // 2.
            if (wasMember)
                await SealAsync(context, world, name, cancellationToken);
        }
        if (region is not null)
        {
            await SayWhatIsLostAsync(terminal, world, region, cancellationToken);
            // 3.
            await StopAsync(world, name, cancellationToken);
            terminal.Progress(RoleNames.Region(name), "stopped");
            world = Record(directory, WorldGrowth.Without(world.World, name), time);
        }
        // 4.
        await new WorldRewiring(directory, terminal, time).ApplyAsync(world, cancellationToken);
        // 5. Last: as long as its home is where it was, the command can be repeated.
        if (RegionLeavings.SetAside(directory, name, time) is { } aside)
            terminal.Say($"What {name} leaves is in {aside}; its journals may hold events that nobody else has.");
        terminal.Progress(RoleNames.Region(name), "removed", "'pelago regions add' brings it back with nothing");
    }

    private static RunningWorld Record(WorldDirectory directory, WorldRecord world, TimeProvider time)
    {
        PrivateFile.WriteJson(directory.WorldFile, world);
        return new RunningWorld(directory, world, time);
    }

    // Where it was only half added the supervisor does not know of it yet.
    private static async Task StopAsync(RunningWorld world, string name, CancellationToken cancellationToken)
    {
        using var supervisor = world.SupervisorControl();
        var known = await supervisor.GetAsync<SupervisorReport>("v1/roles", cancellationToken);
        string[] roles = [.. known.Roles.Select(r => r.Name)
            .Where(r => r == RoleNames.Region(name) || r == RoleNames.Server(name))];
        if (roles.Length > 0) // none would mean all
        {
            await supervisor.PostAsync<RoleCommand, SupervisorReport>(
                "v1/roles/stop", new RoleCommand(roles, Kill: false), cancellationToken);
        }
    }

    // False when no group ever had it: what was to add it was cut short.
    private static async Task<bool> LeaveAsync(
        VerbContext context, RunningWorld world, string name, bool force, CancellationToken cancellationToken)
    {
        var (members, started) = (new GroupMembers(world), context.Time.GetTimestamp());
        for (var said = ""; ;)
        {
            if (await RemoveAsync(members, name, force, cancellationToken) is not { } view)
            {
                context.Terminal.Progress(RoleNames.Region(name), "was never added");
                return false;
            }
            if (GroupMembers.Waiting(view, name, MemberStates.Removed) is not { } waiting)
                break;
            if (waiting != said)
                context.Terminal.Progress(RoleNames.Region(name), "leaving", said = waiting);
            if (context.Time.GetElapsedTime(started) >= RemoveLimit)
            {
                throw new Failure(ErrorCodes.MembershipUnfinished,
                    $"Region '{name}' is not removed in every service: {waiting}.",
                    "Mend that, then repeat the command; its processes still run.").ToException();
            }
            await Task.Delay(Pace, context.Time, cancellationToken);
        }
        context.Terminal.Progress(RoleNames.Region(name), "left the group");
        return true;
    }

    private static async Task<MembersView?> RemoveAsync(
        GroupMembers members, string name, bool force, CancellationToken cancellationToken)
    {
        try
        {
            return await members.ChangeAsync(new MembersChange("Remove", name, force), cancellationToken);
        }
        catch (PelagoException e) when (e.Failure.Error == ErrorCodes.NotAMember)
        {
            return null;
        }
    }

    // What members hold of it reaches the others by itself; while one of them is away that takes as long as it is.
    private static async Task SealAsync(
        VerbContext context, RunningWorld world, string name, CancellationToken cancellationToken)
    {
        var started = context.Time.GetTimestamp();
        while (true)
        {
            var view = await new GroupMembers(world).LookAsync(name, cancellationToken);
            var open = view?.Services.Select(s => s.Members).OfType<GroupMembersView>().Append(view.Own)
                .Sum(g => g.UnsealedLanes);
            if (open == 0)
            {
                context.Terminal.Progress(RoleNames.Region(name), "sealed");
                return;
            }
            if (context.Time.GetElapsedTime(started) >= SealLimit)
            {
                context.Terminal.Say($"What is left of {name} is not sealed yet"
                    + $"{(open is null ? "" : $" in {open} lanes")}: a region is away, or catches up. That goes on by "
                    + "itself, and until then nothing becomes final.");
                return;
            }
            await Task.Delay(Pace, context.Time, cancellationToken);
        }
    }

    private static async Task SayWhatIsLostAsync(
        Terminal terminal, RunningWorld world, RegionRecord region, CancellationToken cancellationToken)
    {
        try
        {
            using var client = world.Region(region, Pace * 2);
            var view = await client.GetStatusAsync(cancellationToken);
            foreach (var alarm in view.Services.SelectMany(s => s.Alarms).Concat(view.Alarms)
                .Where(a => a.Kind == RegionRemovedAlarm))
                terminal.Say(alarm.Texts.Count > 0 ? alarm.Texts[0] : alarm.Kind);
        }
        catch (PelagoException)
        {
            // It is dead or cut off, and what only it has stays in its journals.
        }
    }
}
