namespace Pelago.Cli;

/// <summary>Files and processes of a world on this machine.</summary>
internal static class LocalChecks
{
    public static IEnumerable<Finding> Of(Patient patient)
        => [Token(patient), Processes(patient), Restarts(patient), DiskSpace(patient)];

    private static Finding Token(Patient patient)
    {
        var file = patient.World.Directory.AdminTokenFile;
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return Finding.Of("administrator's token", File.Exists(file) && File.GetUnixFileMode(file) == owner,
            $"{file} is only for its owner (0600)", $"chmod 600 {file}");
    }

    private static Finding Processes(Patient patient)
    {
        var status = patient.Status;
        List<string> down = [];
        if (status.Supervisor.Pid is null)
            down.Add(RoleNames.Supervisor);
        if (status.Wan.Pid is null)
            down.Add(RoleNames.Wan);
        if (status.Federation.Pid is null)
            down.Add(RoleNames.Federation);
        down.AddRange(status.Servers.Where(s => s.Pid is null).Select(s => RoleNames.Server(s.Region)));
        var failing = status.Regions.Where(r => r.State == States.Failing).ToList();
        down.AddRange(status.Regions.Where(r => r.Pid is null || failing.Contains(r))
            .Select(r => RoleNames.Region(r.Name)));
        // A region that ends with an error is started again anyway: 'up' would not mend it, what its log says may.
        var mend = failing.Count > 0 && down.Count == failing.Count
            ? patient.Pelago($"logs {failing[0].Name}") : patient.Pelago("up");
        return Finding.Of("processes", down.Count == 0,
            down.Count == 0 ? "all roles run" : $"down: {string.Join(", ", down)}", mend);
    }

    private static Finding Restarts(Patient patient)
    {
        var restless = patient.World.Roles().Values.Where(role => role.Restarts > 0).ToList();
        return Finding.Notice("restarts", restless.Count == 0,
            restless.Count == 0 ? "none" : string.Join(", ", restless.Select(role => $"{role.Name}: {role.Restarts}")),
            restless.Count == 0 ? "" : patient.Pelago("logs supervisor"));
    }

    private static Finding DiskSpace(Patient patient)
    {
        const long least = 512L * 1024 * 1024;
        var root = patient.World.Directory.Root;
        var free = new DriveInfo(root).AvailableFreeSpace;
        return Finding.Of("disk space", free >= least, $"{free / (1024 * 1024)} MiB free", $"df -h {root}");
    }
}
