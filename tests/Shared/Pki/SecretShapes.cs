using System.Security.Cryptography;
using System.Text;

namespace Pelago.Tests.Pki;

/// <summary>Looks for a private key in bytes, in the shapes that it could leak in.</summary>
internal static class SecretShapes
{
    /// <summary>The shape that was found, or null.</summary>
    public static string? FindIn(ReadOnlySpan<byte> bytes, ECDsa key)
    {
        var scalar = key.ExportParameters(includePrivateParameters: true).D!;
        var reversed = (byte[])scalar.Clone();
        Array.Reverse(reversed);
        (string Shape, byte[] Needle)[] shapes =
        [
            ("the number itself", scalar),
            ("the number, little end first", reversed),
            ("hex", Encoding.ASCII.GetBytes(Convert.ToHexStringLower(scalar))),
            ("upper-case hex", Encoding.ASCII.GetBytes(Convert.ToHexString(scalar))),
            // Base64 of the number at each of the three alignments, without the characters that its neighbours change.
            .. Enumerable.Range(0, 3).Select(shift => ($"base64, {shift}", Base64At(scalar, shift))),
        ];
        foreach (var (shape, needle) in shapes)
        {
            if (bytes.IndexOf(needle) >= 0)
                return shape;
        }
        // PEM breaks lines in the middle of everything.
        var joined = Encoding.Latin1.GetString(bytes).Replace("\n", "", StringComparison.Ordinal);
        return shapes.Skip(4).Where(s => joined.Contains(Encoding.ASCII.GetString(s.Needle), StringComparison.Ordinal))
            .Select(s => s.Shape).FirstOrDefault();
    }

    private static byte[] Base64At(byte[] scalar, int shift)
    {
        var text = Convert.ToBase64String([.. new byte[shift], .. scalar]);
        return Encoding.ASCII.GetBytes(text[4..40]);
    }
}
