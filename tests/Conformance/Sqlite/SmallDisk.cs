using System.ComponentModel;
using System.Diagnostics;

namespace Pelago.Tests.Conformance;

/// <summary>A file system of a few megabytes in memory, so that a disk can really be full. Mounting needs
/// root.</summary>
public sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string path) => Path = path;

    /// <summary>Where it is mounted.</summary>
    public string Path { get; }

    /// <summary>Its size when nothing else is said.</summary>
    public const int Bytes = 4 * 1024 * 1024;

    /// <summary>Mounts one.</summary>
    public static async Task<SmallDisk> MountAsync(int bytes = Bytes)
    {
        var disk = new SmallDisk(Directory.CreateTempSubdirectory("pelago-small-").FullName);
        var code = await RunAsync("mount", "-t", "tmpfs", "-o", $"size={bytes}", "tmpfs", disk.Path);
        code.ShouldBe(0, "This test needs the right to mount a small file system: run it as root.");
        return disk;
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync("umount", Path);
        Directory.Delete(Path);
    }

    private static async Task<int> RunAsync(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(program, arguments);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return process.ExitCode;
        }
        catch (Win32Exception)
        {
            return -1;
        }
    }
}
