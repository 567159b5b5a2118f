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
