using System.Security.Cryptography;
using Pelago.Client;
using Pelago.Model;
using Pelago.Region;

namespace Pelago.Tests.Unit;

/// <summary>Regions in this process, each with a home of its own, joined through their real ingresses.</summary>
internal sealed class LocalRegion : IAsyncDisposable
{
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    private LocalRegion(LocalFederation federation, RegionConfig config, string home)
        => (Federation, Config, Home) = (federation, config, home);

    public LocalFederation Federation { get; }

    public RegionConfig Config { get; }

    public string Home { get; }

    public static async Task<IReadOnlyList<LocalRegion>> StartAsync(LocalFederation federation)
    {
        var names = federation.Config.Regions.Select(r => r.Name).ToArray();
        var ports = names.ToDictionary(n => n, _ => LocalFederation.FreePort());
        var root = Path.GetDirectoryName(federation.Home)!;
        var regions = new List<LocalRegion>();
        foreach (var enrolment in federation.Config.Regions)
        {
            var home = Path.Combine(root, "regions", enrolment.Name);
            PrivateFile.CreateDirectory(home);
            var config = new RegionConfig("local", enrolment.Name, enrolment.AppsHostname, enrolment.PlatformHostname,
                LocalFederation.FreePort(), ports[enrolment.Name], LocalFederation.FreePort(),
                    LocalFederation.FreePort(),
                RandomNumberGenerator.GetInt32(20000, 28000), 60, federation.Address.ToString().TrimEnd('/'),
                Endpoint.Loopback(federation.Config.ManagementApiPort), enrolment.TokenFile,
                    federation.Config.AdminTokenSha256,
                [.. federation.Config.Regions.Where(r => r.Name != enrolment.Name).Select(r => new PeerRegion(
                    r.Name, r.AppsHostname, r.PlatformHostname, ports[r.Name], Endpoint.Loopback(ports[r.Name])))])
            {
                GuardDirectory = Path.Combine(root, "guards", enrolment.Name),
            };
            PrivateFile.WriteJson(Path.Combine(home, "config.json"), config);
            regions.Add(new LocalRegion(federation, config, home));
        }
        await Task.WhenAll(regions.Select(r => r.StartAsync()));
        return regions;
    }

    /// <summary>Starts a region that is to be added to a group that runs: the federation plane is told of it, and the
    /// others where it is.</summary>
    public static async Task<LocalRegion> StartNewAsync(
        LocalFederation federation, IReadOnlyList<LocalRegion> others, string name)
    {
        var root = Path.GetDirectoryName(federation.Home)!;
        var (home, ports) = (Path.Combine(root, "regions", name), Enumerable.Range(0, 4).Select(
            _ => LocalFederation.FreePort()).ToArray());
        PrivateFile.CreateDirectory(home);
        var enrolment = new RegionEnrolment(name, $"{name}.apps.pelago.localhost", $"{name}.platform.pelago.localhost",
            Path.Combine(root, "tickets", name + ".json"));
        await federation.StopAsync();
        PrivateFile.WriteJson(Path.Combine(federation.Home, "config.json"), federation.Config with
        {
            Regions = [.. federation.Config.Regions.Where(r => r.Name != name), enrolment],
        });
        await federation.StartAsync();
        var config = others[0].Config with
        {
            Region = name, AppsHostname = enrolment.AppsHostname, PlatformHostname = enrolment.PlatformHostname,
            ExecutionApiPort = ports[0], IngressPort = ports[1], PublicPort = ports[2], RemotingPort = ports[3],
            FirstInstancePort = RandomNumberGenerator.GetInt32(20000, 28000),
            EnrolmentTicketFile = enrolment.TokenFile, Joins = true,
            GuardDirectory = Path.Combine(root, "guards", name),
            Peers = [.. others.Select(o => o.AsPeer())],
        };
        PrivateFile.WriteJson(Path.Combine(home, "config.json"), config);
        var added = new LocalRegion(federation, config, home);
        foreach (var other in others)
            PrivateFile.WriteJson(Path.Combine(other.Home, "config.json"), other.Config with
            {
                Peers = [.. other.Config.Peers, added.AsPeer()],
            });
        await added.StartAsync();
        return added;
    }

    public async Task StartAsync()
    {
        _stop = new CancellationTokenSource();
        _running = Task.Run(() => RegionHost.RunAsync(Home, _stop.Token), CancellationToken.None);
        await Eventually.BeTrue(async () =>
        {
            if (_running.IsFaulted)
                await _running;
            return await IsServingAsync();
        }, $"{Config.Region} is ready");
    }

    public RegionClient Client(string? token = LocalFederation.AdminToken)
        => new(ApiAddress.FromFiles($"https://api.{Config.PlatformHostname}:{Config.ExecutionApiPort}",
            Federation.BundleFile, null)
            with { Token = token }, TimeProvider.System);

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    /// <summary>Stops the region and ends its instances, as whoever takes a whole region away does.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_running.IsCompleted)
            await StopAsync();
        foreach (var instance in PrivateFile.ReadJson<InstancesFile>(Path.Combine(Home,
            InstancesFile.FileName))?.Instances ?? [])
            new ProcessIdentity(instance.Pid, instance.StartTime).Kill();
    }

    private PeerRegion AsPeer() => new(Config.Region, Config.AppsHostname, Config.PlatformHostname,
        Config.IngressPort, Endpoint.Loopback(Config.IngressPort));

    private async Task<bool> IsServingAsync()
    {
        try
        {
            using var client = Client();
            await client.GetStatusAsync(TestContext.Current.CancellationToken);
            return true;
        }
        catch (PelagoException)
        {
            return false;
        }
    }
}
