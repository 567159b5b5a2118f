using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Pelago.Model;

namespace Pelago.Client;

/// <summary>Unpacks what <see cref="ArtifactPacker"/> packed. The file may come from anywhere: nothing in it is
/// believed before its digest is checked, no name leads out of the target, every size is bounded.
/// 1. Check the digest of the whole. 2. Take its blobs apart, checking each against its name. 3. Follow index, manifest
/// and configuration. 4. Unpack the layer beside the target and move it there, so that a target is complete or
/// absent.</summary>
public static class ArtifactUnpacker
{
    /// <summary>Unpacks into a directory that does not exist yet.</summary>
    /// <param name="file">The packed artifact.</param>
    /// <param name="digest">Its expected digest.</param>
    /// <param name="directory">Where its files shall be.</param>
    /// <param name="limits">Bounds.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="PelagoException">PLG1304 when it is damaged, PLG1303 when it is too large.</exception>
    public static async Task<Artifact> UnpackAsync(
        string file, string digest, string directory, ArtifactLimits limits, CancellationToken cancellationToken)
    {
        var work = directory + ".unpack";
        if (Directory.Exists(work))
            Directory.Delete(work, recursive: true); // left by an earlier life
        PrivateFile.CreateDirectory(work);
        try
        {
            await using var packed = File.OpenRead(file);
            // 1.
            if (packed.Length > limits.MaxPackedBytes)
                throw TooLarge($"is larger than {limits.MaxPackedBytes} bytes");
            var actual = Oci.DigestPrefix
                + Convert.ToHexStringLower(await SHA256.HashDataAsync(packed, cancellationToken));
            if (actual != digest)
                throw Damaged($"has the digest {actual}, expected {digest}");
            packed.Position = 0;

            // 2.
            var index = await TakeApartAsync(packed, work, limits, cancellationToken);

            // 3.
            var manifest = Read<OciManifest>(work, Single(index.Manifests, Oci.ManifestType), limits);
            var image = Read<OciImage>(work, manifest.Config, limits);
            var layer = Single(manifest.Layers, Oci.LayerType);
            if (image.Config.WorkingDir != Oci.WorkingDirectory || image.Config.Entrypoint.Count is 0 or > 16)
                throw Damaged("does not say how it is started");

            // 4.
            var unpacked = Path.Combine(work, "app");
            PrivateFile.CreateDirectory(unpacked);
            await UnpackLayerAsync(BlobFile(work, layer.Digest), unpacked, limits, cancellationToken);
            Directory.Move(unpacked, directory);
            return new Artifact(digest, packed.Length, image.Config.Entrypoint);
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or JsonException or EndOfStreamException)
        {
            throw Damaged($"cannot be read: {e.Message}");
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static async Task<OciIndex> TakeApartAsync(
        Stream packed, string work, ArtifactLimits limits, CancellationToken cancellationToken)
    {
        const int mostEntries = 16;
        OciIndex? index = null;
        await using var tar = new TarReader(packed, leaveOpen: true);
        for (var count = 0; await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry; count++)
        {
            if (count == mostEntries || entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
                throw Damaged($"holds '{entry.Name}', which does not belong there");
            if (entry.Name == Oci.IndexFile)
                index = Parse<OciIndex>(await DocumentAsync(entry, limits, cancellationToken));
            else if (entry.Name.StartsWith(Oci.BlobPrefix, StringComparison.Ordinal))
                await KeepBlobAsync(entry, work, cancellationToken);
            else if (entry.Name != Oci.LayoutFile)
                throw Damaged($"holds '{entry.Name}', which does not belong there");
        }
        return index ?? throw Damaged("has no index");
    }

    private static async Task KeepBlobAsync(TarEntry entry, string work, CancellationToken cancellationToken)
    {
        var digest = Oci.DigestPrefix + entry.Name[Oci.BlobPrefix.Length..];
        if (!ServiceParser.IsDigest(digest) || entry.DataStream is null)
            throw Damaged($"holds '{entry.Name}', which is no blob");
        await using var blob = File.Create(BlobFile(work, digest));
        await entry.DataStream.CopyToAsync(blob, cancellationToken);
        blob.Position = 0;
        if (Oci.DigestPrefix + Convert.ToHexStringLower(await SHA256.HashDataAsync(blob, cancellationToken)) != digest)
            throw Damaged($"holds '{entry.Name}' with another content");
    }

    private static async Task UnpackLayerAsync(
        string layer, string target, ArtifactLimits limits, CancellationToken cancellationToken)
    {
        await using var compressed = File.OpenRead(layer);
        await using var gzip = new GZipStream(compressed, CompressionMode.Decompress);
        await using var tar = new TarReader(gzip);
        long total = 0;
        for (var count = 0; await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry; count++)
        {
            if (count == limits.MaxFiles)
                throw TooLarge($"has more than {limits.MaxFiles} files");
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
                throw Damaged($"holds '{entry.Name}', which is no file");
            if ((total += entry.Length) > limits.MaxUnpackedBytes)
                throw TooLarge($"unpacks to more than {limits.MaxUnpackedBytes} bytes");
            var path = PathWithin(target, entry.Name);
            PrivateFile.CreateDirectory(Path.GetDirectoryName(path)!);
            await entry.ExtractToFileAsync(path, overwrite: false, cancellationToken);
        }
    }

    private static string PathWithin(string target, string name)
    {
        var relative = name.StartsWith(Oci.LayerPrefix, StringComparison.Ordinal) ? name[Oci.LayerPrefix.Length..] : "";
        var valid = relative.Length > 0 && relative.Split('/').All(part => part is not ("" or "." or ".."))
            && !relative.Contains('\0', StringComparison.Ordinal);
        return valid ? Path.Combine(target, relative) : throw Damaged($"holds a file with the name '{name}'");
    }

    private static async Task<byte[]> DocumentAsync(TarEntry entry, ArtifactLimits limits,
        CancellationToken cancellationToken)
    {
        if (entry.Length > limits.MaxDocumentBytes || entry.DataStream is null)
            throw TooLarge($"has a document of {entry.Length} bytes");
        var content = new byte[entry.Length];
        await entry.DataStream.ReadExactlyAsync(content, cancellationToken);
        return content;
    }

    private static T Read<T>(string work, OciDescriptor descriptor, ArtifactLimits limits)
    {
        var file = new FileInfo(BlobFile(work, descriptor.Digest));
        if (!file.Exists || file.Length != descriptor.Size)
            throw Damaged($"lacks the blob {descriptor.Digest}");
        if (file.Length > limits.MaxDocumentBytes)
            throw TooLarge($"has a document of {file.Length} bytes");
        return Parse<T>(File.ReadAllBytes(file.FullName));
    }

    private static T Parse<T>(byte[] json)
        => (T?)JsonSerializer.Deserialize(json, typeof(T), OciJson.Default) ?? throw Damaged("holds an empty document");

    private static OciDescriptor Single(IReadOnlyList<OciDescriptor> descriptors, string type)
        => descriptors.Count == 1 && descriptors[0].MediaType == type
            ? descriptors[0]
            : throw Damaged($"does not hold exactly one {type}");

    private static string BlobFile(string work, string digest)
        => ServiceParser.IsDigest(digest)
            ? Path.Combine(work, digest[Oci.DigestPrefix.Length..])
            : throw Damaged("names a blob by something else than a digest");

    private static PelagoException Damaged(string how)
        => new Failure(ErrorCodes.ArtifactInvalid, Sentence.End($"The artifact {how}"), "Deploy the application again.")
            .ToException();

    private static PelagoException TooLarge(string how)
        => new Failure(ErrorCodes.ArtifactTooLarge, $"The artifact {how}.",
            "Publish without what the application does not need at run time.").ToException();
}
