using System.Globalization;

namespace Pelago.Cli;

/// <summary>Makes a supervisor the only one of its world, and its hold on the world's directory: who deletes the
/// directory deletes the file, and a directory that is made anew at the same path is another world.</summary>
internal sealed class SupervisorLock : IDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(2);

    // How Linux shows an open file that has no name any more.
    private const string Deleted = " (deleted)";

    private readonly FileStream _file;

    private SupervisorLock(FileStream file) => _file = file;

    /// <summary>Takes the lock of a home, or null when another supervisor has it. It ends with the process, however
    /// that ends.</summary>
    public static SupervisorLock? TryTake(string home)
    {
        try
        {
            return new SupervisorLock(new FileStream(
                Path.Combine(home, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Whether the world's directory was deleted.</summary>
    public bool IsDeleted
        => new FileInfo(string.Create(CultureInfo.InvariantCulture,
                $"/proc/self/fd/{_file.SafeFileHandle.DangerousGetHandle()}"))
            .LinkTarget?.EndsWith(Deleted, StringComparison.Ordinal) == true;

    /// <summary>Returns once it was deleted.</summary>
    public async Task UntilDeletedAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Pace, time);
        while (!IsDeleted)
            await timer.WaitForNextTickAsync(cancellationToken);
    }

    /// <inheritdoc />
    public void Dispose() => _file.Dispose();
}
