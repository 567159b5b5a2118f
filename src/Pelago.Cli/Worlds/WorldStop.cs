using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Ends every process of a world, supervised or not: the supervisor first, which would restart the others,
/// then the roles in reverse order of starting, regions with their instances, and last what they write to.</summary>
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
        var recorded = world.Recorded();
        var specs = world.RoleSpecs();
        await Task.WhenAll(specs.Where(spec => RoleNames.IsRegion(spec.Name)).Select(StopAsync));
        foreach (var spec in specs.Where(spec => !RoleNames.IsRegion(spec.Name) && !RoleNames.IsServer(spec.Name))
            .Reverse())
            await StopAsync(spec);
        await Task.WhenAll(specs.Where(spec => RoleNames.IsServer(spec.Name)).Select(StopAsync));

        async Task StopAsync(RoleSpec spec)
        {
            // By pid and start time as written down: the pid alone may be somebody else's by now.
            var known = recorded.GetValueOrDefault(spec.Name);
            var wasUp = IsUp(known, spec);
            await RegionProcesses.StopAsync(known, spec, kill: false, time, cancellationToken);
            if (wasUp)
                terminal.Progress(spec.Name, "stopped");
        }
    }

    /// <summary>Says what would be ended.</summary>
    public static void Foretell(RunningWorld world, Terminal terminal)
    {
        var recorded = world.Recorded();
        if (world.Supervisor is not null)
            terminal.Progress(RoleNames.Supervisor, "would stop");
        foreach (var spec in world.RoleSpecs())
            terminal.Progress(spec.Name, IsUp(recorded.GetValueOrDefault(spec.Name), spec) ? "would stop" : "is down");
    }

    private static bool IsUp(ProcessIdentity known, RoleSpec spec)
        => known.IsAlive || RegionProcesses.InstancesOf(spec.Home).Count > 0
            || RoleProcesses.Find(spec) is not null
            || (RoleNames.IsServer(spec.Name) && ServerProcess.Living(spec.Home).Count > 0);
}
