using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace Pelago.Bench.Load;

/// <summary>A whole local world, started by the command from this checkout in a directory of its own, and taken down
/// afterwards.</summary>
public sealed class BenchWorld : IAsyncDisposable
{
    private const int PortBase = 17_400;

    private readonly string pelago;
    private readonly string data = Directory.CreateTempSubdirectory("pelago-bench-").FullName;
    private JsonElement status;

    private BenchWorld(string pelago) => this.pelago = pelago;

    /// <summary>Seconds from the command's start to its end: every role and service ready.</summary>
    public double ReadySeconds { get; private set; }

    /// <summary>Builds what is stale, then starts a world and measures how long that takes.</summary>
    public static async Task<BenchWorld> StartAsync(CancellationToken cancellationToken)
    {
        var world = new BenchWorld(FindCommand());
        try
        {
            await world.RunAsync(["version"], cancellationToken);
            var started = Stopwatch.GetTimestamp();
            await world.RunAsync(
                ["up", "--data", world.data, "--port-base", PortBase.ToString(CultureInfo.InvariantCulture)],
                cancellationToken);
            world.ReadySeconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            var text = await world.RunAsync(["status", "--data", world.data, "-o", "json"], cancellationToken);
            using var document = JsonDocument.Parse(text);
            world.status = document.RootElement.Clone();
            return world;
        }
        catch
        {
            await world.DisposeAsync().AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    /// <summary>Memory of all processes in MiB, each shared page counted once (the sum of their proportional
    /// shares).</summary>
    public double MemoryMebibytes() => ProcessIds(status).Distinct().Sum(ShareKibibytes) / 1024.0;

    /// <summary>How many processes the world has.</summary>
    public int Processes => ProcessIds(status).Distinct().Count();

    /// <summary>Address of the bookstore in a region: through the region's public ingress.</summary>
    public Uri Public(string region) => new(Bookstore(region).GetProperty("url").GetString()!);

    /// <summary>Address of the bookstore's instance in a region, without the ingress.</summary>
    public Uri Instance(string region)
        => new(Bookstore(region).GetProperty("instances")[0].GetProperty("url").GetString()!);

    /// <summary>How a client verifies the region's public listener: by the group's roots and the name.</summary>
    public SslClientAuthenticationOptions Tls(string region)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.ImportFromPemFile(status.GetProperty("trustBundle").GetString()!);
        return new SslClientAuthenticationOptions
        {
            TargetHost = Public(region).Host, CertificateChainPolicy = policy,
        };
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await RunAsync(["down", "--data", data], CancellationToken.None);
        Directory.Delete(data, recursive: true);
    }

    private JsonElement Bookstore(string region) => status.GetProperty("regions").EnumerateArray()
        .Single(r => r.GetProperty("name").GetString() == region).GetProperty("services").EnumerateArray()
        .Single(s => s.GetProperty("name").GetString() == "bookstore");

    private static IEnumerable<int> ProcessIds(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(p
            => p.NameEquals("pid") && p.Value.ValueKind == JsonValueKind.Number
                ? [p.Value.GetInt32()] : ProcessIds(p.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(ProcessIds),
        _ => [],
    };

    private static long ShareKibibytes(int pid)
    {
        var line = File.ReadLines($"/proc/{pid}/smaps_rollup")
            .First(l => l.StartsWith("Pss:", StringComparison.Ordinal));
        return long.Parse(line.AsSpan(4, line.Length - 6).Trim(), CultureInfo.InvariantCulture);
    }

    private static string FindCommand()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Pelago.slnx")))
                return Path.Combine(at.FullName, "pelago");
        }
        throw new InvalidOperationException("The benchmark does not lie in a source checkout of Pelago.");
    }

    private async Task<string> RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        using var process = Process.Start(
            new ProcessStartInfo(pelago, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        var text = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 ? text : throw new InvalidOperationException(
            $"pelago {arguments[0]} ended with {process.ExitCode}: {await errors}");
    }
}
