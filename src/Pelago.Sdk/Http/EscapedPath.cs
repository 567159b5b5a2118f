using System.Globalization;
using System.Text;
using Pelago.Model;

namespace Pelago.Sdk;

/// <summary>Refuses paths whose escapes do not come back as they were meant. The server decodes every escape but that
/// of a slash, so that <c>a%2fb</c> and <c>a%252fb</c> would name one entity; and escapes that are no UTF-8 stay as
/// they are, and would name the same as their escaped escapes.</summary>
internal static class EscapedPath
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>Null when every escape of the path has one meaning (RFC 3986, section 2.1).</summary>
    /// <param name="target">The request target as it came.</param>
    public static Failure? Check(string target)
    {
        if (!target.Contains('%', StringComparison.Ordinal))
            return null;
        var bytes = new List<byte>(target.Length);
        for (var i = 0; i < target.Length && target[i] != '?'; i++)
        {
            if (target[i] != '%')
            {
                bytes.Add((byte)target[i]); // the server has refused what is not ASCII
                continue;
            }
            if (i + 2 >= target.Length
                || !byte.TryParse(target.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, null, out var value))
                return Bad("an escape that is not two hexadecimal digits");
            if (value == '/')
                return Bad("an escaped slash, which ids in a path cannot hold");
            bytes.Add(value);
            i += 2;
        }
        try
        {
            Strict.GetCharCount([.. bytes]);
            return null;
        }
        catch (DecoderFallbackException)
        {
            return Bad("escapes that are not UTF-8");
        }
    }

    private static Failure Bad(string what) => new(ErrorCodes.AmbiguousPath, $"The path has {what}.",
        "Escape UTF-8 text, and choose ids without a slash.", "path");
}
