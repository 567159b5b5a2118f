using System.Text;
using Microsoft.Win32.SafeHandles;
using Pelago.Model;

namespace Pelago.Client;

/// <summary>What became of a log that was looked at.</summary>
public enum Rotation
{
    /// <summary>It is within its limit.</summary>
    None,

    /// <summary>It was put aside, and every byte is there or in the log; of one that had outgrown its limit twice,
    /// every byte of the end that is kept.</summary>
    Whole,

    /// <summary>It was put aside on a file system that can only cut: what was written in between is lost.</summary>
    Cut,
}

/// <summary>Keeps a log that another process appends to within bounds.</summary>
/// <remarks>The writer holds its descriptor for its whole life and knows nothing of this, so the file is not renamed:
/// its content is copied aside and then taken away beneath the writer, which appends and goes on at the new end.
/// Where the file system can take a range of blocks out of a file (ext4 and XFS: <c>FALLOC_FL_COLLAPSE_RANGE</c> of
/// fallocate(2)), exactly what was copied goes and nothing that is written meanwhile is lost; the last, incomplete
/// block stays in the log, so a line may begin in the one file and end in the other. Elsewhere the file is cut to
/// nothing as soon as the copy has caught up with the writer, and what it writes in the moment between is lost: that
/// is the price of logs of programs that need not co-operate.</remarks>
public static class LogRotation
{
    private const int BufferBytes = 128 * 1024;
    private const int BlockBytes = 4096;
    private const int MaxCatchingUp = 8;
    private const long BytesPerMebibyte = 1024 * 1024;

    /// <summary>Puts a log aside when it has outgrown its limit. Of one that has outgrown it twice only the end is
    /// kept, as much as the limit, and the first line of what was put aside says how much was dropped.</summary>
    /// <exception cref="IOException">The disk does not allow it; the log and what was put aside before are as they
    /// were.</exception>
    public static Rotation Rotate(string path, LogLimits limits) => Rotate(path, limits, Posix.TryCollapse);

    /// <param name="path">The log.</param>
    /// <param name="limits">Its bounds.</param>
    /// <param name="collapse">Takes so many bytes from the beginning of a file; false where that cannot be
    /// done.</param>
    internal static Rotation Rotate(string path, LogLimits limits, Func<SafeFileHandle, long, bool> collapse)
    {
        var limit = limits.FileMebibytes * BytesPerMebibyte;
        if (new FileInfo(path) is not { Exists: true } file || file.Length < limit)
            return Rotation.None;
        using var log = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var length = RandomAccess.GetLength(log);
        var from = length > 2 * limit ? length - limit : 0;
        var blocks = (length - 1) / BlockBytes * BlockBytes; // a range that reached the end could not be taken out
        using var aside = limits.KeptFiles > 0 ? Create(Beside(path)) : Stream.Null;
        try
        {
            if (from > 0)
                aside.Write(Dropped(from, limits));
            Copy(log, from, blocks, aside);
            aside.Flush();
        }
        catch (IOException)
        {
            File.Delete(Beside(path)); // the disk may be full: the half of a copy must not stay there
            throw;
        }
        Shift(path, limits);
        if (collapse(log, blocks))
            return Rotation.Whole;
        for (var round = 0; round < MaxCatchingUp && RandomAccess.GetLength(log) > blocks; round++)
            blocks = Copy(log, blocks, long.MaxValue, aside);
        RandomAccess.SetLength(log, 0);
        return Rotation.Cut;
    }

    /// <summary>The file of a log that was put aside, 1 for the newest.</summary>
    public static string Aside(string path, int number) => FormattableString.Invariant($"{path}.{number}");

    private static string Beside(string path) => Aside(path, 1) + ".new";

    private static byte[] Dropped(long bytes, LogLimits limits) => Encoding.ASCII.GetBytes(FormattableString.Invariant(
        $"[pelago dropped {bytes} bytes here: more than twice {limits.FileMebibytes} MiB came at once]\n"));

    private static void Shift(string path, LogLimits limits)
    {
        for (var number = limits.KeptFiles; number > 1; number--)
        {
            if (File.Exists(Aside(path, number - 1)))
                File.Move(Aside(path, number - 1), Aside(path, number), overwrite: true);
        }
        if (limits.KeptFiles > 0)
            File.Move(Beside(path), Aside(path, 1), overwrite: true);
    }

    /// <returns>How far it came: the end, or that of the log.</returns>
    private static long Copy(SafeFileHandle log, long from, long end, Stream aside)
    {
        var buffer = new byte[BufferBytes];
        while (from < end)
        {
            var read = RandomAccess.Read(log, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - from)), from);
            if (read == 0)
                break;
            aside.Write(buffer, 0, read);
            from += read;
        }
        return from;
    }

    private static FileStream Create(string path) => new(path, new FileStreamOptions
    {
        Mode = FileMode.Create,
        Access = FileAccess.Write,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
    });
}
