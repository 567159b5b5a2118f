using System.Globalization;

namespace Pelago.Cli;

/// <summary>Regions, their services and their replication, as their status shows them.</summary>
internal static class RegionChecks
{
    public static IEnumerable<Finding> Of(Patient patient)
        => patient.Status.Regions.Select(region => Region(patient, region))
            .Concat(patient.Status.Regions.SelectMany(region => Peers(patient, region)));

    private static Finding Region(Patient patient, RegionStatus region)
    {
        var ill = region.Services.Where(service => service.State != States.Ready).ToList();
        var detail = ill.Count > 0
            ? string.Join("; ", ill.Select(s
                => $"{s.Project}/{s.Name} is {s.State}{(s.Message is null ? "" : $": {s.Message}")}"))
            : region.Message ?? region.State;
        var mend = region.State == States.Stopped ? patient.Pelago($"regions start {region.Name}")
            : DamageChecks.Mend(patient, region, ill.FirstOrDefault(),
                (ill.Count > 0 ? ill[0].Trouble : region.Trouble)?.Code ?? "");
        return Finding.Of($"region {region.Name}", region.State == States.Ready, detail, mend);
    }

    private static IEnumerable<Finding> Peers(Patient patient, RegionStatus region)
        => region.Replication.Select(peer => Finding.Of(
            $"{region.Name} follows {peer.Peer}", peer.State == States.Live,
            string.Create(CultureInfo.InvariantCulture,
                $"{peer.State}, lag {peer.LagMs:0.#} ms, {peer.BehindEvents} events behind"),
            patient.Pelago("wan show")));
}
