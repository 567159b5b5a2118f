using System.Security.Cryptography;
using System.Text.Json;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>A KEK in a file that only its owner can read: JSON with the key's id and 32 bytes. Created on the first
/// wrap, never on an unwrap: a lost key must be seen as lost, not replaced.</summary>
/// <param name="path">The file, e.g. <c>kek.json</c>. Its directory must exist or be creatable.</param>
public sealed class FileKeyEncryption(string path) : IKeyEncryption
{
    private const int KeyBytes = 32;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <inheritdoc />
    public async ValueTask<KeyReply> ApplyAsync(KeyRequest request, CancellationToken cancellationToken)
    {
        var create = request.Operation == KeyOperation.Wrap;
        var kek = await ReadAsync(create ? null : request.KekId, cancellationToken)
            ?? await CreateAsync(cancellationToken);
        var reply = new KeyReply(kek.Id, create
            ? KeyWrap.Wrap(kek.Key, request.Content.Span, request.Context.Span)
            : KeyWrap.Unwrap(kek.Key, request.Content.Span, request.Context.Span) ?? throw Wrong());
        CryptographicOperations.ZeroMemory(kek.Key);
        return reply;
    }

    private async ValueTask<Kek?> ReadAsync(string? wanted, CancellationToken cancellationToken)
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
            return wanted is null ? null : throw Lost(wanted);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw Refused("cannot be read", "Give this user read access to it.");
        }
        var kek = Parse(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        return wanted is null || kek.Id == wanted ? kek : throw Lost(wanted);
    }

    private Kek Parse(byte[] bytes)
    {
        try
        {
            var file = JsonSerializer.Deserialize<KekFile>(bytes);
            if (file is { FormatVersion: 1, Id.Length: > 0, Key.Length: KeyBytes })
                return new Kek(file.Id, file.Key);
        }
        catch (JsonException)
        {
            // Falls through to the one message for every malformed file; the parser's own could quote the key.
        }
        throw Refused("is not a key file of format 1", "Restore it from a backup.");
    }

    /// <summary>Writes a new key beside the file and links it in place, so that of two creators one wins and the other
    /// uses the winner's.</summary>
    private async ValueTask<Kek> CreateAsync(CancellationToken cancellationToken)
    {
        var kek = new Kek(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)),
            RandomNumberGenerator.GetBytes(KeyBytes));
        var content = JsonSerializer.SerializeToUtf8Bytes(new KekFile(1, kek.Id, kek.Key));
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
                return await ReadAsync(null, cancellationToken)
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

    private PelagoException Lost(string id) => new Failure(ErrorCodes.JournalKeyLost,
        $"The journal's keys are wrapped under key '{id}', which '{path}' does not hold.",
        "Restore that key file from a backup; without it the journal cannot be read.").ToException();

    private PelagoException Wrong() => new Failure(ErrorCodes.JournalKeyWrong,
        $"The key in '{path}' has the right id, but does not open the journal's keys.",
        "Restore the key file that belongs to this journal.").ToException();

    private PelagoException Refused(string rule, string next)
        => new Failure(ErrorCodes.JournalKeyFile, $"The key file '{path}' {rule}.", next).ToException();

    private sealed record Kek(string Id, byte[] Key);

    private sealed record KekFile(int FormatVersion, string Id, byte[] Key);
}
