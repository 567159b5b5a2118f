using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>Texts that stand for a version of a service.</summary>
internal static class ServiceVersions
{
    /// <summary>The resource version: number of the entity's events in this region, which grows with each.</summary>
    public static string Text(ulong events) => events.ToString(CultureInfo.InvariantCulture);

    /// <summary>The revision that an instance is started for: a hash of what an instance is made of. A change of
    /// anything else, the public name for one, leaves running instances alone.</summary>
    public static string RevisionOf(ServiceSpec spec)
    {
        var text = new StringBuilder(spec.Artifact).Append('\n').Append(spec.Replicated).Append('\n');
        foreach (var (name, value) in spec.Environment.OrderBy(e => e.Key, StringComparer.Ordinal))
            text.Append(CultureInfo.InvariantCulture, $"{name.Length}:{name}={value.Length}:{value}\n");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 6));
    }
}
