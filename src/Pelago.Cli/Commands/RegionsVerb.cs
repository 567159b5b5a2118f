using System.CommandLine;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary><c>pelago regions list|add|remove|stop|start</c>.</summary>
internal static class RegionsVerb
{
    public static Command Create(VerbContext context)
    {
        var group = context.Verb("regions", "Regions of the world: list, add, remove, stop, start.",
            ["pelago regions list", "pelago regions add sa-east-1"],
            run: null);
        group.Add(List(context));
        group.Add(RegionsAddVerb.Create(context));
        group.Add(RegionsRemoveVerb.Create(context));
        group.Add(Stop(context));
        group.Add(Start(context));
        return group;
    }

    private static Command List(VerbContext context)
    {
        var format = VerbContext.Format();
        var verb = context.Verb("list", "Lists regions.", ["pelago regions list", "pelago regions list -o name"],
            async (parsed, cancellationToken) =>
            {
                var world = RunningWorld.Open(context.World(parsed), context.Time);
                var members = new GroupMembers(world).LookAsync(except: null, cancellationToken);
                var status = await WorldStatus.ReadAsync(world, cancellationToken);
                var seen = await members;
                StatusText.WriteRegions(context.Terminal, [.. status.Regions.Select(r => r with
                {
                    Membership = MembershipOf(seen, r.Name),
                })], parsed.GetValue(format));
                return 0;
            });
        verb.Add(format);
        return verb;
    }

    /// <summary>What a region is to its group, as the first region that answers has it.</summary>
    internal static RegionMembership MembershipOf(MembersView? seen, string region)
    {
        var own = seen?.Own.Regions.FirstOrDefault(r => r.Region == region);
        return new RegionMembership(
            seen is null ? "Unknown" : seen.StateOf(region) ?? (own is null ? "None" : "Changing"),
            own?.Votes ?? false, own?.Held ?? 0, own?.Wanted ?? 0, seen?.Own.Epoch ?? 0, seen?.Region);
    }

    private static Command Stop(VerbContext context)
    {
        var names = Names();
        var kill = new Option<bool>("--kill") { Description = "SIGKILL at once: what a lost region looks like." };
        var yes = VerbContext.Yes();
        var dryRun = VerbContext.DryRun();
        var verb = context.Verb("stop", "Takes every process of a region away, until it is started again.",
            ["pelago regions stop eu-west-1", "pelago regions stop us-east-1 --kill --yes"],
            async (parsed, cancellationToken) =>
            {
                var world = RunningWorld.Open(context.World(parsed), context.Time);
                var roles = Roles(world, parsed.GetRequiredValue(names));
                if (parsed.GetValue(dryRun))
                    return Foretell(context, world, roles, stop: true);
                context.Confirm(parsed, yes, $"Stop {string.Join(", ", parsed.GetRequiredValue(names))}?");
                using var supervisor = world.SupervisorControl();
                await supervisor.PostAsync<RoleCommand, SupervisorReport>(
                    "v1/roles/stop", new RoleCommand(roles, parsed.GetValue(kill)), cancellationToken);
                foreach (var role in roles)
                    context.Terminal.Progress(role, "stopped", "'pelago regions start' or 'pelago up' starts it again");
                return 0;
            });
        verb.Add(names);
        verb.Add(kill);
        verb.Add(yes);
        verb.Add(dryRun);
        return verb;
    }

    private static Command Start(VerbContext context)
    {
        var names = Names();
        var dryRun = VerbContext.DryRun();
        var verb = context.Verb("start", "Starts regions that were stopped, and waits until they serve.",
            ["pelago regions start eu-west-1"],
            async (parsed, cancellationToken) =>
            {
                var world = RunningWorld.Open(context.World(parsed), context.Time);
                var roles = Roles(world, parsed.GetRequiredValue(names));
                if (parsed.GetValue(dryRun))
                    return Foretell(context, world, roles, stop: false);
                PortCheck.Require(world, roles);
                using var supervisor = world.SupervisorControl();
                await supervisor.PostAsync<RoleCommand, SupervisorReport>(
                    "v1/roles/start", new RoleCommand(roles, Kill: false), cancellationToken);
                foreach (var role in roles)
                    context.Terminal.Progress(role, "starting");
                await RegionReadiness.WaitAsync(context, world, roles, cancellationToken);
                return 0;
            });
        verb.Add(names);
        verb.Add(dryRun);
        return verb;
    }

    private static int Foretell(VerbContext context, RunningWorld world, IReadOnlyList<string> roles, bool stop)
    {
        var known = world.Roles();
        foreach (var role in roles)
        {
            var runs = known.GetValueOrDefault(role) is { Pid: > 0 };
            context.Terminal.Progress(role, runs == stop ? stop ? "would stop" : "would start"
                : stop ? "is down" : "runs already");
        }
        return 0;
    }

    private static Argument<string[]> Names() => new("REGION")
    {
        Description = "Names of regions.", Arity = ArgumentArity.OneOrMore,
    };

    /// <summary>The roles of regions: each with its server, where it has one.</summary>
    private static List<string> Roles(RunningWorld world, IReadOnlyList<string> names)
    {
        var regions = names.Select(name => world.RequireRegion(name).Name).ToList();
        return [.. regions.Where(_ => world.HasServers).Select(RoleNames.Server), .. regions.Select(RoleNames.Region)];
    }
}
