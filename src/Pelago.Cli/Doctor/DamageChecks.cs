using System.Globalization;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Entities that are parked and journals that are not whole, region by region, with the commands that bring
/// back what other regions have.</summary>
internal static class DamageChecks
{
    public static IEnumerable<Finding> Of(Patient patient)
        => patient.Status.Regions.Where(r => r.Services.Count > 0 || r.Trouble is not null)
            .SelectMany(region => (Finding[])[Journals(patient, region), Parked(patient, region)]);

    /// <summary>The commands that mend an error of a region or of one of its services. A damaged journal is set aside,
    /// so that its region fetches everything anew.</summary>
    /// <param name="patient">The world.</param>
    /// <param name="region">The region.</param>
    /// <param name="service">The service; null for the region itself.</param>
    /// <param name="code">Code of the error; may be empty.</param>
    public static string Mend(Patient patient, RegionStatus region, ServiceView? service, string code)
        => code == ErrorCodes.JournalDamaged.Code ? SetAside(patient, region.Name, service)
            : patient.Pelago(service is null ? $"logs {region.Name}" : $"logs {service.Project}.{service.Name}");

    /// <summary>The commands that set a journal aside.</summary>
    public static string SetAside(Patient patient, string region, ServiceView? service)
    {
        if (patient.World.HasServers)
            return SetDatabaseAside(patient, region, service);
        var home = patient.World.Directory.RegionHome(region);
        var journal = Path.Combine(service is null ? home
            : Path.Combine(home, "services", service.Project, service.Name), "journal");
        var aside = $"{journal}.damaged";
        for (var number = 2; Path.Exists(aside); number++)
            aside = string.Create(CultureInfo.InvariantCulture, $"{journal}.damaged-{number}");
        return $"{patient.Pelago($"regions stop {region} --yes")} && mv '{journal}' '{aside}' && "
            + patient.Pelago($"regions start {region}");
    }

    // The service ends without its database, and makes a new one when it is started again.
    private static string SetDatabaseAside(Patient patient, string region, ServiceView? service)
    {
        var name = service is null ? JournalStores.RegionDatabase
            : JournalStores.DatabaseOf(service.Project, service.Name);
        return ServerChecks.Psql(patient, region, $"ALTER DATABASE \"{name}\" ALLOW_CONNECTIONS false",
                $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
                $"ALTER DATABASE \"{name}\" RENAME TO \"{name}.damaged\"")
            + $" && {patient.Pelago($"regions stop {region} --yes")} && {patient.Pelago($"regions start {region}")}";
    }

    private static Finding Journals(Patient patient, RegionStatus region)
    {
        var troubles = Replicas(region).Where(r => IsOfAJournal(r.Trouble)).ToList();
        var first = troubles.FirstOrDefault();
        return Finding.Of($"journals of {region.Name}", troubles.Count == 0,
            troubles.Count == 0 ? "no damage met" : string.Join("; ", troubles.Select(t => $"{t.Name}: {t.Trouble}")),
            first.Trouble is null ? "" : Mend(patient, region, first.Service, first.Trouble.Code));
    }

    private static Finding Parked(Patient patient, RegionStatus region)
    {
        var parked = Replicas(region).Where(r => r.Parked.Count > 0).ToList();
        var code = parked is [{ Parked.First: [var first, ..] }, ..] ? first.Code : "";
        return Finding.Of($"parked entities of {region.Name}", parked.Count == 0,
            parked.Count == 0 ? "none met" : string.Join("; ", parked.Select(p => string.Create(
                CultureInfo.InvariantCulture, $"{p.Name}: {p.Parked.Count}, {Names(p.Parked)}"))),
            parked.Count == 0 ? "" : Mend(patient, region, parked[0].Service, code));
    }

    private static bool IsOfAJournal(TroubleView? trouble)
        => trouble?.Code.StartsWith("PLG4", StringComparison.Ordinal) == true;

    private static string Names(ParkedView parked)
        => string.Join(", ", parked.First.Select(e => $"{e.Type}/{e.Id} ({e.Code}: {e.Reason} {e.Next})"))
            + (parked.Count > parked.First.Count ? ", …" : "");

    /// <summary>The region's own entities, and each service's.</summary>
    private static IEnumerable<(string Name, ServiceView? Service, TroubleView? Trouble, ParkedView Parked)> Replicas(
        RegionStatus region)
        => region.Services.Select(s => ($"{s.Project}/{s.Name}", (ServiceView?)s, s.Trouble, s.Parked))
            .Prepend(("the region itself", null, region.Trouble, region.Parked));
}
