using System.Diagnostics;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Tests.EndToEnd;

/// <summary>A log that another process goes on writing to while it is put aside.</summary>
public sealed class WrittenLogTests : IDisposable
{
    private const int Lines = 60_000;

    private static readonly LogLimits Limits = new() { FileMebibytes = 1, KeptFiles = 100 };

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pelago-log-");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task Rotate_WhileAnotherProcessWrites_NoLineIsThereTwiceAndNoneIsLostWhereBlocksCanBeTakenOut()
    {
        var log = Path.Combine(_root.FullName, "demo.shop.log");
        var padding = new string('x', 150);
        using var writer = Process.Start("bash", ["-c",
            $"exec >> '{log}'; for ((i = 0; i < {Lines}; i++)); do echo \"$i {padding}\"; done"]);
        var rotations = new List<Rotation>();
        while (!writer.HasExited)
            rotations.Add(LogRotation.Rotate(log, Limits));
        await writer.WaitForExitAsync(TestContext.Current.CancellationToken);

        rotations.Count(r => r != Rotation.None).ShouldBeGreaterThan(3);
        var files = Enumerable.Range(1, Limits.KeptFiles).Select(n => LogRotation.Aside(log, n)).Where(File.Exists)
            .Reverse().Append(log);
        var found = string.Concat(files.Select(File.ReadAllText)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line.EndsWith(padding, StringComparison.Ordinal)).Select(line => line.Split(' ')[0])
            .ToList();
        found.ShouldBeUnique();
        if (!rotations.Contains(Rotation.Cut)) // the file system of the temporary directory can do no better
            found.ShouldBe(Enumerable.Range(0, Lines).Select(i => $"{i}"));
    }
}
