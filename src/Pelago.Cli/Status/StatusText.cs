using System.Globalization;
using Pelago.Client;

namespace Pelago.Cli;

/// <summary>Shows the status of a world to people and scripts.</summary>
internal static class StatusText
{
    public static void Write(Terminal terminal, StatusDocument status, OutputFormat format)
    {
        switch (format)
        {
            case OutputFormat.Json:
                terminal.Line(Formats.Json(status));
                return;
            case OutputFormat.Yaml:
                terminal.Line(Formats.Yaml(status));
                return;
            case OutputFormat.Name:
                foreach (var region in status.Regions)
                    terminal.Line($"region/{region.Name}");
                return;
        }
        terminal.Table(["PROCESS", "STATE", "PID", "ADDRESS"],
        [
            ["supervisor", status.Supervisor.State, Pid(status.Supervisor.Pid), ""],
            ["wan", status.Wan.State, Pid(status.Wan.Pid), ""],
            ["federation", status.Federation.State, Pid(status.Federation.Pid), status.Federation.ManagementApi],
            .. status.Servers.Select(s => (IReadOnlyList<string>)[RoleNames.Server(s.Region), s.State, Pid(s.Pid),
                s.Address]),
            .. status.Regions.Select(r => (IReadOnlyList<string>)[$"region/{r.Name}", r.State, Pid(r.Pid),
                r.ExecutionApi]),
        ]);
        terminal.Line("");
        WriteServices(terminal, status, format);
        foreach (var line in TroubleText.Of(status))
            terminal.Line(line);
        terminal.Line("");
        terminal.Table(["REGION", "PEER", "REPLICATION", "LAG", "BEHIND", "PATH"],
            from region in status.Regions
            from peer in region.Replication
            select (IReadOnlyList<string>)
            [
                region.Name, peer.Peer, peer.State, Milliseconds(peer.LagMs),
                peer.BehindEvents.ToString(CultureInfo.InvariantCulture), peer.Path,
            ]);
    }

    public static void WriteRegions(Terminal terminal, IReadOnlyList<RegionStatus> regions, OutputFormat format)
    {
        if (terminal.Document(regions, format, region => region.Name))
            return;
        var wide = format == OutputFormat.Wide;
        string[] columns = ["NAME", "STATE", "PID", "MEMBER", "SERVICES"];
        terminal.Table(wide ? [.. columns, "EXECUTION API", "INGRESS", "PUBLIC"] : columns,
            regions.Select(r =>
            {
                string[] row = [r.Name, r.State, Pid(r.Pid), r.Membership?.State ?? "",
                    $"{r.Services.Count(IsReady)}/{r.Services.Count} ready"];
                return (IReadOnlyList<string>)(wide ? [.. row, r.ExecutionApi, r.Ingress, r.Public] : row);
            }));
    }

    private static void WriteServices(Terminal terminal, StatusDocument status, OutputFormat format)
    {
        var wide = format == OutputFormat.Wide;
        string[] columns = ["SERVICE", "REGION", "STATE", "URL"];
        var here =
            from region in status.Regions
            from service in region.Services
            let row = new[] { $"{service.Project}/{service.Name}", region.Name, service.State, service.Url ?? "" }
            let pids = string.Join(',', service.Instances.Select(instance => instance.Pid))
            select (IReadOnlyList<string>)(wide ? [.. row, pids, service.Artifact, service.Message ?? ""] : row);
        // Regions that do not answer themselves, as the others have heard of them.
        var elsewhere =
            from service in status.Services
            from region in service.Regions
            where status.Regions.Any(r => r.Name == region.Region && r.Services.Count == 0)
            let row = new[] { $"{service.Project}/{service.Name}", region.Region, region.State, "" }
            select (IReadOnlyList<string>)(wide ? [.. row, "", "", region.Message ?? ""] : row);
        terminal.Table(wide ? [.. columns, "PIDS", "ARTIFACT", "MESSAGE"] : columns,
            here.Concat(elsewhere).OrderBy(row => row[0], StringComparer.Ordinal)
                .ThenBy(row => Place(status, row[1])));
    }

    private static int Place(StatusDocument status, string region)
        => status.Regions.Select(r => r.Name).ToList().IndexOf(region);

    private static bool IsReady(ServiceView service) => service.State == States.Ready;

    private static string Pid(int? pid) => pid?.ToString(CultureInfo.InvariantCulture) ?? "-";

    private static string Milliseconds(double? lag)
        => lag is { } ms ? string.Create(CultureInfo.InvariantCulture, $"{ms:0.#} ms") : "-";
}
