using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pelago.Client;
using Pelago.Drills;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Looks at everything that makes a world ill: its files, its processes, the disk beneath its journals, the
/// certificates that it serves, its cut links and its replication.</summary>
internal static class Examination
{
    private static readonly TimeSpan SlowFlush = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan NearEnd = TimeSpan.FromHours(1);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);

    public static async Task<IReadOnlyList<Finding>> RunAsync(
        RunningWorld world, TimeProvider time, CancellationToken cancellationToken)
    {
        var status = await WorldStatus.ReadAsync(world, cancellationToken);
        var findings = new List<Finding>
        {
            Token(world), Processes(status), Restarts(world), Flush(world, time), DiskSpace(world),
        };
        findings.AddRange(status.Regions.Select(Region));
        findings.AddRange(status.Regions.SelectMany(Peers));
        findings.AddRange(await Task.WhenAll(
            Servers(world).Select(server => CertificateAsync(world, server, time, cancellationToken))));
        findings.Add(await LinksAsync(world, cancellationToken));
        return findings;
    }

    private static Finding Token(RunningWorld world)
    {
        var file = world.Directory.AdminTokenFile;
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return Finding.Of("administrator's token", File.Exists(file) && File.GetUnixFileMode(file) == owner,
            $"{file} is only for its owner (0600)", $"chmod 600 {file}");
    }

    private static Finding Processes(StatusDocument status)
    {
        List<string> down = [];
        if (status.Supervisor.Pid is null)
            down.Add(RoleNames.Supervisor);
        if (status.Wan.Pid is null)
            down.Add(RoleNames.Wan);
        if (status.Federation.Pid is null)
            down.Add(RoleNames.Federation);
        down.AddRange(status.Regions.Where(r => r.Pid is null).Select(r => RoleNames.Region(r.Name)));
        return Finding.Of("processes", down.Count == 0,
            down.Count == 0 ? "all roles run" : $"down: {string.Join(", ", down)}", "pelago up");
    }

    private static Finding Restarts(RunningWorld world)
    {
        var restless = world.Roles().Values.Where(role => role.Restarts > 0).ToList();
        return restless.Count == 0
            ? new Finding("restarts", Finding.Good, "none", "")
            : new Finding("restarts", Finding.Warning,
                string.Join(", ", restless.Select(role => $"{role.Name}: {role.Restarts}")),
                $"pelago logs {restless[0].Name.Split('/')[^1]}");
    }

    private static Finding Flush(RunningWorld world, TimeProvider time)
    {
        const int rounds = 5;
        var file = Path.Combine(world.Directory.SupervisorHome, ".flush");
        var taken = new List<TimeSpan>();
        using (var stream = new FileStream(file, FileMode.Create, FileAccess.Write))
        {
            for (var i = 0; i < rounds; i++)
            {
                var started = time.GetTimestamp();
                stream.Write(new byte[4096]);
                stream.Flush(flushToDisk: true);
                taken.Add(time.GetElapsedTime(started));
            }
        }
        File.Delete(file);
        var median = taken.Order().ElementAt(rounds / 2);
        return Finding.Of("journal fsync", median < SlowFlush,
            string.Create(CultureInfo.InvariantCulture,
                $"{median.TotalMilliseconds:0.00} ms for 4 KiB (median of {rounds})"),
            "pelago up --data DIR, on a faster disk");
    }

    private static Finding DiskSpace(RunningWorld world)
    {
        const long least = 512L * 1024 * 1024;
        var free = new DriveInfo(world.Directory.Root).AvailableFreeSpace;
        return Finding.Of("disk space", free >= least, $"{free / (1024 * 1024)} MiB free",
            $"df -h {world.Directory.Root}");
    }

    private static Finding Region(RegionStatus region)
    {
        var ill = region.Services.Where(service => service.State != States.Ready).ToList();
        var detail = ill.Count > 0
            ? string.Join("; ", ill.Select(s
                => $"{s.Project}/{s.Name} is {s.State}{(s.Message is null ? "" : $": {s.Message}")}"))
            : region.Message ?? region.State;
        return Finding.Of($"region {region.Name}", region.State == States.Ready, detail,
            region.State == States.Stopped ? $"pelago regions start {region.Name}" : $"pelago logs {region.Name}");
    }

    private static IEnumerable<Finding> Peers(RegionStatus region)
        => region.Replication.Select(peer => Finding.Of(
            $"{region.Name} follows {peer.Peer}", peer.State == States.Live,
            string.Create(CultureInfo.InvariantCulture,
                $"{peer.State}, lag {peer.LagMs:0.#} ms, {peer.BehindEvents} events behind"),
            "pelago wan show"));

    private static IEnumerable<Uri> Servers(RunningWorld world)
        => world.World.Regions.Select(WorldPlan.ExecutionApi).Prepend(WorldPlan.ManagementApi(world.World))
            .Select(address => new Uri(address));

    private static async Task<Finding> CertificateAsync(
        RunningWorld world, Uri server, TimeProvider time, CancellationToken cancellationToken)
    {
        var check = $"certificate of {server.Host}";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AnswerLimit);
        try
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
            };
            policy.CustomTrustStore.ImportFromPemFile(world.Directory.TrustBundle);
            await using var tls = new SslStream(await NamedConnections.OpenAsync(server.Host, server.Port,
                limit.Token));
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = server.Host, CertificateChainPolicy = policy },
                    limit.Token);
            using var certificate = new X509Certificate2(tls.RemoteCertificate!);
            var left = certificate.NotAfter.ToUniversalTime() - time.GetUtcNow().UtcDateTime;
            return Finding.Of(check, left > NearEnd,
                string.Create(CultureInfo.InvariantCulture, $"valid for another {left.TotalHours:0.0} h"), "pelago up");
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or CryptographicException
            or System.Security.Authentication.AuthenticationException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Finding.Of(check, false, e.Message, "pelago up");
        }
    }

    private static async Task<Finding> LinksAsync(RunningWorld world, CancellationToken cancellationToken)
    {
        try
        {
            using var wan = world.WanControl();
            var report = await wan.GetAsync<WanReport>("v1/wan", cancellationToken);
            var cut = report.Directions.Where(direction => direction.CutSince is not null)
                .Select(direction => $"{direction.From} → {direction.To}").ToList();
            return Finding.Of("links", cut.Count == 0,
                cut.Count == 0 ? $"{report.Links.Count} links, none cut" : $"cut: {string.Join(", ", cut)}",
                    "pelago wan heal");
        }
        catch (PelagoException e)
        {
            return Finding.Of("links", false, e.Failure.Message, "pelago up");
        }
    }
}
