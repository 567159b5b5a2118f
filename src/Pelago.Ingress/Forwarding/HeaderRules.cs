using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;

namespace Pelago.Ingress;

/// <summary>Which headers go on.</summary>
internal static class HeaderRules
{
    public const string Client = "Pelago-Client";
    public const string IngressSecret = "Pelago-Ingress-Secret";

    // Headers by which servers are told who a caller is. Only the ingress says that.
    private static readonly FrozenSet<string> Identity = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        Client, IngressSecret, "X-Forwarded-Client-Cert", "Client-Cert", "Client-Cert-Chain");

    // RFC 9110, section 7.6.1, and what is written anew for the next hop.
    private static readonly FrozenSet<string> HopByHop = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Connection",
        "Keep-Alive",
        "Proxy-Connection",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "Proxy-Authentication-Info",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "HTTP2-Settings",
        "Expect",
        "Host"
    );

    private static readonly FrozenSet<string> Forwarding = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Real-IP");

    /// <summary>Whether a header of a request from outside goes on to the instance.</summary>
    public static bool PassesIn(string name, IHeaderDictionary all)
        => name[0] != ':' && !HopByHop.Contains(name) && !IsOurs(name) && !IsNamedByConnection(name, all);

    /// <summary>Whether a header of an instance's answer goes out.</summary>
    public static bool PassesOut(string name, IEnumerable<string>? connection)
        => !HopByHop.Contains(name) && !Identity.Contains(name)
            && (connection is null || !connection.Contains(name, StringComparer.OrdinalIgnoreCase));

    // Some servers read underscores in header names as hyphens, so both spellings count as one.
    private static bool IsOurs(string name)
    {
        var spelled = name.Contains('_') ? name.Replace('_', '-') : name;
        return Identity.Contains(spelled) || Forwarding.Contains(spelled);
    }

    // The server library reduces "close, X" to "close", so X is seen here only when it stands alone. That costs nothing
    // but tidiness: no header that anybody relies on goes away by being named there.
    private static bool IsNamedByConnection(string name, IHeaderDictionary all)
    {
        foreach (var value in all.Connection)
        {
            foreach (var token in value.AsSpan().Split(','))
            {
                if (value.AsSpan(token).Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
                    return true;
            }
        }
        return false;
    }
}
