using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Pelago.Replication;

/// <summary>Grow-only set (G-set; Shapiro et al. 2011): what one region has added is there for ever.</summary>
/// <remarks>Immutable. Text is compared ordinally, everything else by its own order, which has to agree with its JSON
/// form: two elements that compare as equal are one.</remarks>
public sealed class GrowSet<T> where T : notnull, IComparable<T>
{
    /// <summary>Nothing.</summary>
    public static readonly GrowSet<T> Empty = new(ImmutableSortedSet.Create(ElementOrder<T>.Comparer));

    private readonly ImmutableSortedSet<T> items;

    private GrowSet(ImmutableSortedSet<T> items) => this.items = items;

    /// <summary>From its JSON form.</summary>
    [JsonConstructor]
    public GrowSet(ImmutableArray<T> items)
        : this(ImmutableSortedSet.Create(ElementOrder<T>.Comparer, items.IsDefault ? [] : items.AsSpan()))
    {
    }

    /// <summary>The elements, sorted.</summary>
    public ImmutableArray<T> Items => [.. items];

    /// <summary>Number of elements.</summary>
    [JsonIgnore]
    public int Count => items.Count;

    /// <summary>True when the element was added.</summary>
    public bool Contains(T item) => items.Contains(item);

    /// <summary>With one more element.</summary>
    public GrowSet<T> Add(T item) => items.Contains(item) ? this : new GrowSet<T>(items.Add(item));
}
