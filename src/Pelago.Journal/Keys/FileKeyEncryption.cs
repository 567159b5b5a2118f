using System.Security.Cryptography;
using System.Text.Json;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>A KEK in a file that only its owner can read: JSON with the key's id and 32 bytes, and those of former
/// keys. Created on the first wrap, never on an unwrap: a lost key must be seen as lost, not replaced.</summary>
/// <param name="path">The file, e.g. <c>kek.json</c>. Its directory must exist or be creatable.</param>
public sealed class FileKeyEncryption(string path) : IKeyEncryption
{
    private const int KeyBytes = 32;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <inheritdoc />
    public async ValueTask<KeyReply> ApplyAsync(KeyRequest request, CancellationToken cancellationToken)
    {
        if (request.Operation == KeyOperation.Unwrap)
            return await UnwrapAsync(request, cancellationToken);
        var file = await ReadAsync(cancellationToken) ?? await CreateAsync(cancellationToken);
        if (request.Operation == KeyOperation.Renew)
            return new KeyReply(await RenewAsync(cancellationToken), []);
        return new KeyReply(file.Id, KeyWrap.Wrap(file.Key, request.Content.Span, request.Context.Span));
    }

    private async ValueTask<KeyReply> UnwrapAsync(KeyRequest request, CancellationToken cancellationToken)
    {
        var file = await ReadAsync(cancellationToken) ?? throw Lost(request.KekId);
        var key = file.Find(request.KekId) ?? throw Lost(request.KekId);
        return new KeyReply(request.KekId,
            KeyWrap.Unwrap(key, request.Content.Span, request.Context.Span) ?? throw Wrong(request.KekId));
    }

    /// <summary>Adds a new key before those that there are. Of two processes that renew, one after the other does: a
    /// file written over the other's would lose its key.</summary>
    private async ValueTask<string> RenewAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var alone = new FileStream(
                $"{path}.lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            var file = await ReadAsync(cancellationToken)
                ?? throw Refused("vanished while it was renewed", "Try again.");
            IReadOnlyList<FormerKey> former = [new FormerKey(file.Id, file.Key), .. file.Former];
            var renewed = NewKey() with { FormatVersion = 2, Former = former };
            await DurableFile.ReplaceAsync(path, JsonSerializer.SerializeToUtf8Bytes(renewed), cancellationToken);
            return renewed.Id;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw Refused("cannot be renewed",
                "Give this user write access to its directory, and the disk some space; if another process renews it, "
                + "try again.");
        }
    }

    private async ValueTask<KekFile?> ReadAsync(CancellationToken cancellationToken)
    {
        byte[] bytes;
        try
        {
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~OwnerOnly) != 0)
                throw Refused("can be read by others than its owner", $"Run: chmod 600 '{path}'.");
            bytes = await File.ReadAllBytesAsync(path, cancellationToken);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw Refused("cannot be read", "Give this user read access to it.");
        }
        var file = Parse(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        return file;
    }

    private KekFile Parse(byte[] bytes)
    {
        try
        {
            if (JsonSerializer.Deserialize<KekFile>(bytes) is { FormatVersion: 1 or 2, Former: not null } file
                && file.Former.Prepend(new FormerKey(file.Id, file.Key))
                    .All(k => k is { Id.Length: > 0, Key.Length: KeyBytes }))
                return file;
        }
        catch (JsonException)
        {
            // Falls through to the one message for every malformed file; the parser's own could quote the key.
        }
        throw Refused("is not a key file of format 1 or 2", "Restore it from a backup.");
    }

    /// <summary>Writes a new key beside the file and links it in place, so that of two creators one wins and the other
    /// uses the winner's.</summary>
    private async ValueTask<KekFile> CreateAsync(CancellationToken cancellationToken)
    {
        var kek = NewKey();
        var content = JsonSerializer.SerializeToUtf8Bytes(kek);
        var temporary = $"{path}.{kek.Id}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            await DurableFile.WriteAsync(temporary, content, cancellationToken);
            try
            {
                File.Move(temporary, path, overwrite: false);
            }
            catch (IOException) when (File.Exists(path))
            {
                File.Delete(temporary);
                return await ReadAsync(cancellationToken)
                    ?? throw Refused("vanished while it was made", "Try again.");
            }
            DurableFile.SyncDirectoryOf(path);
            return kek;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw Refused("cannot be created",
                "Give this user write access to its directory, and the disk some space.");
        }
    }

    private static KekFile NewKey() => new(
        1, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)), RandomNumberGenerator.GetBytes(KeyBytes));

    private PelagoException Lost(string id) => new Failure(ErrorCodes.JournalKeyLost,
        $"The journal's keys are wrapped under key '{id}', which '{path}' does not hold.",
        "Restore that key file from a backup; without it the journal cannot be read.").ToException();

    private PelagoException Wrong(string id) => new Failure(ErrorCodes.JournalKeyWrong,
        $"Key '{id}' in '{path}' has the right id, but does not open the journal's keys.",
        "Restore the key file that belongs to this journal.").ToException();

    private PelagoException Refused(string rule, string next)
        => new Failure(ErrorCodes.JournalKeyFile, $"The key file '{path}' {rule}.", next).ToException();

    /// <summary>The file: the newest key, and from format 2 on those before it, which is written by a renewal
    /// only.</summary>
    private sealed record KekFile(int FormatVersion, string Id, byte[] Key)
    {
        public IReadOnlyList<FormerKey> Former { get; init; } = [];

        public byte[]? Find(string id) => id == Id ? Key : Former.FirstOrDefault(k => k.Id == id)?.Key;
    }

    private sealed record FormerKey(string Id, byte[] Key);
}
