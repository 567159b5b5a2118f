using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Security.Cryptography;

namespace Pelago.Client;

/// <summary>Which program this is. Two builds of one version differ in <see cref="Build"/>: it is made of the module
/// version ids of Pelago's assemblies, which the compiler derives from their content.</summary>
/// <param name="Version">Version, three numbers.</param>
/// <param name="Build">Twelve hexadecimal digits.</param>
public sealed record BuildIdentity(string Version, string Build)
{
    /// <summary>This process's program, read once.</summary>
    public static BuildIdentity Current { get; } = Of(AppContext.BaseDirectory);

    /// <summary>The program whose assemblies are in a directory.</summary>
    public static BuildIdentity Of(string directory)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in Directory.EnumerateFiles(directory, "*.dll")
            .Where(f => Path.GetFileName(f).StartsWith("pelago", StringComparison.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal))
        {
            using var image = new PEReader(File.OpenRead(file));
            var metadata = image.GetMetadataReader();
            hash.AppendData(metadata.GetGuid(metadata.GetModuleDefinition().Mvid).ToByteArray());
        }
        var version = typeof(BuildIdentity).Assembly.GetName().Version?.ToString(fieldCount: 3) ?? "0.0.0";
        return new BuildIdentity(version, Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 6)));
    }

    /// <inheritdoc />
    public override string ToString() => $"{Version}+{Build}";
}
