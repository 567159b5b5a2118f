namespace Pelago.Client;

/// <summary>Bounds of an artifact, the same for who packs and who unpacks it.</summary>
public sealed record ArtifactLimits
{
    /// <summary>Files in it.</summary>
    public int MaxFiles { get; init; } = 20_000;

    /// <summary>Bytes of all files, unpacked.</summary>
    public long MaxUnpackedBytes { get; init; } = 1024L * 1024 * 1024;

    /// <summary>Bytes of the packed artifact.</summary>
    public long MaxPackedBytes { get; init; } = 512L * 1024 * 1024;

    /// <summary>Bytes of one of its small documents: index, manifest, configuration.</summary>
    public int MaxDocumentBytes { get; init; } = 256 * 1024;
}

/// <summary>A packed artifact.</summary>
/// <param name="Digest">SHA-256 of the file: <c>sha256:</c> and 64 lower-case hexadecimal digits.</param>
/// <param name="Length">Its size in bytes.</param>
/// <param name="Entrypoint">How it is started, relative to where it is unpacked: <c>dotnet bookstore.dll</c>.</param>
public sealed record Artifact(string Digest, long Length, IReadOnlyList<string> Entrypoint);
