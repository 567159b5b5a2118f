using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Pelago.Bench.Load;

/// <summary>P17: inputs that the kernel takes a second and core in the simulator's default run, with the network, disks
/// and oracles around it, and how many of its rarer moments the run comes to at least a hundred times. Builds and runs
/// <c>tests/Simulation</c>.</summary>
public static partial class SwarmSpeed
{
    private const string Project = "tests/Simulation";
    private const int Often = 100;

    /// <summary>Runs and reports.</summary>
    public static async Task RunAsync(Report report, CancellationToken cancellationToken)
    {
        await DotnetAsync(["build", Project, "-c", "Release", "-v", "q", "-nologo"], cancellationToken);
        var text = await DotnetAsync(
            [$"{Project}/bin/Release/net10.0/Pelago.Tests.Simulation.dll", "-noColor", "-showLiveOutput",
                "-method", "*.SwarmTests.Swarm_AnySeed_KeepsAllInvariants"], cancellationToken);
        var threads = Math.Min(2, Environment.ProcessorCount);
        var run = Speed().Match(text);
        var probes = Probes().Match(text).Groups["list"].Value.Split(", ")
            .Select(p => long.Parse(p.Split(' ')[1], CultureInfo.InvariantCulture)).ToArray();
        var seeds = Number(run, "seeds");
        report.Add("P17", $"inputs of the kernel in the simulator, {seeds} seeds, a core",
            Number(run, "rate") / threads, "inputs/s", Number(run, "inputs"));
        report.Add("P17", $"rarer moments that these seeds come to {Often} times or more, of {probes.Length}",
            probes.Count(p => p >= Often), "moments", seeds);
    }

    private static long Number(Match match, string group)
        => long.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    private static async Task<string> DotnetAsync(string[] arguments, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true })!;
        var text = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 ? text
            : throw new InvalidOperationException($"dotnet {arguments[0]} ended with {process.ExitCode}: {text}");
    }

    [GeneratedRegex(@"(?<seeds>\d+) seeds, (?<inputs>\d+) inputs \((?<rate>\d+)/s\)")]
    private static partial Regex Speed();

    [GeneratedRegex(@"probes: (?<list>\w+ \d+(, \w+ \d+)*)")]
    private static partial Regex Probes();
}
