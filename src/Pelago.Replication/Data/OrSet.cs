using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Pelago.Replication;

/// <summary>Observed-remove set, in which adding wins (OR-set; Shapiro et al. 2011, in the form without tombstones of
/// Bieniusa et al. 2012): an element is there when an addition of it has been seen by no removal of it.</summary>
/// <remarks>Immutable; an operation costs O(log n). A removal leaves nothing behind: causal delivery brings every
/// addition that it has seen before it. An element keeps the dots of its newest additions until they are final. Text
/// is compared ordinally, everything else by its own order, which has to agree with its JSON form.</remarks>
public sealed class OrSet<T> : IMapValue<OrSet<T>> where T : notnull, IComparable<T>
{
    private readonly ImmutableSortedDictionary<T, Presence> items;
    private readonly ImmutableSortedSet<T> open; // elements with dots: settling looks at no others

    private OrSet(ImmutableSortedDictionary<T, Presence> items, ImmutableSortedSet<T> open)
        => (this.items, this.open) = (items, open);

    /// <summary>From its JSON form.</summary>
    /// <param name="settled">Elements whose additions are final.</param>
    /// <param name="recent">The others.</param>
    [JsonConstructor]
    public OrSet(ImmutableArray<T> settled, ImmutableArray<OrSetAddition> recent) : this(
        ImmutableSortedDictionary.CreateRange(ElementOrder<T>.Comparer,
            (settled.IsDefault ? [] : settled).Select(item => KeyValuePair.Create(item, new Presence(true, [])))
                .Concat((recent.IsDefault ? [] : recent).Select(r => KeyValuePair.Create(r.Item,
                    new Presence(r.Settled, r.Dots.Normal()))))),
        ImmutableSortedSet.CreateRange(ElementOrder<T>.Comparer,
            (recent.IsDefault ? [] : recent).Select(r => r.Item)))
    {
    }

    /// <summary>An element that was added by events that are not all final.</summary>
    /// <param name="Item">The element.</param>
    /// <param name="Settled">True when a final event added it, too.</param>
    /// <param name="Dots">The events that are not final.</param>
    public readonly record struct OrSetAddition(T Item, bool Settled, ImmutableArray<Dot> Dots);

    /// <inheritdoc />
    public static OrSet<T> Empty { get; } = new(ImmutableArray<T>.Empty, []);

    /// <summary>The elements, sorted.</summary>
    [JsonIgnore]
    public IEnumerable<T> Items => items.Keys;

    /// <summary>Number of elements.</summary>
    [JsonIgnore]
    public int Count => items.Count;

    /// <inheritdoc />
    [JsonIgnore]
    public bool IsEmpty => items.IsEmpty;

    /// <inheritdoc />
    [JsonIgnore]
    public bool IsSettled => open.IsEmpty;

    /// <summary>Elements whose additions are final; part of the JSON form.</summary>
    public ImmutableArray<T> Settled => [.. items.Where(i => i.Value.IsSettled).Select(i => i.Key)];

    /// <summary>The other elements; part of the JSON form.</summary>
    public ImmutableArray<OrSetAddition> Recent
        => [.. open.Select(item => new OrSetAddition(item, items[item].Settled, items[item].Dots))];

    /// <summary>True when the element is there.</summary>
    public bool Contains(T item) => items.ContainsKey(item);

    /// <summary>With the element, whatever anybody removes at the same time.</summary>
    public OrSet<T> Add(T item, in EventContext context)
        => new(items.SetItem(item, items.GetValueOrDefault(item).With(context)), open.Add(item));

    /// <summary>Without the element, as far as the author had seen it added.</summary>
    public OrSet<T> Remove(T item, in EventContext context)
        => items.TryGetValue(item, out var presence) ? Put(item, presence.Without(context)) : this;

    /// <summary>Without all that the author had seen.</summary>
    public OrSet<T> Reset(in EventContext context)
    {
        var next = this;
        foreach (var (item, presence) in items)
            next = next.Put(item, presence.Without(context));
        return next;
    }

    /// <inheritdoc />
    public OrSet<T> Settle(Horizon horizon)
    {
        var next = this;
        foreach (var item in open)
            next = next.Put(item, items[item].Settle(horizon));
        return next;
    }

    private OrSet<T> Put(T item, Presence presence) => new(
        presence.IsAny ? items.SetItem(item, presence) : items.Remove(item),
        presence.IsSettled ? open.Remove(item) : open.Add(item));
}
