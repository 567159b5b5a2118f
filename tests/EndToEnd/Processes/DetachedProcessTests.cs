using System.Globalization;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Tests.EndToEnd;

public sealed class DetachedProcessTests : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("pelago-process-");

    private string Output => Path.Combine(_home.FullName, "out.log");

    public void Dispose() => _home.Delete(recursive: true);

    [Fact]
    public async Task Start_Program_RunsInItsOwnSessionWithStreamsOnFiles()
    {
        var process = Shell("echo out; echo err >&2; read line || echo no-input; ls /proc/$$/fd; exec sleep 600");
        try
        {
            await Eventually.BeTrue(() => Lines().Length >= 6, "the shell's output");
            Lines()[..3].ShouldBe(["out", "err", "no-input"]);
            Lines()[3..].Select(l => int.Parse(l, CultureInfo.InvariantCulture)).Where(d => d < 10)
                .ShouldBe([0, 1, 2], "no descriptor of the starter");
            var stat = (await File.ReadAllTextAsync(
                $"/proc/{process.Pid}/stat", TestContext.Current.CancellationToken)).Split(')')[^1].Split(' ');
            stat[4].ShouldBe(process.Pid.ToString(CultureInfo.InvariantCulture), "leader of its own session");
            File.GetUnixFileMode(Output).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact]
    public async Task Start_StandardInput_IsReadThenEnds()
    {
        Shell("read a; echo got $a; read b || echo end", input: "token\n"u8.ToArray());
        await Eventually.BeTrue(() => Lines().Length == 2, "both lines");
        Lines().ShouldBe(["got token", "end"]);
    }

    [Fact]
    public async Task Start_Environment_SetsAndRemoves()
    {
        DetachedProcess.Start(new ProcessSpec("/bin/sh", ["-c", "echo $WANTED-${HOME-gone}; pwd"], Output)
        {
            Environment = new Dictionary<string, string?> { ["WANTED"] = "yes", ["HOME"] = null },
            WorkingDirectory = _home.FullName,
        });
        await Eventually.BeTrue(() => Lines().Length == 2, "both lines");
        Lines().ShouldBe(["yes-gone", _home.FullName]);
    }

    [Fact]
    public void Start_NoSuchProgram_IsRefusedWithCode()
    {
        var refused = Should.Throw<PelagoException>(
            () => DetachedProcess.Start(new ProcessSpec("/no/such/program", [], Output)));
        refused.Failure.Error.ShouldBe(ErrorCodes.ProcessNotStarted);
    }

    [Fact]
    public async Task StopAsync_ProcessThatIgnoresSigterm_IsKilledAfterGrace()
    {
        var process = Shell("trap '' TERM; echo ready; while :; do sleep 1; done");
        await Eventually.BeTrue(() => Lines().Length == 1, "the trap");
        await process.StopAsync(TimeSpan.Zero, TimeProvider.System, TestContext.Current.CancellationToken);
        process.IsAlive.ShouldBeFalse();
    }

    [Fact]
    public async Task IsAlive_ChildThatEnded_IsFalseThoughNobodyWaited()
    {
        var process = Shell("exit 3");
        await Eventually.BeTrue(() => !process.IsAlive, "the end of the child");
    }

    private ProcessIdentity Shell(string script, byte[]? input = null)
        => DetachedProcess.Start(new ProcessSpec("/bin/sh", ["-c", script], Output) { StandardInput = input });

    private string[] Lines() => File.Exists(Output) ? File.ReadAllLines(Output) : [];
}
