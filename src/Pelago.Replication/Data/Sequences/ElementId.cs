using System.Globalization;
using System.Text.Json.Serialization;

namespace Pelago.Replication;

/// <summary>Names an element of a <see cref="Sequence{T}"/> for ever: the event that inserted it, and its number among
/// those of that event. In JSON it is text, <c>region@incarnation#number.offset</c>.</summary>
[JsonConverter(typeof(ElementIdJson))]
public readonly record struct ElementId(Dot Dot, int Offset) : IComparable<ElementId>
{
    /// <summary>By event, then number.</summary>
    public int CompareTo(ElementId other)
    {
        var byDot = Dot.CompareTo(other.Dot);
        return byDot != 0 ? byDot : Offset.CompareTo(other.Offset);
    }

    /// <summary>The text form.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Dot}.{Offset}");

    /// <summary>Reads the text form.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static ElementId Parse(string text)
    {
        var dot = text.LastIndexOf('.');
        if (dot < 0 || !int.TryParse(
            text.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
        {
            throw new FormatException("An element's id has the form region@incarnation#number.offset.");
        }
        return new ElementId(Dot.Parse(text[..dot]), offset);
    }
}

/// <summary>The text form in JSON.</summary>
public sealed class ElementIdJson() : TextJson<ElementId>(ElementId.Parse);
