using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Pelago.Model;

namespace Pelago.Api;

/// <summary>Opaque bearer tokens (RFC 6750): only hashes are kept, and hashes are compared in constant time.</summary>
public static class BearerToken
{
    private const string Scheme = "Bearer ";
    private const int MaxChars = 512;

    /// <summary>SHA-256 of a token in lower-case hex: the form that is stored.</summary>
    public static string Hash(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    /// <summary>Whether a token has this hash; takes as long for a near miss as for a far one.</summary>
    public static bool Matches(string? token, string sha256)
        => token is { Length: > 0 and <= MaxChars }
        && CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(Hash(token)), Encoding.ASCII.GetBytes(sha256));

    /// <summary>Whether the request carries the token with this hash in its one <c>Authorization</c> header.</summary>
    public static bool Authorizes(HttpRequest request, string sha256)
        => request.Headers.Authorization is [{ } value]
        && value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        && Matches(value[Scheme.Length..].Trim(), sha256);

    /// <summary>The refusal.</summary>
    public static Failure Refusal { get; } = new(ErrorCodes.NotSignedIn,
        "The request carries no bearer token that is known here.",
        "Send 'Authorization: Bearer' with the administrator's token.");
}
