using Pelago.Cli;

namespace Pelago.Tests.EndToEnd;

/// <summary>Worlds on PostgreSQL that cannot be: everything is said before anything is made.</summary>
public sealed class ServerRefusalTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pelago-refused-");

    private string Data => Path.Combine(_root.FullName, "world");

    public void Dispose() => _root.Delete(recursive: true);

    [Theory]
    [InlineData("PLG1118", null)]
    [InlineData("PLG4023", "postgres (PostgreSQL) 14.9 (Debian 14.9-1)")]
    [InlineData("PLG1118", "something else")]
    public async Task Up_ProgramsMissingOrTooOld_IsRefusedAndNothingIsMade(string code, string? version)
    {
        var programs = Path.Combine(_root.FullName, "programs");
        Directory.CreateDirectory(programs);
        foreach (var name in version is null ? [] : new[] { "initdb", "postgres" })
        {
            var file = Path.Combine(programs, name);
            await File.WriteAllTextAsync(file, $"#!/bin/sh\necho '{version}'\n", TestContext.Current.CancellationToken);
            File.SetUnixFileMode(file, (UnixFileMode)0b111_101_101);
        }
        foreach (var dryRun in new[] { Array.Empty<string>(), ["--dry-run"] })
        {
            var result = await Command.RunProgramAsync("env", [$"PELAGO_POSTGRES_BIN={programs}",
                Path.Combine(Command.Root, "pelago"), "up", "--journal", "postgres", "--data", Data, .. dryRun]);
            result.Error.ShouldStartWith($"error {code}: ");
            result.Error.ShouldContain("PELAGO_POSTGRES_BIN", customMessage: "the next step");
            result.ExitCode.ShouldNotBe(0);
        }
        Directory.Exists(Data).ShouldBeFalse();
    }

    [Fact]
    public async Task Up_WhereTheServersUserMayNotEnter_IsRefusedAndNothingIsMade()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            // Whoever is not root runs the servers, and needs nobody's permission.
            var self = await ServerUser.FindAsync(isRoot: false, TestContext.Current.CancellationToken);
            await self.RequireWayAsync(Data, TestContext.Current.CancellationToken);
            self.As(["true"]).ShouldBe(["true"]);
            return;
        }
        File.SetUnixFileMode(_root.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var result = await Command.RunAsync("up", "--journal", "postgres", "--data", Data);
        result.ShouldExitWith(5).Error.ShouldStartWith($"error PLG1120: PostgreSQL runs as user 'postgres', who may "
            + $"not enter '{_root.FullName}'. ");
        Directory.Exists(Data).ShouldBeFalse();
    }

    [Fact]
    public async Task Up_UnknownJournal_IsRefused()
        => (await Command.RunAsync("up", "--journal", "mysql", "--data", Data)).ShouldExitWith(2).Error
            .ShouldStartWith("error PLG1202: --journal must be sqlite or postgres.");
}
