using Pelago.Cli;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Tests.EndToEnd;

public sealed class ProcessSearchTests : IDisposable
{
    private const string Marker = "PELAGO_TEST_MARKER";

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("pelago-search-");
    private readonly List<ProcessIdentity> _started = [];

    public void Dispose()
    {
        _started.ForEach(process => process.Kill());
        _home.Delete(recursive: true);
    }

    [Fact]
    public async Task WithEnvironment_ProcessAndItsChild_FindsTheLeaderOnly()
    {
        var leader = Start("sleep 600 & wait", Marker, _home.Name);
        await Eventually.BeTrue(() => Children(leader.Pid) > 0, "the child");
        ProcessSearch.WithEnvironment(Marker, value => value == _home.Name).ShouldBe([leader]);
        ProcessSearch.WithEnvironment(Marker, value => value == "other").ShouldBeEmpty();
    }

    [Fact]
    public async Task RegionTakenAway_InstanceThatWasNotWrittenDown_GoesWithIt()
    {
        const string service = "/services/demo/shop";
        var stray = Start("exec sleep 600", InstanceEnvironment.Home, _home.FullName + service);
        var other = Start("exec sleep 600", InstanceEnvironment.Home, _home.FullName + "-other" + service);

        await RegionProcesses.StopAsync(default, new RoleSpec("region/here", [], _home.FullName), kill: true,
            TimeProvider.System, TestContext.Current.CancellationToken);

        stray.IsAlive.ShouldBeFalse();
        other.IsAlive.ShouldBeTrue("it is of another region");
    }

    [Fact]
    public async Task Kill_PidThatIsSomebodyElsesByNow_HitsNobody()
    {
        var process = Start("exec sleep 600", Marker, "x");
        var earlier = process with { StartTime = process.StartTime - 1 };
        earlier.Kill();
        earlier.Terminate();
        await earlier.StopAsync(TimeSpan.Zero, TimeProvider.System, TestContext.Current.CancellationToken);
        default(ProcessIdentity).Kill(); // pid 0 would be this test's own group
        new ProcessIdentity(-1, 0).Kill(); // and this one every process of the user
        process.IsAlive.ShouldBeTrue();

        process.Kill();
        await Eventually.BeTrue(() => !process.IsAlive, "its end");
        ProcessEnds.Take(process.Pid).ShouldBe(new ProcessEnd(0, 9));
    }

    [Fact]
    public async Task End_ByItself_TellsTheExitCode()
    {
        var process = Start("exit 3", Marker, "x");
        await Eventually.BeTrue(() => !process.IsAlive, "its end");
        ProcessEnds.Take(process.Pid)?.ToString().ShouldBe("exit code 3");
    }

    [Fact]
    public async Task End_NobodyHasWaitedForYet_IsKnownToWhoeverSawThatItEnded()
    {
        var process = Start("exec sleep 600", Marker, "x");
        process.Kill();
        var stat = $"/proc/{process.Pid}/stat";
        // Read as the product reads it, but for the wait before: it ends between the two.
        await Eventually.BeTrue(() => ProcessIdentity.Parse(process.Pid, File.ReadAllText(stat)) is null, "its end");
        ProcessEnds.Take(process.Pid).ShouldBe(new ProcessEnd(0, 9));
        File.Exists(stat).ShouldBeFalse("it has been waited for");
    }

    private ProcessIdentity Start(string command, string variable, string value)
    {
        var process = DetachedProcess.Start(new ProcessSpec(
            "/bin/sh", ["-c", command], Path.Combine(_home.FullName, "out.log"))
        {
            Environment = new Dictionary<string, string?> { [variable] = value },
        });
        _started.Add(process);
        return process;
    }

    private static int Children(int pid)
        => Directory.EnumerateDirectories("/proc").Count(directory =>
        {
            try
            {
                return int.TryParse(Path.GetFileName(directory), out _)
                    && File.ReadAllText(Path.Combine(directory, "stat")).Split(')')[^1].Split(' ')[2] == $"{pid}";
            }
            catch (IOException)
            {
                return false;
            }
        });
}
