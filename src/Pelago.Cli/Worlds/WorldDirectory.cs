using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>The data directory of one world: where things are in it, and the only place that reads and writes
/// <c>world.json</c>.</summary>
/// <param name="path">Absolute path.</param>
internal sealed class WorldDirectory(string path)
{
    /// <summary>Where a world is when nobody says otherwise.</summary>
    public const string Default = ".pelago";

    /// <summary>Name of the directory that holds the homes of the regions' PostgreSQL servers: their user must come to
    /// them, and to nothing else.</summary>
    public const string Servers = "postgres";

    private const int AdminTokenLength = 43; // 32 bytes in base64 without padding

    public string Root { get; } = path;

    public string WorldFile => Path.Combine(Root, WorldRecord.FileName);

    public string LockFile => Path.Combine(Root, ".lock");

    public string AdminTokenFile => Path.Combine(Root, "admin.token");

    public string TrustBundle => Path.Combine(Root, "trust", "bundle.pem");

    public string SupervisorHome => Path.Combine(Root, "supervisor");

    public string FederationHome => Path.Combine(Root, "federation");

    public string WanHome => Path.Combine(Root, "wan");

    public string RegionHome(string region) => Path.Combine(Root, "regions", region);

    /// <summary>Home of a region's PostgreSQL server.</summary>
    public string ServerHome(string region) => Path.Combine(Root, Servers, region);

    /// <summary>Guard files of a region's journals: not in its home, so that restoring that is noticed.</summary>
    public string Guards(string region) => Path.Combine(Root, "guards", region);

    /// <summary>What is left of regions that were removed.</summary>
    public string Removed => Path.Combine(Root, "removed");

    /// <summary>Where the federation plane leaves a region's one-time permission to enrol.</summary>
    public string EnrolmentTicket(string region) => Path.Combine(RegionHome(region), "enrolment.json");

    /// <summary>The world at a path; through a symbolic link it is the same world.</summary>
    /// <exception cref="PelagoException">PLG1103 when the path leads nowhere.</exception>
    public static WorldDirectory At(string path)
    {
        try
        {
            return new WorldDirectory(RealPath.Of(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new Failure(ErrorCodes.WorldAccess, $"'{path}' cannot be used: {e.Message}",
                "Name another directory with --data.").ToException(e);
        }
    }

    /// <summary>Reads the world.</summary>
    /// <exception cref="PelagoException">PLG1101 when there is none, PLG1102 when it is of another format, PLG1103 when
    /// it may not be read.</exception>
    public WorldRecord Read()
        => TryRead() ?? throw new Failure(ErrorCodes.WorldNotFound, $"There is no world in '{Root}'.",
            "Start one with 'pelago up', or name another directory with --data.").ToException();

    /// <summary>Reads the world, or returns null when the directory is empty or missing.</summary>
    /// <exception cref="PelagoException">PLG1102 or PLG1103.</exception>
    public WorldRecord? TryRead()
    {
        try
        {
            if (File.Exists(Root))
                throw Format("is a file, not a directory", null);
            if (!Directory.Exists(Root))
                return null;
            // A directory that may not be entered looks empty to File.Exists: list it, which says so.
            var entries = Directory.EnumerateFileSystemEntries(Root).Select(Path.GetFileName).ToList();
            if (entries.Contains(WorldRecord.FileName))
                return Parse(File.ReadAllBytes(WorldFile));
            // An `up` that was interrupted before it recorded its choice leaves these at most.
            var token = Path.GetFileName(AdminTokenFile);
            var foreign = entries.Except([Path.GetFileName(LockFile), token, token + PrivateFile.Unfinished,
                WorldRecord.FileName + PrivateFile.Unfinished]).FirstOrDefault();
            return foreign is null ? null : throw Format($"holds '{foreign}' but no {WorldRecord.FileName}", null);
        }
        catch (UnauthorizedAccessException e)
        {
            throw NoAccess(e);
        }
    }

    /// <summary>Creates the directory and takes its lock, so that one command at a time changes the world.</summary>
    /// <returns>The lock, or null while another command holds it. It ends with its process.</returns>
    /// <exception cref="PelagoException">PLG1103 when the directory may not be written.</exception>
    public FileStream? TryLock()
    {
        const int HeldLock = 11; // EWOULDBLOCK of flock(2)
        try
        {
            if (!Directory.Exists(Root))
                PrivateFile.CreateDirectory(Root);
            return new FileStream(LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException e)
        {
            throw NoAccess(e);
        }
        catch (IOException e) when (e is DirectoryNotFoundException or PathTooLongException || !Directory.Exists(Root))
        {
            throw new Failure(ErrorCodes.WorldAccess, $"'{Root}' cannot be created: {e.Message}",
                "Choose another directory with --data.").ToException(e);
        }
        catch (IOException e) when (e.HResult == HeldLock)
        {
            return null;
        }
        catch (IOException e)
        {
            throw new Failure(ErrorCodes.WorldAccess, Sentence.End($"'{Root}' cannot be written: {e.Message}"),
                "Free its disk or have it mounted for writing, or choose another directory with --data.")
                .ToException(e);
        }
    }

    /// <summary>The administrator's token, made when there is none.</summary>
    public string ReadOrCreateAdminToken()
    {
        if (TryReadAdminToken() is { } known)
            return known;
        var token = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)).TrimEnd('=').Replace('+', '-')
            .Replace('/', '_');
        PrivateFile.Write(AdminTokenFile, Encoding.ASCII.GetBytes(token + "\n"));
        return token;
    }

    /// <exception cref="PelagoException">PLG1103 when it may not be read; PLG1110 when there is none, or the file holds
    /// something else.</exception>
    public string ReadAdminToken()
        => TryReadAdminToken() ?? throw new Failure(ErrorCodes.ControlRefused,
            $"'{AdminTokenFile}' {(File.Exists(AdminTokenFile) ? "holds no token" : "is gone")}.",
            "Put it back, or run 'pelago down', which needs none, then 'pelago up'.").ToException();

    /// <summary>The administrator's token; null when the file is missing or holds something else.</summary>
    /// <exception cref="PelagoException">PLG1103 when it may not be read.</exception>
    public string? TryReadAdminToken()
    {
        try
        {
            if (!File.Exists(AdminTokenFile) || new FileInfo(AdminTokenFile).Length > 4 * AdminTokenLength)
                return null;
            var token = File.ReadAllText(AdminTokenFile).Trim();
            return token.Length == AdminTokenLength && token.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
                ? token : null;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw NoAccess(e);
        }
    }

    /// <summary>Copies the group's root certificates from where the federation plane leaves them to where everybody
    /// looks for them.</summary>
    /// <returns>False while the federation plane has left none.</returns>
    public bool PublishTrust()
    {
        var made = Path.Combine(FederationHome, "bundle.pem");
        if (!File.Exists(made) || File.ReadAllBytes(made) is not { Length: > 0 } bundle)
            return false;
        if (File.Exists(TrustBundle) && File.ReadAllBytes(TrustBundle).AsSpan().SequenceEqual(bundle))
            return true;
        PrivateFile.CreateDirectory(Path.GetDirectoryName(TrustBundle)!);
        PrivateFile.Write(TrustBundle, bundle);
        return true;
    }

    /// <summary>What roles know of the token: its SHA-256 in lower-case hex.</summary>
    public static string HashOf(string token)
        => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private WorldRecord Parse(byte[] content)
    {
        try
        {
            using var document = JsonDocument.Parse(content);
            // The version first, and nothing else before it: another version may look different in every other way.
            var version = document.RootElement.TryGetProperty("formatVersion", out var found)
                && found.TryGetInt32(out var v)
                ? v
                : throw Format($"holds a {WorldRecord.FileName} without formatVersion", null);
            if (version != WorldRecord.CurrentFormat)
            {
                throw Format($"is of format {version}, this version of Pelago reads format "
                    + $"{WorldRecord.CurrentFormat}", null);
            }
            var world = document.RootElement.Deserialize<WorldRecord>(WorldJson.Options)
                ?? throw Format($"holds an empty {WorldRecord.FileName}", null);
            return WorldPlan.IsWhole(world) ? world
                : throw Format(
                    $"holds a {WorldRecord.FileName} that lacks a link or port or names a region twice", null);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Format($"holds a damaged {WorldRecord.FileName}", e);
        }
    }

    private PelagoException Format(string how, Exception? inner)
        => new Failure(ErrorCodes.WorldFormat, $"'{Root}' {how}.",
            "Nothing was changed. Use the version of Pelago that wrote it, or another directory with --data.")
            .ToException(inner);

    private PelagoException NoAccess(Exception inner)
        => new Failure(ErrorCodes.WorldAccess, $"You may not read and write '{Root}': {inner.Message}",
            "Run the command as the user who owns it, or name another directory with --data.").ToException(inner);
}
