namespace Bookstore.Importer;

/// <summary>Order of Debian versions, <c>[epoch:]upstream[-revision]</c>, as Debian Policy section 5.6.12 defines
/// it: parts are compared as alternating runs of non-digits (letters before others, <c>~</c> before everything, even
/// the end) and of digits (as numbers).</summary>
public sealed class DebianVersion : IComparer<string>
{
    /// <summary>The comparer.</summary>
    public static readonly DebianVersion Order = new();

    /// <inheritdoc />
    public int Compare(string? x, string? y)
    {
        Split(x ?? "", out var epochX, out var upstreamX, out var revisionX);
        Split(y ?? "", out var epochY, out var upstreamY, out var revisionY);
        var byEpoch = CompareNumbers(epochX, epochY);
        if (byEpoch != 0)
            return byEpoch;
        var byUpstream = CompareParts(upstreamX, upstreamY);
        return byUpstream != 0 ? byUpstream : CompareParts(revisionX, revisionY);
    }

    private static void Split(
        string version, out ReadOnlySpan<char> epoch, out ReadOnlySpan<char> upstream, out ReadOnlySpan<char> revision)
    {
        var rest = version.AsSpan();
        var colon = rest.IndexOf(':');
        epoch = colon < 0 ? "0" : rest[..colon];
        rest = rest[(colon + 1)..];
        var hyphen = rest.LastIndexOf('-');
        upstream = hyphen < 0 ? rest : rest[..hyphen];
        revision = hyphen < 0 ? "0" : rest[(hyphen + 1)..];
    }

    private static int CompareParts(ReadOnlySpan<char> x, ReadOnlySpan<char> y)
    {
        while (!x.IsEmpty || !y.IsEmpty)
        {
            while ((!x.IsEmpty && !char.IsAsciiDigit(x[0])) || (!y.IsEmpty && !char.IsAsciiDigit(y[0])))
            {
                var byCharacter = Rank(x) - Rank(y);
                if (byCharacter != 0)
                    return byCharacter;
                x = Next(x);
                y = Next(y);
            }
            var byNumber = CompareNumbers(Digits(ref x), Digits(ref y));
            if (byNumber != 0)
                return byNumber;
        }
        return 0;
    }

    // A digit ends a run of non-digits, as the end of the text does.
    private static int Rank(ReadOnlySpan<char> text) => text.IsEmpty || char.IsAsciiDigit(text[0]) ? 0
        : text[0] == '~' ? -1
        : char.IsAsciiLetter(text[0]) ? text[0]
        : text[0] + 256;

    private static ReadOnlySpan<char> Next(ReadOnlySpan<char> text)
        => text.IsEmpty || char.IsAsciiDigit(text[0]) ? text : text[1..];

    private static ReadOnlySpan<char> Digits(ref ReadOnlySpan<char> text)
    {
        var length = 0;
        while (length < text.Length && char.IsAsciiDigit(text[length]))
            length++;
        var digits = text[..length];
        text = text[length..];
        return digits;
    }

    // Numbers of any length: dates with times are longer than 64 bits hold.
    private static int CompareNumbers(ReadOnlySpan<char> x, ReadOnlySpan<char> y)
    {
        x = x.TrimStart('0');
        y = y.TrimStart('0');
        return x.Length != y.Length ? x.Length - y.Length : x.SequenceCompareTo(y);
    }
}
