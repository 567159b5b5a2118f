using System.Collections;

namespace Pelago.Region;

/// <summary>What an instance may have of the environment in which its region was started. A user's program must not
/// find the keys and tokens of whoever ran <c>pelago up</c>; what it needs, its service declares.</summary>
internal static class InheritedEnvironment
{
    private static readonly string[] Names =
        ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE",
            "SSL_CERT_DIR"];

    private static readonly string[] Prefixes = ["LC_", "DOTNET_"];

    /// <summary>Changes that take everything else out.</summary>
    /// <param name="present">The region's own environment.</param>
    public static Dictionary<string, string?> Without(IDictionary present)
        => present.Keys.Cast<string>().Where(name => !IsKept(name))
            .ToDictionary(name => name, _ => (string?)null, StringComparer.Ordinal);

    private static bool IsKept(string name) => Names.Contains(name, StringComparer.Ordinal)
        || Prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));
}
