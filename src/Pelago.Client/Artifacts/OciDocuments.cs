using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pelago.Client;

/// <summary>The documents of an image layout, OCI image specification 1.1: only the members that Pelago writes and
/// needs; others are ignored when read.</summary>
internal static class Oci
{
    public const string LayoutFile = "oci-layout";
    public const string IndexFile = "index.json";
    public const string BlobPrefix = "blobs/sha256/";
    public const string DigestPrefix = "sha256:";
    public const string IndexType = "application/vnd.oci.image.index.v1+json";
    public const string ManifestType = "application/vnd.oci.image.manifest.v1+json";
    public const string ConfigType = "application/vnd.oci.image.config.v1+json";
    public const string LayerType = "application/vnd.oci.image.layer.v1.tar+gzip";

    /// <summary>Where the application lies in the image's file system.</summary>
    public const string WorkingDirectory = "/app";

    /// <summary>The same as a prefix of names in the layer.</summary>
    public const string LayerPrefix = "app/";

    public static string DigestOf(ReadOnlySpan<byte> content)
        => DigestPrefix + Convert.ToHexStringLower(SHA256.HashData(content));

    public static byte[] Write<T>(T document)
        => JsonSerializer.SerializeToUtf8Bytes(document, typeof(T), OciJson.Default);
}

internal sealed record OciLayout(string ImageLayoutVersion);

internal sealed record OciDescriptor(string MediaType, string Digest, long Size);

internal sealed record OciIndex(int SchemaVersion, string MediaType, IReadOnlyList<OciDescriptor> Manifests);

internal sealed record OciManifest(
    int SchemaVersion, string MediaType, OciDescriptor Config, IReadOnlyList<OciDescriptor> Layers);

internal sealed record OciImage(string Architecture, string Os, OciRun Config, OciRoot Rootfs);

internal sealed record OciRun(
    [property: JsonPropertyName("Entrypoint")] IReadOnlyList<string> Entrypoint,
    [property: JsonPropertyName("WorkingDir")] string WorkingDir);

internal sealed record OciRoot(string Type, [property: JsonPropertyName("diff_ids")] IReadOnlyList<string> DiffIds);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(OciLayout))]
[JsonSerializable(typeof(OciIndex))]
[JsonSerializable(typeof(OciManifest))]
[JsonSerializable(typeof(OciImage))]
internal sealed partial class OciJson : JsonSerializerContext;
