using System.Text.Json.Serialization;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Order of writes for last-writer-wins: later timestamp, then the ordinally lower region name, then the
/// later life of that region wins. So the write that counts is the last in the total order, whichever arrives
/// first.</summary>
/// <param name="Timestamp">When it was written.</param>
/// <param name="Region">Where.</param>
/// <param name="Life">In which life of the region's journal: two of them may write at one time, a copy of a journal and
/// its original for example. None in states that were stored before lives were kept.</param>
public readonly record struct Stamp(
    HybridTimestamp Timestamp,
    string Region,
    [property: JsonConverter(typeof(LifeJson))]
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    Incarnation Life = default) : IComparable<Stamp>
{
    /// <summary>Before every write.</summary>
    public static readonly Stamp None = new(default, "");

    /// <inheritdoc />
    public int CompareTo(Stamp other)
    {
        var byTime = Timestamp.CompareTo(other.Timestamp);
        if (byTime != 0)
            return byTime;
        var byRegion = string.CompareOrdinal(other.Region ?? "", Region ?? "");
        return byRegion != 0 ? byRegion : Life.CompareTo(other.Life);
    }
}

/// <summary>The usual text form of a life in JSON, 8-4-4-4-12.</summary>
public sealed class LifeJson() : TextJson<Incarnation>(Incarnation.Parse);
