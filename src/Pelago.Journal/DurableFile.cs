using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Pelago.Journal;

/// <summary>Small files that are there whole or not at all, and still there after a power cut.</summary>
internal static partial class DurableFile
{
    /// <summary>Creates or empties a file with mode 0600, writes it and forces it to the disk.</summary>
    public static async ValueTask WriteAsync(string path, ReadOnlyMemory<byte> content,
        CancellationToken cancellationToken)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using var stream = new FileStream(path, options);
        await stream.WriteAsync(content, cancellationToken);
        RandomAccess.FlushToDisk(stream.SafeFileHandle);
    }

    /// <summary>Replaces a file: write beside it, force, rename over it, force the directory.</summary>
    public static async ValueTask ReplaceAsync(string path, ReadOnlyMemory<byte> content,
        CancellationToken cancellationToken)
    {
        var temporary = path + ".new";
        await WriteAsync(temporary, content, cancellationToken);
        File.Move(temporary, path, overwrite: true);
        SyncDirectoryOf(path);
    }

    /// <summary>Forces a directory's entries to the disk. .NET opens no directories, so this asks the C library; where
    /// there is none (Windows) renames are made durable by the file system's journal.</summary>
    public static void SyncDirectoryOf(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        using var directory =
            new SafeFileHandle(Open(Path.GetDirectoryName(Path.GetFullPath(path))!, 0), ownsHandle: true);
        if (!directory.IsInvalid)
            RandomAccess.FlushToDisk(directory);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Open(string path, int flags);
}
