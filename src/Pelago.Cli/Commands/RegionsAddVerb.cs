using System.CommandLine;
using Pelago.Client;
using Pelago.Drills;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary><c>pelago regions add</c>.</summary>
/// <remarks>Each step looks first and does what is missing, so that whoever was interrupted repeats the command: 1. the
/// region is in the record of the world, 2. its processes and the ways to it are there, 3. it answers, for which it
/// enrols with the federation plane once, 4. a majority of the members has added it, in each group, and it has caught
/// up.</remarks>
internal static class RegionsAddVerb
{
    private const int DefaultMinutes = 10;
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(2);

    public static Command Create(VerbContext context)
    {
        var name = new Argument<string>("NAME") { Description = "Name of the new region, e.g. sa-east-1." };
        var minutes = VerbContext.Number<int>("--timeout-minutes",
            $"How long to wait until it has caught up (default {DefaultMinutes}).", "MINUTES", 1, 1440);
        var dryRun = VerbContext.DryRun();
        var verb = context.Verb("add", "Adds a region to the group and waits until it serves and votes.",
            ["pelago regions add sa-east-1", "pelago regions add sa-east-1 --timeout-minutes 60"],
            async (parsed, cancellationToken) =>
            {
                var region = parsed.GetRequiredValue(name);
                if (WhyNot(region) is { } bad)
                    throw bad.ToException();
                if (parsed.GetValue(dryRun))
                    return await ForetellAsync(context, context.World(parsed), region, cancellationToken);
                await RunAsync(context, context.World(parsed), region,
                    TimeSpan.FromMinutes(parsed.GetValue(minutes) ?? DefaultMinutes), cancellationToken);
                context.Terminal.Say($"Next: 'pelago verify{context.Suffix(parsed)}' compares it with the others.");
                return 0;
            });
        verb.Add(name);
        verb.Add(minutes);
        verb.Add(dryRun);
        return verb;
    }

    /// <summary>What keeps a name from being a region's, or null.</summary>
    internal static Failure? WhyNot(string name)
        => Names.Check(name, "region") ?? (name != LatencyMatrix.Federation ? null : new Failure(
            ErrorCodes.InvalidArgument, $"'{name}' is the federation plane's own name.", "Choose another one."));

    private static async Task<int> ForetellAsync(
        VerbContext context, WorldDirectory directory, string name, CancellationToken cancellationToken)
    {
        var world = RunningWorld.Open(directory, context.Time);
        await RequireNewAsync(world, name, cancellationToken);
        var grown = world.World.Regions.Any(r => r.Name == name) ? world.World
            : WorldGrowth.With(world.World, name, Ports.IsFree);
        var ports = grown.Regions.First(r => r.Name == name);
        context.Terminal.Progress(RoleNames.Region(name), "would be added", $"ports from {ports.ExecutionApiPort}");
        return 0;
    }

    private static async Task RunAsync(
        VerbContext context, WorldDirectory directory, string name, TimeSpan limit, CancellationToken cancellationToken)
    {
        var (terminal, time) = (context.Terminal, context.Time);
        _ = RunningWorld.Open(directory, time); // before the lock, which would make the directory
        await using var turn = await WorldLock.TakeAsync(directory, terminal, time, cancellationToken);
        var world = RunningWorld.Open(directory, time);
        var rewiring = new WorldRewiring(directory, terminal, time);
        await rewiring.RequireSupervisorAsync(world, cancellationToken);
        await RequireNewAsync(world, name, cancellationToken);
        // 1.
        if (world.World.Regions.FirstOrDefault(r => r.Name == name) is not { } known)
            world = Record(directory, world, name, terminal, time);
        else if (known.Leaves) // its removal came to nothing
            PrivateFile.WriteJson(directory.WorldFile, WorldGrowth.Leaving(world.World, name, leaves: false));
        // 2.
        var region = world.RequireRegion(name);
        if (world.HasServers)
        {
            var servers = await ServerInstallation.FindAsync(directory, world.World, cancellationToken);
            await servers.PrepareAsync(directory, region, cancellationToken);
        }
        await rewiring.ApplyAsync(world, cancellationToken);
        await WorldRewiring.StartAsync(world, [.. world.RoleSpecs().Select(s => s.Name)
            .Where(r => r == RoleNames.Region(name) || r == RoleNames.Server(name))], cancellationToken);
        // 3.
        await rewiring.UntilAsync(RoleNames.Region(name), world, async ct =>
        {
            using var client = world.Region(region, AnswerLimit);
            return (await client.GetStatusAsync(ct)).State != States.Starting;
        }, cancellationToken);
        // 4.
        await JoinAsync(context, world, region, limit, cancellationToken);
    }

    private static RunningWorld Record(
        WorldDirectory directory, RunningWorld world, string name, Terminal terminal, TimeProvider time)
    {
        RegionLeavings.SetAside(directory, name, time); // of one of that name that was removed
        PrivateFile.CreateDirectory(directory.RegionHome(name)); // first: a region that is recorded has a home
        var grown = WorldGrowth.With(world.World, name, Ports.IsFree);
        PrivateFile.WriteJson(directory.WorldFile, grown);
        terminal.Progress(RoleNames.Region(name), "recorded");
        return new RunningWorld(directory, grown, time);
    }

    private static async Task RequireNewAsync(RunningWorld world, string name, CancellationToken cancellationToken)
    {
        var view = await new GroupMembers(world).LookAsync(name, cancellationToken)
            ?? throw GroupMembers.NobodyAnswers(name).ToException();
        if (world.World.Regions.FirstOrDefault(r => r.Name == name) is not { } known)
            return;
        if (known.Leaves && (GroupMembers.IsRemovedFromSome(view, name) || !GroupMembers.IsInSome(view, name)))
        {
            throw new Failure(ErrorCodes.MembershipRefused,
                $"Region '{name}' is being removed, and that was interrupted: with the journal that it has it cannot "
                + "come back.",
                $"Repeat 'pelago regions remove {name}', then add it again.").ToException();
        }
        if (GroupMembers.Waiting(view, name, MemberStates.Member) is null
            && await IsReadyAsync(world, known, cancellationToken))
        {
            throw new Failure(ErrorCodes.AlreadyAMember, $"Region '{name}' is a member of the group already.",
                "See 'pelago regions list'.").ToException();
        }
    }

    private static async Task JoinAsync(VerbContext context, RunningWorld world, RegionRecord region, TimeSpan limit,
        CancellationToken cancellationToken)
    {
        var (members, started) = (new GroupMembers(world), context.Time.GetTimestamp());
        for (var said = ""; ;)
        {
            var view = await members.ChangeAsync(
                new MembersChange("Add", region.Name, Force: false), cancellationToken);
            var waiting = GroupMembers.Waiting(view, region.Name, MemberStates.Member);
            if (waiting is null && await IsReadyAsync(world, region, cancellationToken))
                break;
            waiting ??= "its services start";
            if (waiting != said)
                context.Terminal.Progress(RoleNames.Region(region.Name), "joining", said = waiting);
            if (context.Time.GetElapsedTime(started) >= limit)
            {
                throw new Failure(ErrorCodes.MembershipUnfinished,
                    $"Region '{region.Name}' has not joined everywhere after {limit.TotalMinutes:0} minutes: "
                    + $"{waiting}.",
                    "It goes on by itself. Repeat the command to wait for it, or look at 'pelago status'.")
                    .ToException();
            }
            await Task.Delay(Pace, context.Time, cancellationToken);
        }
        context.Terminal.Progress(RoleNames.Region(region.Name), "member",
            $"{context.Time.GetElapsedTime(started).TotalSeconds:0.0} s");
    }

    private static async Task<bool> IsReadyAsync(
        RunningWorld world, RegionRecord region, CancellationToken cancellationToken)
    {
        try
        {
            using var client = world.Region(region, AnswerLimit);
            return (await client.GetStatusAsync(cancellationToken)).State == States.Ready;
        }
        catch (PelagoException)
        {
            return false; // it does not answer
        }
    }
}
