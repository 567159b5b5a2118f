using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Looks whether the recorded ports of roles that are about to start are free. A role that finds its port
/// taken ends and is started again and again; whoever asked for it should hear of it at once.</summary>
internal static class PortCheck
{
    /// <summary>Checks the ports of roles that do not run.</summary>
    /// <param name="only">Names of the roles to look at; null for all.</param>
    /// <exception cref="PelagoException">PLG1104: a port is used by another program.</exception>
    public static void Require(RunningWorld world, IReadOnlyCollection<string>? only = null)
    {
        var roles = world.Roles();
        var supervisorRuns = world.Supervisor is not null;
        foreach (var (port, role, purpose) in WorldPlan.Ports(world.World))
        {
            var runs = role == RoleNames.Supervisor ? supervisorRuns : roles.GetValueOrDefault(role) is { Pid: > 0 };
            if (runs || only?.Contains(role) == false || Ports.IsFree(port))
                continue;
            // Started this very moment, by a supervisor that works: then its own listener is what was found.
            var owner = Ports.OwnerOf(port);
            if (owner is { } found && RoleProcesses.IsOf(world.Directory.Root, found.Pid))
                continue;
            var who = owner is { } known ? $"{known.Name} (pid {known.Pid})" : "another process";
            throw new Failure(ErrorCodes.PortTaken, $"Port {port}, {purpose}, is used by {who}.",
                "End that process, or start another world with another --data and --port-base.").ToException();
        }
    }
}
