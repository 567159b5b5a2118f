using Pelago.Model;

namespace Pelago.Client;

/// <summary>Keeps a log that another process appends to within bounds. The writer holds its descriptor for its whole
/// life and knows nothing of this, so the file is not renamed: its content is copied aside and the file is cut to
/// nothing, whereupon the writer, which appends, goes on at its new end. What is written between the end of the copy
/// and the cut is lost; that is the price of logs of programs that need not co-operate.</summary>
public static class LogRotation
{
    private const int BufferBytes = 128 * 1024;
    private const long BytesPerMebibyte = 1024 * 1024;

    /// <summary>Puts a log aside when it has outgrown its limit.</summary>
    /// <returns>Whether it was put aside.</returns>
    /// <exception cref="IOException">The disk does not allow it; the log is as it was, or aside in part.</exception>
    public static bool Rotate(string path, LogLimits limits)
    {
        var limit = limits.FileMebibytes * BytesPerMebibyte;
        if (new FileInfo(path) is not { Exists: true } file || file.Length < limit)
            return false;
        for (var number = limits.KeptFiles; number > 1; number--)
        {
            if (File.Exists(Aside(path, number - 1)))
                File.Move(Aside(path, number - 1), Aside(path, number), overwrite: true);
        }
        using var log = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        if (limits.KeptFiles > 0)
        {
            // A program may have written far more than the limit since the last look; the end of it is kept.
            log.Position = Math.Max(0, log.Length - limit);
            using var aside = new FileStream(Aside(path, 1), new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            log.CopyTo(aside, BufferBytes);
        }
        log.SetLength(0);
        return true;
    }

    /// <summary>The file of a log that was put aside, 1 for the newest.</summary>
    public static string Aside(string path, int number) => FormattableString.Invariant($"{path}.{number}");
}
