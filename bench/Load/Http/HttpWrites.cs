using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Pelago.Bench.Load;

/// <summary>P3: writes a second over HTTP to a bookstore that runs alone, beside an empty JSON endpoint; both in
/// processes of their own, driven by the same generator.</summary>
public static class HttpWrites
{
    private const int Rounds = 3;

    /// <summary>Runs reference and product in turn.</summary>
    public static async Task RunAsync(Report report, CancellationToken cancellationToken)
    {
        var bookstore = Path.Combine(AppContext.BaseDirectory, "bookstore.dll");
        if (!File.Exists(bookstore))
            throw new FileNotFoundException("P3 needs the bookstore beside it; build bench/Load.", bookstore);
        var (empty, rates, p99) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 1; round <= Rounds; round++)
        {
            var self = Path.Combine(AppContext.BaseDirectory, "Pelago.Bench.Load.dll");
            empty.Add((await DriveAsync(url => [self, "reference-server", url], cancellationToken)).Rate);
            var product = await DriveAsync(_ => [bookstore], cancellationToken);
            rates.Add(product.Rate);
            p99.Add(product.P99);
            Report.Progress($"P3 round {round}: {rates[^1]:N0} writes/s; empty endpoint {empty[^1]:N0} requests/s");
        }
        report.Add("P3", "bookstore cart writes over HTTP to the instance", Report.Median(rates), "writes/s", Rounds,
            Report.Median(empty), "empty Kestrel JSON endpoint");
        report.Add("P3", $"answer p99, {CartLoad.Connections} connections", Report.Median(p99), "ms", Rounds);
    }

    private static async Task<(double Rate, double P99)> DriveAsync(
        Func<string, string[]> command, CancellationToken cancellationToken)
    {
        var port = FreePort();
        var url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");
        var directory = Directory.CreateTempSubdirectory("pelago-bench-").FullName;
        using var server = Process.Start(StartInfo(command(url), url, directory))!;
        try
        {
            var target = new Uri(url);
            await WaitForAsync(target, cancellationToken);
            return await CartLoad.RunAsync(target, tls: null, cancellationToken);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync(CancellationToken.None);
            Directory.Delete(directory, recursive: true);
        }
    }

    private static ProcessStartInfo StartInfo(string[] command, string url, string directory)
    {
        var start = new ProcessStartInfo("dotnet", command)
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        // Not under the content root, which the host's configuration watches for changes.
        start.Environment["Pelago__DataDirectory"] = directory;
        start.Environment["ASPNETCORE_URLS"] = url;
        start.Environment["Logging__LogLevel__Default"] = "Error";
        return start;
    }

    private static async Task WaitForAsync(Uri target, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await pace.WaitForNextTickAsync(limit.Token))
        {
            try
            {
                using var client = new RawHttpClient(target);
                await client.ConnectAsync(limit.Token);
                await client.SendAsync(client.Request("/carts/0/items", """{"sku":"a","quantity":1}"""),
                    limit.Token);
                return;
            }
            catch (Exception error) when (error is SocketException or IOException)
            {
                // Not yet.
            }
        }
    }

    private static int FreePort()
    {
        using var probe = new Socket(SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }
}
