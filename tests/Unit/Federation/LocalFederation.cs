using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using Pelago.Client;
using Pelago.Federation;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Tests.Unit;

/// <summary>A federation plane in this process, with a home of its own and real TLS.</summary>
internal sealed class LocalFederation : IAsyncDisposable
{
    public const string AdminToken = "plg_test_administrator";

    private static int lastPort = RandomNumberGenerator.GetInt32(10_000);

    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    private LocalFederation(string home, FederationConfig config) => (Home, Config) = (home, config);

    public string Home { get; }

    public FederationConfig Config { get; }

    public Uri Address => new($"https://api.{Config.PlatformHostname}:{Config.ManagementApiPort}");

    public string BundleFile => Path.Combine(Home, "bundle.pem");

    /// <summary>Clock of its certificates.</summary>
    public TimeProvider Clock { get; private init; } = TimeProvider.System;

    public static Task<LocalFederation> StartAsync(params string[] regions)
        => StartAsync(TimeProvider.System, regions);

    public static async Task<LocalFederation> StartAsync(TimeProvider clock, params string[] regions)
    {
        var root = Directory.CreateTempSubdirectory("fed-").FullName;
        var home = Path.Combine(root, "federation");
        PrivateFile.CreateDirectory(home);
        var config = new FederationConfig("local", "federation.pelago.localhost", "apps.federation.pelago.localhost",
            FreePort(),
            Api.BearerToken.Hash(AdminToken),
            [.. regions.Select(r => new RegionEnrolment(
                r, $"{r}.apps.pelago.localhost", $"{r}.platform.pelago.localhost",
                    Path.Combine(root, "tickets", r + ".json")))]);
        PrivateFile.WriteJson(Path.Combine(home, "config.json"), config);
        var federation = new LocalFederation(home, config) { Clock = clock };
        await federation.StartAsync();
        return federation;
    }

    public async Task StartAsync()
    {
        _stop = new CancellationTokenSource();
        _running = FederationHost.RunAsync(Home, new Lifetimes(), Clock, _stop.Token);
        await Eventually.BeTrue(async () =>
        {
            if (_running.IsFaulted)
                await _running;
            return File.Exists(BundleFile) && await IsReadyAsync();
        }, "the federation plane is ready");
    }

    public async Task StopAsync()
    {
        if (_running.IsCompleted)
            return; // a test that fails while the plane is down is to fail with what it found
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    public EnrolmentTicket Ticket(string region)
        => PrivateFile.ReadJson<EnrolmentTicket>(Config.Regions.Single(r => r.Name == region).TokenFile)!;

    public FederationClient Client(string? token = AdminToken)
        => new(ApiAddress.FromFiles(Address.ToString(), BundleFile, null) with { Token = token });

    /// <summary>Sends a message as a region would, to the server that the ticket names.</summary>
    public async Task<HttpResponseMessage> PostAsync<T>(string path, T body, string pin)
    {
        using var http = new HttpClient(PinnedServer.CreateHandler(pin, null)) { BaseAddress = Address };
        return await http.PostAsJsonAsync(path, body, TestContext.Current.CancellationToken);
    }

    /// <summary>A port for a listener that is opened later. Below those that systems give to outgoing connections, and
    /// never the same one twice in a run, so that nothing takes it meanwhile.</summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = 10_000 + (Interlocked.Increment(ref lastPort) % 10_000);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody else has it.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(Path.GetDirectoryName(Home)!, recursive: true);
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var client = Client();
            await client.CheckReadyAsync(TestContext.Current.CancellationToken);
            return true;
        }
        catch (PelagoException)
        {
            return false;
        }
    }
}
