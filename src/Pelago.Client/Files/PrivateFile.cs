using System.Text.Json;
using Pelago.Model;

namespace Pelago.Client;

/// <summary>Small JSON and text files that only their owner may read (mode 0600), replaced as a whole: a reader sees
/// the old content or the new one, whenever the writer is killed.</summary>
public static class PrivateFile
{
    /// <summary>Largest file that is read, in bytes.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    // errno(3) on Linux, which is what .NET leaves in the result of such an exception.
    private const int NoSpace = 28;
    private const int OverQuota = 122;

    /// <summary>What the name of a file that is being written ends with; one that stays was interrupted, and the next
    /// write replaces it.</summary>
    public const string Unfinished = ".new";

    private const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode DirectoryMode = FileMode | UnixFileMode.UserExecute;

    /// <summary>Creates a directory, with those of its parents that are missing; only their owner may enter them. What
    /// is there already is left as it is.</summary>
    public static void CreateDirectory(string path)
    {
        // The framework gives the mode to the last directory alone.
        var missing = new Stack<string>();
        for (var at = Path.GetFullPath(path); at is not null && !Directory.Exists(at); at = Path.GetDirectoryName(at))
            missing.Push(at);
        foreach (var directory in missing)
            Directory.CreateDirectory(directory, DirectoryMode);
    }

    /// <summary>Writes a record as <see cref="WorldJson"/>.</summary>
    /// <exception cref="PelagoException">As <see cref="Write"/>.</exception>
    public static void WriteJson<T>(string path, T value)
        => Write(path, [.. JsonSerializer.SerializeToUtf8Bytes(value, WorldJson.Options), (byte)'\n']);

    /// <summary>Writes content beside the file, flushes it to the disk and renames it over the file, which is durable
    /// when this returns. What an earlier attempt left beside it is overwritten.</summary>
    /// <exception cref="PelagoException">PLG1116 when the disk is full or fails, PLG1103 when the file may not be
    /// written. The file is then as it was.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        try
        {
            Replace(path, content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NotWritten(path, e).ToException(e);
        }
    }

    /// <summary>What to say of a file or directory that could not be written.</summary>
    public static Failure NotWritten(string path, Exception why) => why switch
    {
        UnauthorizedAccessException => new Failure(ErrorCodes.WorldAccess, $"'{path}' may not be written.",
            "Run the command as the user who owns it, or give it back to yourself with chown."),
        IOException { HResult: NoSpace or OverQuota } => new Failure(ErrorCodes.FileNotWritten,
            $"'{path}' cannot be written: the disk is full.", $"Free space where '{path}' is, then try again."),
        _ => new Failure(ErrorCodes.FileNotWritten, Sentence.End($"'{path}' cannot be written: {why.Message}"),
            "Check that directory and its disk, then try again."),
    };

    private static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var beside = path + Unfinished;
        var options = new FileStreamOptions
        {
            Mode = System.IO.FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = FileMode,
        };
        using (var stream = new FileStream(beside, options))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }
        File.Move(beside, path, overwrite: true);
        // A key that others rely on must not be gone with its name when the power fails.
        Posix.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Reads a record.</summary>
    /// <param name="path">The file.</param>
    /// <param name="next">What helps when it cannot be used: who writes it, and whether it may be removed. Only the
    /// caller knows.</param>
    /// <returns>Null when the file does not exist.</returns>
    /// <exception cref="PelagoException">PLG1109 when it is too large or not what it should be; PLG1103 when it may not
    /// be read.</exception>
    public static T? ReadJson<T>(string path, string next = "Restore it from a backup.")
        where T : class
    {
        try
        {
            if (!File.Exists(path))
                return null;
            using var stream = File.OpenRead(path);
            if (stream.Length > MaxBytes)
                throw Unusable(path, $"is larger than {MaxBytes} bytes", next, null);
            return JsonSerializer.Deserialize<T>(stream, WorldJson.Options)
                ?? throw Unusable(path, "is empty", next, null);
        }
        catch (JsonException e)
        {
            throw Unusable(path, $"does not hold what it should (at '{e.Path ?? "$"}')", next, e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new Failure(ErrorCodes.WorldAccess, $"'{path}' may not be read.",
                "Run the command as the user who owns it, or give it back to yourself with chown.").ToException(e);
        }
    }

    private static PelagoException Unusable(string path, string why, string next, Exception? inner)
        => new Failure(ErrorCodes.RoleConfig, $"'{path}' {why}.", next).ToException(inner);
}
