using System.Globalization;
using Pelago.Client;

namespace Pelago.Cli;

/// <summary>What the roles find out about themselves: clocks, the disk beneath each journal, certificates, trust,
/// whether the peers let each other in, and which program each of them runs.</summary>
internal static class RoleChecks
{
    /// <summary>Clocks further apart than this make time stamps misleading.</summary>
    public static readonly TimeSpan NoticeableSkew = TimeSpan.FromSeconds(1);

    /// <summary>Clocks further apart than this make certificates be refused.</summary>
    public static readonly TimeSpan HarmfulSkew = TimeSpan.FromMinutes(1);

    /// <summary>Certificates renew at two thirds of their life; with less than this left, renewal has failed for
    /// long.</summary>
    public const double OverdueFraction = 0.25;

    /// <summary>A disk that takes longer than this is worth a look.</summary>
    public static readonly TimeSpan SlowFlush = TimeSpan.FromMilliseconds(50);

    public static IEnumerable<Finding> Of(Patient patient, DateTimeOffset now)
    {
        foreach (var asked in patient.Regions)
        {
            var region = asked.Answer;
            yield return Clock($"clock of {region.Region}", asked.SkewOf(region.Now));
            yield return Journal(patient, region);
            yield return Certificates(patient, region.Region, region.Certificates, now);
            foreach (var peer in region.Peers)
                yield return Reach(patient, region.Region, peer);
        }
        if (patient.Federation is { } federation)
        {
            yield return Clock("clock of federation", federation.SkewOf(federation.Answer.Now));
            yield return Certificates(patient, "federation", federation.Answer.Certificates, now);
            yield return Trust(patient, federation.Answer);
        }
        yield return Versions(patient);
    }

    private static Finding Clock(string check, TimeSpan skew)
    {
        var detail = string.Create(CultureInfo.InvariantCulture,
            $"off by {skew.TotalMilliseconds:+0;-0;0} ms from this machine's");
        const string mend = "timedatectl set-ntp true";
        return skew.Duration() < HarmfulSkew ? Finding.Notice(check, skew.Duration() < NoticeableSkew, detail, mend)
            : Finding.Of(check, false, detail, mend);
    }

    private static Finding Journal(Patient patient, RegionDiagnosis region)
    {
        var check = $"journal fsync of {region.Region}";
        if (region.JournalFlushMs is not { } taken)
            return Finding.Of(check, false, region.JournalTrouble ?? "", $"df -h {patient.World.Directory.Root}");
        return Finding.Notice(check, taken < SlowFlush.TotalMilliseconds,
            string.Create(CultureInfo.InvariantCulture, $"{taken:0.00} ms for 4 KiB, {region.JournalEngine}"),
            "pelago up --data DIR, on a faster disk");
    }

    private static Finding Certificates(
        Patient patient, string role, IReadOnlyList<CertificateView> certificates, DateTimeOffset now)
    {
        var check = $"certificates of {role}";
        var mend = patient.Pelago($"logs {role}");
        var next = certificates.MinBy(c => c.NotAfter)!;
        if (next.NotAfter <= now)
            return Finding.Of(check, false, $"that of {next.What} ended at {next.NotAfter:u}", mend);
        var overdue = certificates.Where(c => c.NotAfter - now < (c.NotAfter - c.NotBefore) * OverdueFraction).ToList();
        return Finding.Notice(check, overdue.Count == 0,
            string.Create(CultureInfo.InvariantCulture, $"{certificates.Count} valid; the first to end, that of "
                + $"{next.What}, has another {(next.NotAfter - now).TotalHours:0.0} h")
            + (overdue.Count == 0 ? "" : $"; not renewed in time: {string.Join(", ", overdue.Select(c => c.What))}"),
            mend);
    }

    private static Finding Reach(Patient patient, string from, PeerReach peer)
    {
        var stopped = patient.Status.Regions.Any(r => r.Name == peer.Peer && r.State == States.Stopped);
        return Finding.Of($"{from} reaches {peer.Peer}", peer.Reachable,
            peer.Reachable ? string.Create(CultureInfo.InvariantCulture, $"in {peer.Milliseconds:0} ms") : peer.Detail,
            patient.Pelago(stopped ? $"regions start {peer.Peer}" : $"wan heal {from} {peer.Peer}"));
    }

    private static Finding Trust(Patient patient, FederationDiagnosis federation)
    {
        var late = patient.Regions.Where(r => r.Answer.TrustSha256 != federation.TrustSha256)
            .Select(r => r.Answer.Region).ToList();
        return Finding.Of("trust bundle", late.Count == 0,
            late.Count == 0 ? $"epoch {federation.TrustEpoch}, the same everywhere"
                : $"epoch {federation.TrustEpoch} is not in use in {string.Join(", ", late)}",
            patient.Pelago($"logs {(late.Count == 0 ? "federation" : late[0])}"));
    }

    private static Finding Versions(Patient patient)
    {
        var mine = BuildIdentity.Current;
        var roles = patient.Regions.Select(r => (r.Answer.Region, r.Answer.Program)).ToList();
        if (patient.Federation is { } federation)
            roles.Add((RoleNames.Federation, federation.Answer.Program));
        foreach (var (name, pid) in new[]
        {
            (RoleNames.Supervisor, patient.Status.Supervisor.Pid), (RoleNames.Wan, patient.Status.Wan.Pid),
        })
        {
            if (pid is { } known && RoleProcesses.ProgramOf(known) is { } program)
                roles.Add((name, program));
        }
        var others = roles.Where(role => role.Program != mine).Select(role => $"{role.Region} runs {role.Program}")
            .ToList();
        var services = patient.Regions.SelectMany(r => r.Answer.Instances
                .Where(i => i.Version is not null && i.Version != mine.Version)
                .Select(i => $"{i.Service} in {r.Answer.Region} is made with {i.Version}")).ToList();
        return Finding.Notice("versions", others.Count + services.Count == 0,
            others.Count + services.Count == 0 ? $"{mine} everywhere"
                : $"this command is {mine}; {string.Join("; ", others.Concat(services))}",
            others.Count > 0 ? $"{patient.Pelago("down")} && {patient.Pelago("up")}" : patient.Pelago("deploy DIR"));
    }
}
