using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Pelago.Model;

namespace Pelago.Client;

/// <summary>Packs a published application into one file: a tar of an OCI image layout with one layer, so that the tools
/// of the container world read it too. The same files give the same bytes: names sorted, times zero, owners zero.
/// 1. Find what starts the application. 2. Write its files as a compressed layer. 3. Describe it by configuration,
/// manifest and index. 4. Write all of them as one tar and hash it.</summary>
public static class ArtifactPacker
{
    private const string RuntimeConfigSuffix = ".runtimeconfig.json";

    private const UnixFileMode Executable =
        UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private const UnixFileMode Plain =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Packs a directory.</summary>
    /// <param name="directory">What <c>dotnet publish</c> made.</param>
    /// <param name="file">Where to write; replaced.</param>
    /// <param name="limits">Bounds.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="PelagoException">PLG1301 when it is no published application, PLG1303 when it is too
    /// large.</exception>
    public static async Task<Artifact> PackAsync(
        string directory, string file, ArtifactLimits limits, CancellationToken cancellationToken)
    {
        // 1.
        var entrypoint = EntrypointOf(directory);
        var layerFile = file + ".layer";
        try
        {
            // 2.
            var (layer, diffId) = await WriteLayerAsync(directory, layerFile, limits, cancellationToken);

            // 3.
            var config = Oci.Write(new OciImage(
                RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64", "linux",
                new OciRun(entrypoint, Oci.WorkingDirectory), new OciRoot("layers", [diffId])));
            var manifest = Oci.Write(new OciManifest(
                2, Oci.ManifestType, Describe(Oci.ConfigType, config), [layer]));
            var index = Oci.Write(new OciIndex(2, Oci.IndexType, [Describe(Oci.ManifestType, manifest)]));

            // 4.
            await using (var output = File.Create(file))
            await using (var tar = new TarWriter(output, TarEntryFormat.Ustar))
            {
                await AddAsync(tar, Oci.LayoutFile, Oci.Write(new OciLayout("1.0.0")), cancellationToken);
                await AddAsync(tar, Oci.IndexFile, index, cancellationToken);
                await AddAsync(tar, BlobName(Oci.DigestOf(manifest)), manifest, cancellationToken);
                await AddAsync(tar, BlobName(Oci.DigestOf(config)), config, cancellationToken);
                await using var content = File.OpenRead(layerFile);
                await tar.WriteEntryAsync(Entry(BlobName(layer.Digest), content, Plain), cancellationToken);
            }
            await using var packed = File.OpenRead(file);
            if (packed.Length > limits.MaxPackedBytes)
                throw TooLarge($"packed it has {packed.Length} bytes, at most {limits.MaxPackedBytes} are allowed");
            var digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(packed, cancellationToken));
            return new Artifact(Oci.DigestPrefix + digest, packed.Length, entrypoint);
        }
        finally
        {
            File.Delete(layerFile);
        }
    }

    private static string[] EntrypointOf(string directory)
    {
        var programs = !Directory.Exists(directory) ? [] : Directory.GetFiles(directory, "*" + RuntimeConfigSuffix)
            .Select(path => Path.GetFileName(path)[..^RuntimeConfigSuffix.Length] + ".dll")
            .Where(name => File.Exists(Path.Combine(directory, name)))
            .Order(StringComparer.Ordinal)
            .ToList();
        if (programs.Count == 1)
            return ["dotnet", programs[0]];
        var why = programs.Count == 0 ? "holds no published .NET application"
            : $"holds several: {string.Join(", ", programs)}";
        throw new Failure(ErrorCodes.NotAnApplication, $"'{directory}' {why}.",
            "Name a project's directory, or the output of 'dotnet publish' of one executable project.").ToException();
    }

    private static async Task<(OciDescriptor Layer, string DiffId)> WriteLayerAsync(
        string directory, string layerFile, ArtifactLimits limits, CancellationToken cancellationToken)
    {
        using var uncompressed = SHA256.Create();
        await using (var output = File.Create(layerFile))
        await using (var gzip = new GZipStream(output, CompressionLevel.Fastest))
        await using (var hashed = new CryptoStream(gzip, uncompressed, CryptoStreamMode.Write))
        await using (var tar = new TarWriter(hashed, TarEntryFormat.Ustar))
        {
            long total = 0;
            foreach (var (name, path) in FilesOf(directory, limits))
            {
                await using var content = File.OpenRead(path);
                if ((total += content.Length) > limits.MaxUnpackedBytes)
                    throw TooLarge($"its files have more than {limits.MaxUnpackedBytes} bytes");
                var mode = (File.GetUnixFileMode(path) & Executable) != 0 ? Plain | Executable : Plain;
                await tar.WriteEntryAsync(Entry(Oci.LayerPrefix + name, content, mode), cancellationToken);
            }
        }
        await using var layer = File.OpenRead(layerFile);
        var digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(layer, cancellationToken));
        return (new OciDescriptor(Oci.LayerType, Oci.DigestPrefix + digest, layer.Length),
            Oci.DigestPrefix + Convert.ToHexStringLower(uncompressed.Hash!));
    }

    private static List<(string Name, string Path)> FilesOf(string directory, ArtifactLimits limits)
    {
        var files = new List<(string Name, string Path)>();
        // A linked directory is seen before what is in it: the enumeration takes a directory to its end, then enters.
        foreach (var path in Directory.EnumerateFileSystemEntries(directory, "*", SearchOption.AllDirectories))
        {
            if (new FileInfo(path).LinkTarget is not null)
            {
                throw new Failure(ErrorCodes.NotAnApplication,
                    $"'{path}' is a symbolic link, which an artifact cannot hold.",
                    "Replace it by what it points to.").ToException();
            }
            if (Directory.Exists(path))
                continue;
            if (files.Count == limits.MaxFiles)
                throw TooLarge($"it has more than {limits.MaxFiles} files");
            files.Add((Path.GetRelativePath(directory, path), path));
        }
        files.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return files;
    }

    private static async Task AddAsync(TarWriter tar, string name, byte[] content, CancellationToken cancellationToken)
        => await tar.WriteEntryAsync(Entry(name, new MemoryStream(content, writable: false), Plain), cancellationToken);

    private static UstarTarEntry Entry(string name, Stream content, UnixFileMode mode)
        => new(TarEntryType.RegularFile, name)
        {
            DataStream = content,
            Mode = mode,
            ModificationTime = DateTimeOffset.UnixEpoch,
        };

    private static OciDescriptor Describe(string type, byte[] content)
        => new(type, Oci.DigestOf(content), content.Length);

    private static string BlobName(string digest) => Oci.BlobPrefix + digest[Oci.DigestPrefix.Length..];

    private static PelagoException TooLarge(string why)
        => new Failure(ErrorCodes.ArtifactTooLarge, $"The application is too large: {why}.",
            "Publish without what it does not need at run time.").ToException();
}
