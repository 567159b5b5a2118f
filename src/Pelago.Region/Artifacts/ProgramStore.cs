using System.Collections.Concurrent;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>A program that can be started.</summary>
/// <param name="Directory">Where its files are.</param>
/// <param name="Entrypoint">Command, relative to it.</param>
internal sealed record InstalledProgram(string Directory, IReadOnlyList<string> Entrypoint);

/// <summary>Artifacts unpacked, one directory a digest. A directory is complete or absent; the command to start it
/// stands beside it and is written last.</summary>
internal sealed class ProgramStore(string directory, ArtifactStore artifacts, ArtifactLimits limits)
{
    private readonly ConcurrentDictionary<string, InstalledProgram> _installed = new(StringComparer.Ordinal);

    /// <summary>The program of an artifact, or null when it is not installed here.</summary>
    public InstalledProgram? Find(string digest)
    {
        if (_installed.TryGetValue(digest, out var known))
            return known;
        if (PrivateFile.ReadJson<string[]>(
            EntrypointFile(digest), "Remove it: the program is unpacked anew.") is not { } entrypoint)
            return null;
        return _installed[digest] = new InstalledProgram(PathOf(digest), entrypoint);
    }

    /// <summary>Unpacks an artifact that is here.</summary>
    /// <exception cref="PelagoException">PLG7102 it is not here; PLG1303 and PLG1304 it is too large or
    /// damaged.</exception>
    public async Task InstallAsync(string digest, CancellationToken cancellationToken)
    {
        if (Find(digest) is not null)
            return;
        var file = artifacts.Find(digest) ?? throw new Failure(ErrorCodes.ArtifactNotFound,
            $"The artifact {digest} is not here.", "Upload it first.").ToException();
        var target = PathOf(digest);
        if (Directory.Exists(target))
            Directory.Delete(target, recursive: true); // unpacked by a process that ended before it could say so
        var artifact = await ArtifactUnpacker.UnpackAsync(file.FullName, digest, target, limits, cancellationToken);
        if (artifact.Entrypoint is not ["dotnet", var program] || program.Contains('/', StringComparison.Ordinal)
            || !File.Exists(Path.Combine(target, program)))
        {
            throw new Failure(ErrorCodes.ArtifactInvalid, "The artifact is not started as 'dotnet PROGRAM.dll'.",
                "Pack it with 'pelago deploy'.").ToException();
        }
        PrivateFile.WriteJson(EntrypointFile(digest), artifact.Entrypoint.ToArray());
    }

    /// <summary>Where the program of an artifact is, or would be.</summary>
    public string PathOf(string digest) => Path.Combine(directory, digest["sha256:".Length..]);

    private string EntrypointFile(string digest) => PathOf(digest) + ".json";
}
