using System.Security.Cryptography;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>Packed artifacts by digest. A file is visible under its digest only after its whole content was seen to
/// have it, and is never changed afterwards.</summary>
internal sealed class ArtifactStore
{
    private const int BufferBytes = 128 * 1024;
    private const string Prefix = "sha256:";

    private readonly string _directory;
    private readonly string _incoming;
    private readonly ArtifactLimits _limits;

    public ArtifactStore(string directory, ArtifactLimits limits)
    {
        (_directory, _incoming, _limits) = (directory, Path.Combine(directory, "incoming"), limits);
        if (Directory.Exists(_incoming))
            Directory.Delete(_incoming, recursive: true); // cut off by the end of an earlier process
        PrivateFile.CreateDirectory(_incoming);
    }

    /// <summary>Largest artifact in bytes.</summary>
    public long MaxBytes => _limits.MaxPackedBytes;

    /// <summary>The file of an artifact, or null when it is not here.</summary>
    /// <exception cref="PelagoException">PLG2005: that is no digest.</exception>
    public FileInfo? Find(string digest)
    {
        var file = new FileInfo(PathOf(digest));
        return file.Exists ? file : null;
    }

    /// <summary>
    /// Takes an artifact in: 1. its content is written aside and hashed on the way, 2. its size and digest are checked,
    /// 3. it is made durable, 4. it gets its name. Whatever fails leaves nothing behind.
    /// </summary>
    /// <returns>Null when it is there now, also when it was before.</returns>
    public async Task<Failure?> AddAsync(string digest, Stream content, CancellationToken cancellationToken)
    {
        var target = PathOf(digest);
        var aside = Path.Combine(_incoming, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)));
        try
        {
            // 1.
            var (length, actual) = await WriteAsync(aside, content, cancellationToken);

            // 2. and 3. (flushed by the writer)
            if (length > MaxBytes)
                return new Failure(ErrorCodes.ArtifactTooLarge, $"The artifact is larger than {MaxBytes} bytes.",
                    "Publish without what the application does not need at run time.");
            if (actual != digest)
                return new Failure(ErrorCodes.DigestMismatch,
                    $"The content has the digest {actual}, not the one it was sent under.",
                    "Send it again.", "digest");

            // 4.
            File.Move(aside, target, overwrite: true);
            return null;
        }
        finally
        {
            File.Delete(aside);
        }
    }

    private async Task<(long Length, string Digest)> WriteAsync(string path, Stream content,
        CancellationToken cancellationToken)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = new FileStream(path, options);
        var buffer = new byte[BufferBytes];
        long length = 0;
        int read;
        while ((read = await content.ReadAsync(buffer, cancellationToken)) > 0 && (length += read) <= MaxBytes)
        {
            hash.AppendData(buffer, 0, read);
            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
        await file.FlushAsync(cancellationToken);
        RandomAccess.FlushToDisk(file.SafeFileHandle);
        return (length, Prefix + Convert.ToHexStringLower(hash.GetCurrentHash()));
    }

    private string PathOf(string digest)
        => ServiceParser.IsDigest(digest)
            ? Path.Combine(_directory, digest[Prefix.Length..])
            : throw new Failure(ErrorCodes.InvalidField,
                "The digest is not 'sha256:' and 64 lower-case hexadecimal digits.",
                "Use the digest that 'pelago deploy' prints.", "digest").ToException();
}
