using Pelago.Client;
using Pelago.Drills;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>What <c>up</c> was asked for.</summary>
/// <param name="PortBase">First port of a new world; null for the default.</param>
/// <param name="Wan">Profile of a new world's network; null for the default.</param>
internal sealed record StartRequest(int? PortBase, string? Wan)
{
    /// <summary>Where the journals are to lie: one of <see cref="JournalStores"/>; null for what the world
    /// has, or the default.</summary>
    public string? Journal { get; init; }

    /// <summary>Size of a new world's logs in MiB; null for the default.</summary>
    public int? LogMebibytes { get; init; }

    /// <summary>Longest time for the whole, in which a slow machine makes it too.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(3);
}

/// <summary>Brings a world to where every role runs and every region is ready, from whatever state it is in: nothing
/// yet, half started, some roles killed, regions stopped, all running. Each step looks first and does what is missing.
/// 1. Read the world, or plan and record a new one. 2. Check the ports of what does not run. 3. Write what roles read,
/// make the servers that are not there yet, and go on with a change of the regions that was interrupted. 4. Start the
/// supervisor, or ask it for what is down. 5. Wait for the
/// servers and the network. 6. Wait for the federation plane and publish its trust bundle. 7. Wait for the
/// regions.</summary>
internal sealed class WorldStart(WorldDirectory directory, StartRequest request, Terminal terminal, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(2);

    private const int EndsThatTell = 3; // one or two may be of a start that raced with something else

    private readonly long _started = time.GetTimestamp();
    private readonly DateTimeOffset _since = time.GetUtcNow();

    /// <summary>How long it has taken so far.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(_started);

    public async Task<RunningWorld> RunAsync(CancellationToken cancellationToken)
    {
        // 1.
        var known = directory.TryRead();
        var journal = JournalChoice.Of(known, request.Journal);
        var servers = journal != JournalStores.Postgres ? null
            : await ServerInstallation.FindAsync(directory, known, cancellationToken);
        if (known is not null)
            RegionHomes.Require(directory, known);
        if (AdminTokenCheck.Require(directory, known is null || IsDown(new RunningWorld(directory, known, time))))
            terminal.Say($"'{directory.AdminTokenFile}' holds no token; a new one is made, as nothing runs.");
        var token = directory.ReadOrCreateAdminToken();
        var world = new RunningWorld(directory, known ?? Plan(journal), time);
        // 2.
        PortCheck.Require(world);
        // 3.
        WriteConfigurations(world, WorldDirectory.HashOf(token));
        if (servers is not null)
            await PrepareAsync(servers, world, cancellationToken);
        if (world.Supervisor is not null && !world.Roles().Keys.ToHashSet().SetEquals(
            world.RoleSpecs().Select(spec => spec.Name)))
            await new WorldRewiring(directory, terminal, time).ApplyAsync(world, cancellationToken);
        // 4.
        await StartRolesAsync(world, cancellationToken);
        // 5.
        await Task.WhenAll(world.World.Regions.Where(_ => world.HasServers).Select(region => UntilAsync(
            RoleNames.Server(region.Name), world, ServerAnswers(world, region), cancellationToken)));
        await UntilAsync(RoleNames.Wan, world, async ct =>
        {
            using var wan = world.WanControl(AnswerLimit);
            await wan.GetAsync<WanReport>("v1/wan", ct);
            return true;
        }, cancellationToken);
        // 6.
        await UntilAsync(RoleNames.Federation, world, ct => FederationIsReadyAsync(world, ct), cancellationToken);
        // 7.
        await Task.WhenAll(world.World.Regions.Select(region => UntilAsync(
            RoleNames.Region(region.Name), world, ct => RegionAnswersAsync(world, region, ct), cancellationToken)));
        return world;
    }

    /// <summary>Repeats a check until it holds.</summary>
    /// <exception cref="PelagoException">PLG1107 when the whole takes too long, or the role ends with an error time and
    /// again: waiting on would tell nothing new.</exception>
    public async Task UntilAsync(
        string role, RunningWorld world, Func<CancellationToken, Task<bool>> check, CancellationToken cancellationToken)
    {
        Failure? last = null;
        var home = world.RoleSpecs().FirstOrDefault(spec => spec.Name == role)?.Home;
        var ends = new HashSet<DateTimeOffset>();
        while (true)
        {
            try
            {
                if (await check(cancellationToken))
                    break;
                last = null; // it answers by now
            }
            catch (PelagoException e) when ((e.Failure.Error.HttpStatus >= 500
                && e.Failure.Error != ErrorCodes.RoleNotReady) || e.Failure.Error == ErrorCodes.WorldNotFound)
            {
                last = e.Failure; // not up yet
            }
            if (home is not null && RoleFailure.Read(home) is { IsWaiting: false } left && left.At >= _since)
                ends.Add(left.At);
            if (Elapsed > request.Limit || ends.Count >= EndsThatTell)
                throw NotReady(role, world, last).ToException();
            await Task.Delay(Interval, time, cancellationToken);
        }
        var pid = role == RoleNames.Supervisor ? world.Supervisor?.Pid : world.Roles().GetValueOrDefault(role)?.Pid;
        terminal.Progress(role, "ready", pid is null ? $"{Elapsed.TotalSeconds:0.0} s"
            : $"pid {pid}, {Elapsed.TotalSeconds:0.0} s");
    }

    private static bool IsDown(RunningWorld world) => world.Supervisor is null
        && world.RoleSpecs().All(role => RoleProcesses.Find(role) is null);

    private WorldRecord Plan(string journal)
    {
        var world = WorldPlan.Create(request.PortBase ?? WorldPlan.DefaultPortBase, request.Wan ?? "aws", Ports.IsFree,
            journal);
        if (request.LogMebibytes is { } mebibytes)
            world = world with { Logs = world.Logs with { FileMebibytes = mebibytes } };
        PrivateFile.WriteJson(directory.WorldFile, world);
        terminal.Say($"A new world in {directory.Root}: ports from {world.PortBase}, network {world.Wan}, "
            + $"journals in {JournalChoice.NameOf(journal)}.");
        return world;
    }

    private Task PrepareAsync(
        ServerInstallation servers, RunningWorld world, CancellationToken cancellationToken)
        => Task.WhenAll(world.World.Regions.Select(async region =>
        {
            if (await servers.PrepareAsync(directory, region, cancellationToken))
                terminal.Progress(RoleNames.Server(region.Name), "made", $"{Elapsed.TotalSeconds:0.0} s");
        }));

    /// <summary>Writes what every role reads.</summary>
    public void WriteConfigurations(RunningWorld running, string tokenHash)
    {
        var world = running.World;
        Write(directory.WanHome, WorldPlan.Wan(world, tokenHash));
        Write(directory.FederationHome, WorldPlan.Federation(world, directory, tokenHash));
        foreach (var region in world.Regions)
            Write(directory.RegionHome(region.Name), WorldPlan.Region(world, region, directory, tokenHash));
        Write(directory.SupervisorHome, new SupervisorConfig(
            world.SupervisorPort, tokenHash, running.RoleSpecs()) { Logs = world.Logs });

        static void Write<T>(string home, T config)
        {
            PrivateFile.CreateDirectory(home);
            PrivateFile.WriteJson(Path.Combine(home, "config.json"), config);
        }
    }

    private async Task StartRolesAsync(RunningWorld world, CancellationToken cancellationToken)
    {
        var process = world.Supervisor;
        if (process is null)
        {
            process = StartSupervisor();
            terminal.Progress(RoleNames.Supervisor, "starting");
        }
        await UntilAsync(RoleNames.Supervisor, world, async ct =>
        {
            RequireSupervisor(process.Value, world);
            using var supervisor = world.SupervisorControl(AnswerLimit);
            await supervisor.PostAsync<RoleCommand, SupervisorReport>(
                "v1/roles/start", new RoleCommand([], Kill: false), ct);
            return true;
        }, cancellationToken);
    }

    /// <summary>Starts the supervisor.</summary>
    public ProcessIdentity StartSupervisor() => RoleProcesses.Start(Supervisor);

    /// <summary>Looks whether the supervisor that is waited for still lives: nobody starts it again.</summary>
    /// <exception cref="PelagoException">PLG1107 when it has ended.</exception>
    public void RequireSupervisor(ProcessIdentity process, RunningWorld world)
    {
        if (!process.IsAlive)
        {
            throw NotReady(RoleNames.Supervisor, world, new Failure(ErrorCodes.WorldNotRunning,
                $"its process (pid {process.Pid}) has ended.")).ToException();
        }
    }

    private RoleSpec Supervisor => new(RoleNames.Supervisor, ["supervise"], directory.SupervisorHome);

    // A server that lets nobody in, or ends time and again, will not do better by waiting.
    private Func<CancellationToken, Task<bool>> ServerAnswers(RunningWorld world, RegionRecord region)
    {
        var (role, least) = (RoleNames.Server(region.Name), int.MaxValue);
        return async ct =>
        {
            var restarts = world.Roles().GetValueOrDefault(role)?.Restarts ?? 0;
            least = Math.Min(least, restarts);
            if ((await ServerLook.AskAsync(directory, region, probes: false, time, ct)).Trouble is not { } trouble)
                return true;
            throw (trouble.Error != ErrorCodes.JournalServerAway || restarts - least >= EndsThatTell
                ? NotReady(role, world, trouble) : trouble).ToException();
        };
    }

    private async Task<bool> FederationIsReadyAsync(RunningWorld world, CancellationToken cancellationToken)
    {
        if (!directory.PublishTrust())
            return false;
        using var federation = world.Federation(AnswerLimit);
        await federation.CheckReadyAsync(cancellationToken);
        return true;
    }

    private static async Task<bool> RegionAnswersAsync(
        RunningWorld world, RegionRecord region, CancellationToken cancellationToken)
    {
        using var client = world.Region(region, AnswerLimit);
        return (await client.GetStatusAsync(cancellationToken)).State != States.Starting;
    }

    /// <summary>What to say of a role that does not get ready.</summary>
    public Failure NotReady(string role, RunningWorld world, Failure? last)
    {
        var spec = world.RoleSpecs().FirstOrDefault(spec => spec.Name == role);
        var log = RoleProcesses.LogFile(spec ?? Supervisor);
        var why = RoleNames.IsServer(role) && ServerLog.LastReason(log) is { } reason
            ? Sentence.End($" {last?.Message} Its log says: {reason}")
            : spec is not null && RoleFailure.Read(spec.Home) is { } left
            ? $" {(left.IsWaiting ? "It says" : "It ended with")} {left.Trouble}"
            : last is null ? "" : $" Last seen: {last.Message}";
        return new Failure(ErrorCodes.RoleNotReady, $"{role} is not ready after {Elapsed.TotalSeconds:0} s.{why}",
            $"Its log is {log}; 'pelago up' goes on from here.");
    }
}
