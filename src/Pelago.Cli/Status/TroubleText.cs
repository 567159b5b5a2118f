using System.Globalization;
using Pelago.Client;

namespace Pelago.Cli;

/// <summary>What is wrong in a world, below its tables: sentences, which no column has room for.</summary>
internal static class TroubleText
{
    public static IEnumerable<string> Of(StatusDocument status) => status.Servers
        .Where(server => server.Trouble is not null)
        .Select(server => $"{server.Region}: PostgreSQL: {server.Trouble}").Concat(status.Regions.SelectMany(Of));

    private static IEnumerable<string> Of(RegionStatus region)
    {
        if (region.Trouble is { } trouble)
            yield return $"{region.Name}: {trouble}{Restarts(region)}";
        foreach (var line in Parked(region.Name, "its own", region.Parked).Concat(
            Alarms(region.Name, "its own", region.Alarms)))
            yield return line;
        foreach (var service in region.Services)
        {
            var name = $"{service.Project}/{service.Name}";
            if (service.Trouble is { } said)
                yield return $"{region.Name}: {name}: {said}{Restarts(service.Restarts)}";
            else if (service is { Restarts: not null, Message: { } message })
                yield return $"{region.Name}: {name}: {message}{Restarts(service.Restarts)}";
            foreach (var line in Parked(region.Name, name, service.Parked).Concat(
                Alarms(region.Name, name, service.Alarms)))
                yield return line;
        }
    }

    private static string Restarts(RestartView? restarts) => restarts is null ? ""
        : string.Create(CultureInfo.InvariantCulture,
            $" (ended {restarts.Ends} times in a row; next start not before {restarts.NextStart:HH:mm:ss}Z)");

    private static string Restarts(RegionStatus region) => region.State != States.Failing ? ""
        : string.Create(CultureInfo.InvariantCulture, $" (started again {region.Restarts} times, with pauses of up to ")
            + string.Create(CultureInfo.InvariantCulture, $"{Backoff.LongestPause.TotalSeconds:0} s)");

    private static IEnumerable<string> Parked(string region, string whose, ParkedView parked)
    {
        if (parked.Count == 0)
            yield break;
        yield return string.Create(CultureInfo.InvariantCulture, $"{region}: {whose}: {parked.Count} parked");
        foreach (var entity in parked.First)
            yield return $"  {entity.Type}/{entity.Id}  {entity.Code}: {entity.Reason} {entity.Next}".TrimEnd();
        if (parked.Count > parked.First.Count)
            yield return string.Create(CultureInfo.InvariantCulture, $"  and {parked.Count - parked.First.Count} more");
    }

    private static IEnumerable<string> Alarms(string region, string whose, IReadOnlyList<AlarmView> alarms)
        => alarms.Where(a => a.Next.Length > 0).Select(a => string.Create(CultureInfo.InvariantCulture,
            $"{region}: {whose}: alarm {a.Kind}, {a.Count} since it started, the last at {a.LastAt:u}: ")
            + $"{string.Join(" ", a.Texts.Take(1))} {a.Next}");
}
