using Pelago.Client;

namespace Pelago.Cli;

/// <summary>Ends every process of a world, supervised or not: the supervisor first, which would restart the others,
/// then the roles in reverse order of starting, regions with their instances.</summary>
internal static class WorldStop
{
    public static async Task RunAsync(RunningWorld world, Terminal terminal, TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (world.Supervisor is { } supervisor)
        {
            await supervisor.StopAsync(RegionProcesses.Grace, time, cancellationToken);
            terminal.Progress(RoleNames.Supervisor, "stopped");
        }
        var roles = world.Roles();
        var specs = world.RoleSpecs();
        await Task.WhenAll(specs.Where(spec => RoleNames.IsRegion(spec.Name)).Select(StopAsync));
        foreach (var spec in specs.Where(spec => !RoleNames.IsRegion(spec.Name)).Reverse())
            await StopAsync(spec);

        async Task StopAsync(Pelago.Model.RoleSpec spec)
        {
            var known = roles.GetValueOrDefault(spec.Name)?.Pid is > 0 and var pid ? ProcessIdentity.Of(pid) : null;
            var wasUp = known is not null || RegionProcesses.InstancesOf(spec.Home).Count > 0
                || RoleProcesses.Find(spec.Home) is not null;
            await RegionProcesses.StopAsync(known ?? default, spec.Home, kill: false, time, cancellationToken);
            if (wasUp)
                terminal.Progress(spec.Name, "stopped");
        }
    }
}
