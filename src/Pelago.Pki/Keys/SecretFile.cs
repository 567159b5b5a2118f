using Pelago.Model;

namespace Pelago.Pki;

/// <summary>Small files that only their owner may read, replaced as a whole or not at all.</summary>
internal static class SecretFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes a file that does not exist yet. It appears complete: a crash leaves the temporary file
    /// only.</summary>
    public static void WriteNew(string path, ReadOnlySpan<byte> content)
    {
        var temporary = WriteBeside(path, content, OwnerOnly);
        File.Move(temporary, path, overwrite: false);
    }

    /// <summary>Replaces a file's content in one step.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content, bool ownerOnly)
    {
        var mode = ownerOnly ? OwnerOnly : OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        File.Move(WriteBeside(path, content, mode), path, overwrite: true);
    }

    /// <summary>Reads a file of bounded size.</summary>
    /// <exception cref="PelagoException">PLG3005: too large, or not readable.</exception>
    public static byte[] Read(string path, int maxBytes)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (file.Length > maxBytes)
                throw KeyEncryptionKey.Unusable($"The file '{path}' is larger than {maxBytes} bytes.").ToException();
            var content = new byte[file.Length];
            file.ReadExactly(content);
            return content;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw KeyEncryptionKey.Unusable($"The file '{path}' cannot be read.").ToException(e);
        }
    }

    private static void CreateDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
    }

    private static string WriteBeside(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var temporary = $"{path}.{Environment.ProcessId}.new";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = mode;
        using (var file = new FileStream(temporary, options))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }
        return temporary;
    }
}
