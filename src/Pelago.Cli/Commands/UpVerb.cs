using System.Collections.Concurrent;
using System.CommandLine;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary><c>pelago up</c>.</summary>
internal static class UpVerb
{
    private const string SampleProject = "demo";
    private const string Sample = "bookstore";

    public static Command Create(VerbContext context)
    {
        var portBase = VerbContext.Number<int>("--port-base",
            $"First port of a new world (default {WorldPlan.DefaultPortBase}).", "PORT", 1024,
            65_535 - WorldPlan.PortSpan);
        var wan = new Option<string?>("--wan")
        {
            Description = "Network of a new world: aws (default) or none.", HelpName = "PROFILE",
        };
        wan.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is not ("aws" or "none"))
                result.AddError("--wan must be aws or none.");
        });
        var logLimit = VerbContext.Number<int>("--log-limit-mib",
            $"Size in MiB at which a log of a new world is put aside (default {new LogLimits().FileMebibytes}; "
                + $"{new LogLimits().KeptFiles} are kept).",
            "MIB", LogLimits.LeastMebibytes, LogLimits.MostMebibytes);
        var journal = new Option<string?>("--journal")
        {
            Description = "Where the journals of a new world lie: sqlite (default), or postgres for a server a region.",
            HelpName = "STORE",
        };
        journal.Validators.Add(result =>
        {
            if (!JournalStores.IsKnown(result.GetValueOrDefault<string?>()))
                result.AddError("--journal must be sqlite or postgres.");
        });
        var dryRun = VerbContext.DryRun();
        var verb = context.Verb("up", "Starts a world, or what is missing of it, and shows where everything is.",
            ["pelago up", "pelago up --data /tmp/second --port-base 8400 --context second", "pelago up --wan none",
                "pelago up --journal postgres"],
            async (parsed, cancellationToken) =>
            {
                var request = new StartRequest(parsed.GetValue(portBase), parsed.GetValue(wan))
                {
                    LogMebibytes = parsed.GetValue(logLimit), Journal = parsed.GetValue(journal),
                };
                var directory = context.NewWorld(parsed);
                if (parsed.GetValue(dryRun))
                {
                    await ForetellAsync(context, directory, request, cancellationToken);
                    return 0;
                }
                await RunAsync(context, directory, request, parsed.GetValue(context.Context), context.Suffix(parsed),
                    cancellationToken);
                return 0;
            });
        verb.Add(portBase);
        verb.Add(wan);
        verb.Add(logLimit);
        verb.Add(journal);
        verb.Add(dryRun);
        return verb;
    }

    private static async Task ForetellAsync(VerbContext context, WorldDirectory directory, StartRequest request,
        CancellationToken cancellationToken)
    {
        var terminal = context.Terminal;
        var known = directory.TryRead();
        await RequireServersAsync(directory, known, request, cancellationToken);
        if (known is null)
        {
            var plan = WorldPlan.Create(request.PortBase ?? WorldPlan.DefaultPortBase, request.Wan ?? "aws",
                Ports.IsFree, JournalChoice.Of(known, request.Journal));
            terminal.Say($"A new world would be made in {directory.Root}: ports from {plan.PortBase}, "
                + $"network {plan.Wan}, journals in {JournalChoice.NameOf(plan.Journal)}, "
                + $"regions {string.Join(", ", plan.Regions.Select(region => region.Name))}.");
            return;
        }
        var world = new RunningWorld(directory, known, context.Time);
        var roles = world.Roles();
        terminal.Progress(RoleNames.Supervisor, world.Supervisor is null ? "would start" : "runs already");
        foreach (var spec in world.RoleSpecs())
        {
            terminal.Progress(spec.Name,
                roles.GetValueOrDefault(spec.Name) is { Pid: > 0 } ? "runs already" : "would start");
        }
    }

    /// <summary>Looks whether the servers of a world that has some can run here.</summary>
    /// <exception cref="PelagoException">They cannot, or the world has its journals elsewhere.</exception>
    private static async Task RequireServersAsync(
        WorldDirectory directory, WorldRecord? known, StartRequest request, CancellationToken cancellationToken)
    {
        if (JournalChoice.Of(known, request.Journal) == JournalStores.Postgres)
            await ServerInstallation.FindAsync(directory, known, cancellationToken);
    }

    private static async Task RunAsync(VerbContext context, WorldDirectory directory, StartRequest request,
        string? contextName, string suffix, CancellationToken cancellationToken)
    {
        var terminal = context.Terminal;
        var known = directory.TryRead(); // before the lock: a directory of another version is not touched
        if (contextName is not null)
            Contexts.OfUser().Require(contextName, directory.Root); // before anything is started
        await RequireServersAsync(directory, known, request, cancellationToken); // the lock makes the directory
        await using var turn = await WorldLock.TakeAsync(directory, terminal, context.Time, cancellationToken);
        if (known is not null && request.PortBase is { } asked && asked != known.PortBase)
            terminal.Say($"This world keeps its ports from {known.PortBase}; --port-base is for a new world.");
        var start = new WorldStart(directory, request, terminal, context.Time);
        var world = await start.RunAsync(cancellationToken);
        if (contextName is not null)
            Contexts.OfUser().Save(contextName, directory.Root);
        await DeploySampleAsync(context, world, cancellationToken);
        var expectsServices = await HasServicesAsync(world, cancellationToken);
        var failing = new ConcurrentDictionary<string, string>();
        var regions = world.World.Regions.Select(region => start.UntilAsync(RoleNames.Region(region.Name), world,
            ct => IsCompleteAsync(world, region, expectsServices, failing, ct), cancellationToken));
        await Task.WhenAll(regions);
        if (!failing.IsEmpty)
            throw RegionReadiness.NotAllServices(failing).ToException();
        terminal.Say($"The world is ready ({start.Elapsed.TotalSeconds:0.0} s).");
        StatusText.Write(terminal, await WorldStatus.ReadAsync(world, cancellationToken), OutputFormat.Table);
        terminal.Say(
            $"\nTry:  curl --cacert {directory.TrustBundle} {await UrlAsync(world, cancellationToken)}/healthz");
        terminal.Say(
            $"Next: pelago status --watch{suffix} · pelago wan cut eu-west-1{suffix} · pelago down{suffix}");
    }

    /// <summary>Deploys the sample, once in the life of a world.</summary>
    private static async Task DeploySampleAsync(VerbContext context, RunningWorld world,
        CancellationToken cancellationToken)
    {
        if (world.World.SampleDeployed)
            return;
        var samples = Environment.GetEnvironmentVariable("PELAGO_SAMPLES_DIR")
            ?? Path.Combine(AppContext.BaseDirectory, "samples");
        var published = Path.Combine(samples, Sample);
        using var region = world.Region(world.World.Regions[0], TimeSpan.FromSeconds(30));
        var services = await region.ListServicesAsync(SampleProject, cancellationToken);
        if (services.Items.All(service => service.Metadata.Name != Sample))
        {
            if (!Directory.Exists(published))
            {
                context.Terminal.Say(
                    $"The sample is not here ({published}); deploy something with 'pelago deploy DIR'.");
                return;
            }
            await new Deployment(region, context.Terminal).RunAsync(
                published, SampleProject, Sample, cancellationToken);
        }
        PrivateFile.WriteJson(world.Directory.WorldFile, world.World with { SampleDeployed = true });
    }

    /// <summary>Whether the region runs what it should and follows every peer, or cannot: one of its services ends
    /// again and again, and is noted with what it says, or a peer's does, which nobody can follow.</summary>
    private static async Task<bool> IsCompleteAsync(RunningWorld world, RegionRecord region, bool expectsServices,
        ConcurrentDictionary<string, string> failing, CancellationToken cancellationToken)
    {
        using var client = world.Region(region, TimeSpan.FromSeconds(5));
        var view = await client.GetStatusAsync(cancellationToken);
        if (view.Services.FirstOrDefault(service => service.State == States.Failing) is { } ill)
            return failing.TryAdd(region.Name, RegionReadiness.Sentence(region, ill));
        return !failing.IsEmpty || (view.State == States.Ready
            && view.Replication.All(peer => peer.State == States.Live)
            && (view.Services.Count > 0 || !expectsServices));
    }

    // Known to one region, they come to the others, one that begins with nothing included.
    private static async Task<bool> HasServicesAsync(RunningWorld world, CancellationToken cancellationToken)
    {
        var known = await Task.WhenAll(world.World.Regions.Select(async record =>
        {
            using var region = world.Region(record, TimeSpan.FromSeconds(30));
            return (await region.ListServicesAsync(project: null, cancellationToken)).Items.Count;
        }));
        return known.Any(count => count > 0);
    }

    private static async Task<string> UrlAsync(RunningWorld world, CancellationToken cancellationToken)
    {
        using var client = world.Region(world.World.Regions[0], TimeSpan.FromSeconds(5));
        var view = await client.GetStatusAsync(cancellationToken);
        return view.Services.FirstOrDefault(service => service.Url is not null)?.Url ?? view.Public;
    }
}
