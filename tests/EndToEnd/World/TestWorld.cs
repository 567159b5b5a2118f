using System.Text.Json;
using Pelago.Cli;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Tests.EndToEnd;

/// <summary>A world of its own: a data directory and a port base. Whatever a test does to it, nothing of it
/// stays.</summary>
internal sealed class TestWorld(int portBase) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly DirectoryInfo _root = System.IO.Directory.CreateTempSubdirectory("pelago-e2e-");

    public string Data => _root.FullName;

    public static async Task<TestWorld> UpAsync(int portBase, params string[] arguments)
    {
        var world = new TestWorld(portBase);
        try
        {
            (await world.UpAsync(arguments)).ShouldExitWith(0);
            return world;
        }
        catch
        {
            await world.DisposeAsync(); // what did start must not stay
            throw;
        }
    }

    public Task<CommandResult> UpAsync(params string[] arguments)
        => RunAsync(["up", "--port-base", $"{portBase}", .. arguments]);

    /// <summary>Runs a verb on this world.</summary>
    public Task<CommandResult> RunAsync(params string[] arguments) => Command.RunAsync([.. arguments, "--data", Data]);

    /// <summary>The same in this process: quicker, for what is only looked at.</summary>
    public async Task<CommandResult> LookAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var terminal = new Terminal(output, error, colourOutput: false, colourError: false);
        var code = await CommandLine.RunAsync(
            [.. arguments, "--data", Data], terminal, TimeProvider.System, TestContext.Current.CancellationToken);
        return new CommandResult(code, output.ToString(), error.ToString());
    }

    /// <summary>Runs a verb on this world, and kills it as soon as it has said something.</summary>
    public async Task CutShortAsync(string said, params string[] arguments)
    {
        var heard = new List<string>();
        using var process = Command.Start([.. arguments, "--data", Data]);
        try
        {
            while (await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
            {
                heard.Add(line);
                if (line.Contains(said, StringComparison.Ordinal))
                    return;
            }
            Assert.Fail($"It ended without saying '{said}': {string.Join('\n', heard)}");
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    /// <summary>What <c>status -o json</c> prints.</summary>
    public async Task<StatusDocument> PrintedStatusAsync()
    {
        var result = (await RunAsync("status", "-o", "json")).ShouldExitWith(0);
        return JsonSerializer.Deserialize<StatusDocument>(result.Output, WorldJson.Options)!;
    }

    /// <summary>The same without a process for each look.</summary>
    public Task<StatusDocument> StatusAsync() => WorldStatus.ReadAsync(
        RunningWorld.Open(WorldDirectory.At(Data), TimeProvider.System), TestContext.Current.CancellationToken);

    /// <summary>Waits until the status is as wanted.</summary>
    public async Task<StatusDocument> UntilAsync(Func<StatusDocument, bool> condition, string what)
    {
        StatusDocument? last = null;
        await Eventually.BeTrue(async () => condition(last = await StatusAsync()), what, Patience);
        return last!;
    }

    /// <summary>Waits until everything runs and every region follows every other.</summary>
    public Task<StatusDocument> UntilReadyAsync() => UntilAsync(IsReady, "a world that is ready");

    public static bool IsReady(StatusDocument status)
        => status is { Supervisor.Pid: not null, Wan.Pid: not null, Federation.State: States.Ready }
            && status.Servers.All(server => server.State == States.Ready)
            && status.Regions.All(region => region.State == States.Ready && region.Pid is not null
                && region.Services.All(service => service.State == States.Ready && service.Instances.Count > 0)
                && region.Services.Count > 0
                && region.Replication.All(peer => peer.State == States.Live));

    /// <summary>Every process, by a name.</summary>
    public static IReadOnlyDictionary<string, int> Pids(StatusDocument status)
    {
        var pids = new Dictionary<string, int>
        {
            ["supervisor"] = status.Supervisor.Pid ?? 0,
            ["wan"] = status.Wan.Pid ?? 0,
            ["federation"] = status.Federation.Pid ?? 0,
        };
        foreach (var server in status.Servers)
            pids[$"postgres/{server.Region}"] = server.Pid ?? 0;
        foreach (var region in status.Regions)
        {
            pids[region.Name] = region.Pid ?? 0;
            foreach (var service in region.Services)
                pids[$"{region.Name}/{service.Name}"] = service.Instances.Count > 0 ? service.Instances[0].Pid : 0;
        }
        return pids;
    }

    /// <summary>SIGKILL for a process that the status has just named.</summary>
    public static void Kill(int pid)
    {
        pid.ShouldBeGreaterThan(1);
        ProcessIdentity.Of(pid).ShouldNotBeNull().Kill();
    }

    /// <summary>Living processes that were started for this world, whoever knows of them.</summary>
    public IReadOnlyList<string> Processes()
        => [.. System.IO.Directory.EnumerateDirectories("/proc").Where(IsOfThisWorld).Select(
            Path.GetFileName).OfType<string>()];

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(Data, WorldRecord.FileName)))
            (await RunAsync("down")).ShouldExitWith(0);
        _root.Delete(recursive: true);
    }

    private bool IsOfThisWorld(string process)
    {
        try
        {
            return int.TryParse(Path.GetFileName(process), out var pid)
                && File.ReadAllText(Path.Combine(process, "cmdline")).Contains(Data, StringComparison.Ordinal)
                && ProcessIdentity.Of(pid) is not null;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
