using System.Globalization;
using Pelago.Client;

namespace Pelago.Cli;

/// <summary>What replicas were alarmed about since their processes began. What it leads to may have to be looked for:
/// an alarm says that something happened, not that it lasts.</summary>
internal static class AlarmChecks
{
    private const int MaxNamed = 5;

    // Kinds by which something is lost, or may be there twice; the others are for information.
    private static readonly string[] Serious =
        ["EventsLost", "OwnEventBeyondSeen", "Superseded", "Fork", "RowsDamaged", "VotesLost"];

    public static IEnumerable<Finding> Of(Patient patient)
        => patient.Status.Regions.Where(r => r.Services.Count > 0 || r.Alarms.Count > 0)
            .SelectMany(region => Of(patient, region));

    private static List<Finding> Of(Patient patient, RegionStatus region)
    {
        var check = $"alarms of {region.Name}";
        var found = region.Services
            .SelectMany(s => s.Alarms, (service, alarm) => (Service: (ServiceView?)service, Alarm: alarm))
            .Concat(region.Alarms.Select(alarm => (Service: (ServiceView?)null, Alarm: alarm)))
            .Where(a => a.Alarm.Next.Length > 0)
            .Select(a => new Finding(check, Serious.Contains(a.Alarm.Kind) ? Finding.Failed : Finding.Warning,
                Detail(patient, a.Service, a.Alarm), Mend(patient, region, a.Service, a.Alarm.Kind)))
            .ToList();
        return found.Count > 0 ? found : [Finding.Of(check, true, "none since they started", "")];
    }

    private static string Detail(Patient patient, ServiceView? service, AlarmView alarm)
        => $"{Name(service)}: {alarm.Kind}, "
            + string.Create(CultureInfo.InvariantCulture, $"{alarm.Count} times, the last at {alarm.LastAt:u}: ")
            + $"{string.Join(" ", alarm.Texts)} {alarm.Next}"
            + (alarm.Kind == "EventsLost" ? $" {Saved(patient, service)}" : "");

    private static string Mend(Patient patient, RegionStatus region, ServiceView? service, string kind) => kind switch
    {
        "OwnEventBeyondSeen" or "Superseded" or "Fork" or "EventsMended" or "StatesDiffer" => patient.Pelago("verify"),
        "RowsDamaged" => DamageChecks.SetAside(patient, region.Name, service),
        "ClockOff" => "timedatectl status",
        "JournalFailed" => $"df -h {patient.World.Directory.Root}",
        _ => DamageChecks.Mend(patient, region, service, ""),
    };

    /// <summary>Journals of that service that somebody has set aside: what no running region has may be in one of
    /// them.</summary>
    private static string Saved(Patient patient, ServiceView? service)
    {
        var saved = patient.World.World.Regions.Select(r => patient.World.Directory.RegionHome(r.Name))
            .Select(home => service is null ? home : Path.Combine(home, "services", service.Project, service.Name))
            .Where(Directory.Exists)
            .SelectMany(home => Directory.EnumerateDirectories(home, "journal.*"))
            .Order(StringComparer.Ordinal).ToList();
        return saved.Count == 0 ? "This world has no journal of it that was set aside: a backup may have them."
            : $"Set aside: {string.Join(", ", saved.Take(MaxNamed).Select(s => $"'{s}'"))}"
                + (saved.Count > MaxNamed ? ", …" : "") + ".";
    }

    private static string Name(ServiceView? service)
        => service is null ? "the region itself" : $"{service.Project}/{service.Name}";
}
