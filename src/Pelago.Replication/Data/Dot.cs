using System.Globalization;
using System.Text.Json.Serialization;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Names one event of an entity: its origin and its number there (a "dot" of the version vector; Preguiça et
/// al. 2010). In JSON it is text, <c>region@incarnation#number</c>.</summary>
[JsonConverter(typeof(DotJson))]
public readonly record struct Dot(Origin Origin, ulong Sequence) : IComparable<Dot>
{
    /// <summary>By origin, then number.</summary>
    public int CompareTo(Dot other)
    {
        var byOrigin = Comparer<Origin>.Default.Compare(Origin, other.Origin);
        return byOrigin != 0 ? byOrigin : Sequence.CompareTo(other.Sequence);
    }

    /// <summary>The text form.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Origin}#{Sequence}");

    /// <summary>Reads the text form.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static Dot Parse(string text)
    {
        var (at, number) = (text.IndexOf('@', StringComparison.Ordinal), text.LastIndexOf('#'));
        if (at <= 0 || number < at || !ulong.TryParse(
            text.AsSpan(number + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var sequence))
        {
            throw new FormatException("A dot has the form region@incarnation#number.");
        }
        return new Dot(new Origin(text[..at], Incarnation.Parse(text[(at + 1)..number])), sequence);
    }
}

/// <summary>The text form in JSON.</summary>
public sealed class DotJson() : TextJson<Dot>(Dot.Parse);
