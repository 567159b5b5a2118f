using System.CommandLine;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary><c>pelago regions remove</c>.</summary>
/// <remarks>Each step looks first and does what is missing, so that whoever was interrupted repeats the command: 1. a
/// majority of the members has removed it, in each group, 2. the others have sealed what is left of it, or time is up,
/// 3. its processes end, 4. the others and the network do not know it any more, 5. what it leaves is set
/// aside.</remarks>
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
                await RequireKnownAsync(world, region, cancellationToken);
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

    private static async Task RequireKnownAsync(RunningWorld world, string name, CancellationToken cancellationToken)
    {
        world.SupervisorControl().Dispose(); // says so when the world is down
        var isRecorded = world.World.Regions.Any(r => r.Name == name);
        if (!isRecorded && !Directory.Exists(world.Directory.RegionHome(name)))
            throw world.UnknownRegion(name).ToException();
        if (isRecorded && world.World.Regions.Count == 1)
        {
            throw new Failure(ErrorCodes.MembershipRefused, $"'{name}' is the last region of the group.",
                "Add another one first, or end the world with 'pelago down'.").ToException();
        }
        _ = await new GroupMembers(world).LookAsync(name, cancellationToken)
            ?? throw GroupMembers.NobodyAnswers(name).ToException();
    }

    private static async Task RunAsync(
        VerbContext context, WorldDirectory directory, string name, bool force, CancellationToken cancellationToken)
    {
        var (terminal, time) = (context.Terminal, context.Time);
        await using var turn = await WorldLock.TakeAsync(directory, terminal, time, cancellationToken);
        var world = RunningWorld.Open(directory, time);
        await RequireKnownAsync(world, name, cancellationToken); // it may have gone while this one waited
        if (world.World.Regions.FirstOrDefault(r => r.Name == name) is { } region)
        {
            // 1.
            await LeaveAsync(context, world, name, force, cancellationToken);
            // 2.
            await SealAsync(context, world, name, cancellationToken);
            await SayWhatIsLostAsync(terminal, world, region, cancellationToken);
            // 3.
            using var supervisor = world.SupervisorControl();
            await supervisor.PostAsync<RoleCommand, SupervisorReport>("v1/roles/stop", new RoleCommand(
                [.. world.RoleSpecs().Select(s => s.Name)
                    .Where(r => r == RoleNames.Region(name) || r == RoleNames.Server(name))], Kill: false),
                cancellationToken);
            terminal.Progress(RoleNames.Region(name), "stopped");
            PrivateFile.WriteJson(directory.WorldFile, WorldGrowth.Without(world.World, name));
            world = RunningWorld.Open(directory, time);
        }
        // 4.
        await new WorldRewiring(directory, terminal, time).ApplyAsync(world, cancellationToken);
        // 5. Last: as long as its home is where it was, the command can be repeated.
        if (RegionLeavings.SetAside(directory, name, time) is { } aside)
            terminal.Say($"What {name} leaves is in {aside}; its journals may hold events that nobody else has.");
        terminal.Progress(RoleNames.Region(name), "removed", "'pelago regions add' brings it back with nothing");
    }

    private static async Task LeaveAsync(
        VerbContext context, RunningWorld world, string name, bool force, CancellationToken cancellationToken)
    {
        var (members, started) = (new GroupMembers(world), context.Time.GetTimestamp());
        for (var said = ""; ;)
        {
            var view = await members.ChangeAsync(new MembersChange("Remove", name, force), cancellationToken);
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
