using System.Globalization;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>How a service is in all regions, put together where it is asked: this region from what it sees, the others
/// from what they reported.</summary>
/// <remarks>A report is only as good as the way on which the next one would come. While a peer is not heard of, its
/// state is <c>Unknown</c>, and what it said last is told beside it.</remarks>
internal sealed class ServiceAggregation(RegionPeers regions, ServiceReports reports)
{
    /// <summary>Every region's view of a service, ordered by region.</summary>
    /// <param name="own">This region's.</param>
    /// <param name="project">Its project.</param>
    /// <param name="name">Its name.</param>
    /// <param name="peers">How the peers are heard of.</param>
    public IReadOnlyList<ServiceRegionView> Of(
        ServiceRegionView own, string project, string name, IReadOnlyList<PeerReplication> peers)
        => [.. regions.Current.Select(p => Of(p.Name, project, name, peers)).Append(own)
            .OrderBy(r => r.Region, StringComparer.Ordinal)];

    /// <summary>The same as a resource shows it: conditions over all regions, and region by region.</summary>
    public static ServiceStatus ToStatus(long generation, IReadOnlyList<ServiceRegionView> regions)
    {
        var behind = regions.Where(r => r.ObservedGeneration < generation).Select(r => r.Region).ToList();
        var ill = regions.Where(r => r.State != "Ready").ToList();
        var unknown = ill.Count > 0 && ill.All(r => r.State == "Unknown");
        return new ServiceStatus(
            regions.Min(r => r.ObservedGeneration),
            [
                Condition("Synced", behind.Count == 0 ? "True" : "False", behind.Count == 0 ? "Received" : "Pending",
                    behind.Count == 0 ? "" : $"Not acted on yet in {string.Join(", ", behind)}."),
                Condition("Ready", ill.Count == 0 ? "True" : unknown ? "Unknown" : "False",
                    ill.Count == 0 ? "Ready" : ill[0].State,
                    string.Join(' ', ill.Select(r => $"{r.Region}: {r.Message ?? r.State}"))),
            ],
            [.. regions.Select(r => new Model.RegionStatus(r.Region, r.ObservedGeneration,
            [
                Condition("Synced", r.ObservedGeneration >= generation ? "True" : "False",
                    r.ObservedGeneration >= generation ? "Received" : "Pending", ""),
                Condition("Ready", r.State switch { "Ready" => "True", "Unknown" => "Unknown", _ => "False" },
                    r.State, r.Message ?? ""),
            ]))]);
    }

    private ServiceRegionView Of(string peer, string project, string name, IReadOnlyList<PeerReplication> peers)
    {
        var heard = peers.Any(p => p.Peer == peer && p.State != "Down");
        return reports.Of(project, name, peer) switch
        {
            { } report when heard => new ServiceRegionView(
                peer, report.State, report.Message, report.Generation, report.ReportedAt),
            { } report => new ServiceRegionView(peer, "Unknown", string.Create(CultureInfo.InvariantCulture,
                $"It is not heard of; it was {report.State} at {report.ReportedAt:yyyy-MM-dd'T'HH:mm:ss'Z'}."),
                report.Generation, report.ReportedAt),
            _ => new ServiceRegionView(peer, "Unknown",
                heard ? "It has not said anything yet." : "It is not heard of.", 0, null),
        };
    }

    private static ResourceCondition Condition(string type, string status, string reason, string message)
        => new(type, status, reason, message);
}
