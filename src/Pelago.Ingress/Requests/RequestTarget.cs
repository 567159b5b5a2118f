using Pelago.Model;

namespace Pelago.Ingress;

/// <summary>Stage 1: the request's target as it was received. Routing looks at these characters and the instance
/// receives the same ones, so nobody can be told one path and shown another.</summary>
/// <remarks>Passing everything unchanged is not enough: what one reader takes literally, the next one decodes. So
/// whatever two readers may resolve differently is refused: dot segments in any spelling, backslashes, NUL, broken
/// escapes, characters that do not belong into a target (RFC 3986, section 3.3). An encoded slash has one meaning
/// everywhere it is left alone, and is.</remarks>
internal static class RequestTarget
{
    /// <summary>Null when the target is unambiguous; otherwise what it holds.</summary>
    public static string? Check(ReadOnlySpan<char> target)
    {
        if (target.IsEmpty || target[0] != '/')
            return "is not a path that begins with '/'";
        var query = target.IndexOf('?');
        var path = query < 0 ? target : target[..query];
        foreach (var c in target)
        {
            if (c is <= ' ' or >= '\u007f')
                return "holds a character that is not printable ASCII";
            if (c is '#')
                return "holds a fragment";
        }
        return CheckEscapes(path) ?? CheckSegments(path);
    }

    /// <summary>The path alone, without the query.</summary>
    public static ReadOnlySpan<char> PathOf(string target)
    {
        var query = target.IndexOf('?', StringComparison.Ordinal);
        return query < 0 ? target : target.AsSpan(0, query);
    }

    /// <summary>The refusal for the client.</summary>
    public static Failure Ambiguous(string what) =>
        new(
            ErrorCodes.AmbiguousPath,
            $"The request's path {what}.",
            "Send a plain path; escape with %XX where needed."
        );

    private static string? CheckEscapes(ReadOnlySpan<char> path)
    {
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] == '\\')
                return "holds a backslash";
            if (path[i] != '%')
                continue;
            if (i + 2 >= path.Length || !char.IsAsciiHexDigit(path[i + 1]) || !char.IsAsciiHexDigit(path[i + 2]))
                return "holds an incomplete escape";
            var value = (Hex(path[i + 1]) << 4) | Hex(path[i + 2]);
            if (value is < 0x20 or 0x7f)
                return "holds an escaped control character";
            if (value == '\\')
                return "holds an escaped backslash";
        }
        return null;
    }

    private static string? CheckSegments(ReadOnlySpan<char> path)
    {
        // An escaped slash ends a segment too: to a reader that decodes it, "a%2f..%2fb" is a dot segment.
        var dots = 0;
        var other = false;
        for (var i = 0; i <= path.Length; i++)
        {
            var c = i == path.Length ? '/' : path[i];
            if (c == '%')
            {
                c = (char)((Hex(path[i + 1]) << 4) | Hex(path[i + 2]));
                i += 2;
            }
            if (c == '/')
            {
                if (!other && dots is 1 or 2)
                    return "holds a dot segment";
                (dots, other) = (0, false);
            }
            else if (c == '.')
            {
                dots++;
            }
            else if (c == ';')
            {
                // Some servers cut parameters off before they resolve dots: "/..;x/" is "/../" to them.
                if (!other && dots is 1 or 2)
                    return "holds a dot segment";
                other = true;
            }
            else
            {
                other = true;
            }
        }
        return null;
    }

    private static int Hex(char c) => c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}
