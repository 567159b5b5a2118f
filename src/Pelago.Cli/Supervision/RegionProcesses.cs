using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Ends roles with everything that they started. A region's instances outlive it on purpose, so whoever takes
/// a region away ends them too: first the region, which would start them again, then what it wrote down.</summary>
internal static class RegionProcesses
{
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>Ends a role's process and, for a region, its instances; returns when all are gone.</summary>
    public static async Task StopAsync(
        ProcessIdentity process, RoleSpec role, bool kill, TimeProvider time, CancellationToken cancellationToken)
    {
        var home = role.Home;
        if (RoleNames.IsServer(role.Name))
        {
            await ServerProcess.StopAsync(process, home, kill, time, cancellationToken);
            return;
        }
        await EndAsync(process, kill, time, cancellationToken);
        if (RoleProcesses.Find(home) is { } unrecorded)
            await EndAsync(unrecorded, kill, time, cancellationToken);
        await Task.WhenAll(InstancesOf(home).Select(instance => EndAsync(instance, kill, time, cancellationToken)));
    }

    /// <summary>Instances that live in a region's home: those that it wrote down, and those that it started in the
    /// moment in which it was killed, which carry their home in their environment.</summary>
    public static IReadOnlyList<ProcessIdentity> InstancesOf(string home)
    {
        var file = PrivateFile.ReadJson<InstancesFile>(
            Path.Combine(home, InstancesFile.FileName), "Remove it: instances are then found among the processes.");
        var within = home + Path.DirectorySeparatorChar;
        return [.. (file?.Instances ?? []).Select(i => new ProcessIdentity(i.Pid, i.StartTime)).Where(p => p.IsAlive)
            .Union(ProcessSearch.WithEnvironment(InstanceEnvironment.Home,
                value => value.StartsWith(within, StringComparison.Ordinal)))];
    }

    private static Task EndAsync(ProcessIdentity process, bool kill, TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (kill)
            process.Kill();
        return process.StopAsync(Grace, time, cancellationToken);
    }
}
