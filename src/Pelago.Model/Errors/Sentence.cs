namespace Pelago.Model;

/// <summary>Composes sentences of parts that others wrote: the message of an exception ends with a full stop or does
/// not, as its author liked.</summary>
public static class Sentence
{
    /// <summary>The text with one full stop at its end, whether it came with none, one or more.</summary>
    public static string End(string text) => text.AsSpan().TrimEnd(". \r\n").ToString() + ".";
}
