using System.Net;
using System.Net.Sockets;
using Pelago.Model;

namespace Pelago.Tests.EndToEnd;

/// <summary>Starts that cannot work, or are interrupted.</summary>
public sealed class StartTests
{
    private const int PortBase = 22_500;

    [Theory]
    [InlineData("""{ "formatVersion": 99 }""")]
    [InlineData("not json")]
    public async Task Up_DirectoryOfAnotherVersion_IsRefusedAndUntouched(string content)
    {
        await using var world = new TestWorld(PortBase);
        var file = Path.Combine(world.Data, WorldRecord.FileName);
        await File.WriteAllTextAsync(file, content, TestContext.Current.CancellationToken);
        foreach (var verb in new[] { "up", "status", "down" })
        {
            var result = (await world.RunAsync(verb)).ShouldExitWith(5);
            result.Error.ShouldContain("error PLG1102: ");
        }
        (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).ShouldBe(content);
        Directory.GetFileSystemEntries(world.Data).ShouldBe([file]);
        File.Delete(file);
    }

    [Fact]
    public async Task Up_WithoutPermission_IsRefused()
    {
        var result = (await Command.RunAsync("up", "--data", "/proc/pelago")).ShouldExitWith(4);
        result.Error.ShouldContain("error PLG1103: ");
    }

    /// <summary>Root may write everywhere: its rights are laid down first.</summary>
    [Theory]
    [InlineData("up", UnixFileMode.UserRead | UnixFileMode.UserExecute)]
    [InlineData("up", UnixFileMode.None)]
    [InlineData("status", UnixFileMode.None)]
    [InlineData("down", UnixFileMode.None)]
    public async Task AnyVerb_DirectoryThatMayNotBeUsed_IsRefusedAndUntouched(string verb, UnixFileMode mode)
    {
        await using var world = new TestWorld(PortBase);
        File.SetUnixFileMode(world.Data, mode);
        string[] words = [Path.Combine(Command.Root, "pelago"), verb, "--data", world.Data];
        var result = Environment.IsPrivilegedProcess
            ? await Command.RunProgramAsync("setpriv", ["--inh-caps=-all", "--bounding-set=-all", .. words])
            : await Command.RunProgramAsync(words[0], words[1..]);
        File.SetUnixFileMode(
            world.Data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        result.ShouldExitWith(4).Error.ShouldStartWith("error PLG1103: ");
        result.Output.ShouldBeEmpty();
        Directory.GetFileSystemEntries(world.Data).ShouldBeEmpty();
    }

    [Fact]
    public async Task Up_Interrupted_CanBeRepeated()
    {
        await using var world = new TestWorld(PortBase);
        foreach (var (signal, seen) in new[] { (2, "A new world"), (9, "federation"), (2, "bookstore") })
        {
            var (exitCode, said) = await InterruptAsync(world, signal, seen);
            exitCode.ShouldBe(signal == 2 ? 130 : 137, said);
        }
        (await world.UpAsync()).ShouldExitWith(0).Error.ShouldContain(
            $"pelago down --data {world.Data}", customMessage: "the next steps mean this world");
        await world.UntilReadyAsync();
        (await world.RunAsync("down")).ShouldExitWith(0);
        world.Processes().ShouldBeEmpty();
    }

    [Fact]
    public async Task Directory_DeletedUnderARunningWorld_EndsItsProcesses()
    {
        await using var world = await TestWorld.UpAsync(PortBase);
        Directory.Delete(world.Data, recursive: true);
        Directory.CreateDirectory(world.Data); // of the same name, and not the same

        await Eventually.BeTrue(() => world.Processes().Count == 0, "no process of the world");

        (await world.RunAsync("down")).ShouldExitWith(3).Error.ShouldContain("PLG1101");
    }

    [Fact]
    public async Task Up_RecordedPortTaken_NamesIt()
    {
        await using var world = new TestWorld(PortBase);
        await InterruptAsync(world, 2, "A new world");
        (await world.RunAsync("down")).ShouldExitWith(0);
        var port = System.Text.Json.JsonSerializer.Deserialize<WorldRecord>(
            await File.ReadAllBytesAsync(
                Path.Combine(world.Data, WorldRecord.FileName), TestContext.Current.CancellationToken),
            WorldJson.Options)!.Regions[1].PublicPort;
        using (var squatter = new TcpListener(IPAddress.Loopback, port))
        {
            squatter.Start();
            var result = (await world.UpAsync()).ShouldExitWith(5);
            result.Error.ShouldContain($"error PLG1104: Port {port}, the public listener of eu-west-1, is used by ");
            result.Error.ShouldContain($"(pid {Environment.ProcessId})");
            world.Processes().ShouldBeEmpty("nothing was started");
        }
        (await world.UpAsync()).ShouldExitWith(0);
    }

    /// <summary>Starts <c>up</c> and sends it a signal once it has said something.</summary>
    private static async Task<(int ExitCode, string Said)> InterruptAsync(TestWorld world, int signal, string seen)
    {
        using var up = Command.Start("up", "--port-base", $"{PortBase}", "--data", world.Data);
        var said = "";
        while (await up.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            said += line + "\n";
            if (!line.Contains(seen, StringComparison.Ordinal))
                continue;
            Signals.Send(up.Id, signal);
            break;
        }
        said += await up.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await up.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (up.ExitCode, said);
    }
}
