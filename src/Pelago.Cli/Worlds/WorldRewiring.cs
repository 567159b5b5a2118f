using Pelago.Client;
using Pelago.Drills;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Makes the processes of a running world fit its record, after a region came or left: 1. what they read, 2.
/// the supervisor, whose successor adopts what lives, 3. the network and the federation plane, which read it when they
/// start. Regions and their services go on: they look for new addresses by themselves.</summary>
internal sealed class WorldRewiring(WorldDirectory directory, Terminal terminal, TimeProvider time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(2);

    private readonly WorldStart _start = new(directory, new StartRequest(null, null) { Limit = Limit }, terminal, time);

    /// <summary>Waits for a role.</summary>
    /// <exception cref="PelagoException">PLG1107.</exception>
    public Task UntilAsync(
        string role, RunningWorld world, Func<CancellationToken, Task<bool>> check, CancellationToken cancellationToken)
        => _start.UntilAsync(role, world, check, cancellationToken);

    /// <summary>Does it; again is well.</summary>
    /// <exception cref="PelagoException">A file cannot be written, or a role does not start again.</exception>
    public async Task ApplyAsync(RunningWorld world, CancellationToken cancellationToken)
    {
        // 1.
        _start.WriteConfigurations(world, WorldDirectory.HashOf(directory.ReadAdminToken()));
        // 2.
        if (world.Supervisor is { } supervisor)
            await supervisor.StopAsync(RegionProcesses.Grace, time, cancellationToken);
        await StartSupervisorAsync(world, cancellationToken);
        // 3.
        await RestartAsync(world, cancellationToken);
    }

    /// <summary>Starts the supervisor where a command that was cut short has left a running world without it.</summary>
    /// <exception cref="PelagoException">PLG1106 when nothing of the world runs; PLG1107.</exception>
    public async Task RequireSupervisorAsync(RunningWorld world, CancellationToken cancellationToken)
    {
        world.RequireRunning();
        if (world.Supervisor is null)
            await StartSupervisorAsync(world, cancellationToken);
    }

    private async Task StartSupervisorAsync(RunningWorld world, CancellationToken cancellationToken)
    {
        var successor = _start.StartSupervisor();
        await UntilAsync(RoleNames.Supervisor, world, async ct =>
        {
            _start.RequireSupervisor(successor, world);
            using var control = world.SupervisorControl(AnswerLimit);
            await control.GetAsync<SupervisorReport>("v1/roles", ct);
            return true;
        }, cancellationToken);
    }

    /// <summary>Starts roles that the supervisor knows and that are down.</summary>
    public static async Task StartAsync(
        RunningWorld world, IReadOnlyList<string> roles, CancellationToken cancellationToken)
    {
        using var control = world.SupervisorControl(RegionProcesses.Grace);
        await control.PostAsync<RoleCommand, SupervisorReport>(
            "v1/roles/start", new RoleCommand(roles, Kill: false), cancellationToken);
    }

    // One that was stopped on purpose stays down: it reads what is new when it is started.
    private async Task RestartAsync(RunningWorld world, CancellationToken cancellationToken)
    {
        var wanted = world.Roles().Values.Where(r => r.Wanted == RoleReport.Running).Select(r => r.Name).ToHashSet();
        string[] roles = [.. new[] { RoleNames.Wan, RoleNames.Federation }.Where(wanted.Contains)];
        if (roles.Length == 0)
            return;
        using (var control = world.SupervisorControl(RegionProcesses.Grace * 2))
        {
            await control.PostAsync<RoleCommand, SupervisorReport>(
                "v1/roles/stop", new RoleCommand(roles, Kill: false), cancellationToken);
        }
        await StartAsync(world, roles, cancellationToken);
        if (roles.Contains(RoleNames.Wan))
        {
            await UntilAsync(RoleNames.Wan, world, async ct =>
            {
                using var wan = world.WanControl(AnswerLimit);
                await wan.GetAsync<WanReport>("v1/wan", ct);
                return true;
            }, cancellationToken);
        }
    }
}
