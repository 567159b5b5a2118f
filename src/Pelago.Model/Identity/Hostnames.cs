using System.Security.Cryptography;
using System.Text;

namespace Pelago.Model;

/// <summary>Rules of host names, and the names that Pelago makes.</summary>
public static class Hostnames
{
    /// <summary>Longest host name (RFC 1035, section 2.3.4, without the root's dot).</summary>
    public const int MaxLength = 253;

    private const int MaxLabel = 63;
    private const string HashAlphabet = "abcdefghijklmnopqrstuvwxyz234567";

    /// <summary>Whether a name is written the one way that Pelago accepts: at least two labels of a–z, 0–9 and inner
    /// hyphens (RFC 1123), lower case, at most 253 characters; no wildcard, no trailing dot, nothing that is not
    /// ASCII.</summary>
    public static bool IsStrict(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > MaxLength)
            return false;
        var labels = 0;
        foreach (var range in name.Split('.'))
        {
            labels++;
            if (!IsLabel(name[range]))
                return false;
        }
        return labels >= 2;
    }

    /// <summary>Whether <paramref name="name"/> is <paramref name="parent"/> or lies under it, label by
    /// label.</summary>
    public static bool IsUnder(string name, string parent)
        => name == parent
            || (name.Length > parent.Length + 1
                && name.EndsWith(parent, StringComparison.Ordinal)
                && name[^(parent.Length + 1)] == '.');

    /// <summary>A service's automatic public name: <c>service-project.apps</c>, with a six-character hash of both when
    /// either holds a hyphen (otherwise <c>a-b</c>/<c>c</c> and <c>a</c>/<c>b-c</c> would share a name) or the label
    /// would be too long.</summary>
    public static string Generated(string service, string project, string appsHostname)
    {
        var label = $"{service}-{project}";
        if (!service.Contains('-') && !project.Contains('-') && label.Length <= MaxLabel)
            return $"{label}.{appsHostname}";
        var digest = SHA256.HashData(Encoding.ASCII.GetBytes($"{service}/{project}"));
        var hash = string.Create(6, digest, static (to, from) =>
        {
            for (var i = 0; i < to.Length; i++)
                to[i] = HashAlphabet[from[i] & 31];
        });
        var room = MaxLabel - hash.Length - 1;
        var head = label.Length <= room ? label : label[..room].TrimEnd('-');
        return $"{head}-{hash}.{appsHostname}";
    }

    /// <summary>The inter-region ingress of a region.</summary>
    public static string Ingress(string appsHostname) => $"ingress.svc.{appsHostname}";

    /// <summary>The Execution API of a region, or the Management API of the federation plane.</summary>
    public static string Api(string platformHostname) => $"api.{platformHostname}";

    private static bool IsLabel(ReadOnlySpan<char> label)
    {
        if (label.Length is 0 or > MaxLabel || label[0] == '-' || label[^1] == '-')
            return false;
        foreach (var c in label)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-')
                return false;
        }
        return true;
    }
}
