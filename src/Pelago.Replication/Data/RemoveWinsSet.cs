using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Pelago.Replication;

/// <summary>Set in which removing wins, for grants: an element is there when an addition of it has seen every removal
/// of it. Who revokes is not overruled by who grants at the same time, nor by two who each saw one of two
/// revocations.</summary>
/// <remarks>Immutable; an operation costs O(log n). A removal is remembered until it is final, because an addition that
/// has not seen it may still arrive; what comes after that has seen it. As a map's value, removing its key takes back
/// the additions that it has seen, and no removal: it never grants. Text is compared ordinally, everything else by
/// its own order, which has to agree with its JSON form.</remarks>
public sealed class RemoveWinsSet<T> : IMapValue<RemoveWinsSet<T>> where T : notnull, IComparable<T>
{
    private readonly ImmutableSortedDictionary<T, Entry> entries;
    private readonly ImmutableSortedSet<T> open; // elements with dots: settling looks at no others

    private RemoveWinsSet(ImmutableSortedDictionary<T, Entry> entries, ImmutableSortedSet<T> open)
        => (this.entries, this.open) = (entries, open);

    /// <summary>From its JSON form.</summary>
    /// <param name="settled">Elements about which everything is final.</param>
    /// <param name="recent">Elements, there or not, about which something is not.</param>
    [JsonConstructor]
    public RemoveWinsSet(ImmutableArray<T> settled, ImmutableArray<RemoveWinsEntry> recent) : this(
        ImmutableSortedDictionary.CreateRange(ElementOrder<T>.Comparer,
            (settled.IsDefault ? [] : settled).Select(i => KeyValuePair.Create(i, new Entry(new(true, []), [])))
                .Concat((recent.IsDefault ? [] : recent).Select(r => KeyValuePair.Create(r.Item,
                    new Entry(new Presence(r.Settled, r.Dots.Normal()), r.Removals.Normal()))))),
        ImmutableSortedSet.CreateRange(ElementOrder<T>.Comparer,
            (recent.IsDefault ? [] : recent).Select(r => r.Item)))
    {
    }

    /// <summary>An element that was added or removed by events that are not all final.</summary>
    /// <param name="Item">The element.</param>
    /// <param name="Settled">True when a final event added it, and nothing since has removed it.</param>
    /// <param name="Dots">Events not yet final that added it and have seen all removals.</param>
    /// <param name="Removals">Events not yet final that removed it.</param>
    public readonly record struct RemoveWinsEntry(
        T Item, bool Settled, ImmutableArray<Dot> Dots, ImmutableArray<Dot> Removals);

    /// <inheritdoc />
    public static RemoveWinsSet<T> Empty { get; } = new(ImmutableArray<T>.Empty, []);

    /// <summary>The elements, sorted.</summary>
    [JsonIgnore]
    public IEnumerable<T> Items => entries.Where(e => e.Value.Additions.IsAny).Select(e => e.Key);

    /// <inheritdoc />
    [JsonIgnore]
    public bool IsEmpty => entries.IsEmpty;

    /// <inheritdoc />
    [JsonIgnore]
    public bool IsSettled => open.IsEmpty;

    /// <summary>Elements about which everything is final; part of the JSON form.</summary>
    public ImmutableArray<T> Settled => [.. entries.Where(e => e.Value.IsSettled).Select(e => e.Key)];

    /// <summary>The other elements; part of the JSON form.</summary>
    public ImmutableArray<RemoveWinsEntry> Recent => [.. open.Select(item =>
    {
        var (additions, removals) = entries[item];
        return new RemoveWinsEntry(item, additions.Settled, additions.Dots, removals);
    })];

    /// <summary>True when the element is there.</summary>
    public bool Contains(T item) => entries.TryGetValue(item, out var entry) && entry.Additions.IsAny;

    /// <summary>With the element, unless somebody has removed it whose removal the author had not seen.</summary>
    public RemoveWinsSet<T> Add(T item, in EventContext context)
    {
        var (additions, removals) = Of(item);
        foreach (var removal in removals)
        {
            if (!context.HasSeen(removal))
                return this;
        }
        return Put(item, new Entry(additions.With(context), removals));
    }

    /// <summary>Without the element, whatever anybody adds at the same time.</summary>
    public RemoveWinsSet<T> Remove(T item, in EventContext context)
        => Put(item, new Entry(new Presence(false, []),
            Of(item).Removals.Without(context).Including(context.Dot)));

    /// <inheritdoc />
    public RemoveWinsSet<T> Reset(in EventContext context)
    {
        var next = this;
        foreach (var (item, (additions, removals)) in entries)
            next = next.Put(item, new Entry(additions.Without(context), removals));
        return next;
    }

    /// <inheritdoc />
    public RemoveWinsSet<T> Settle(Horizon horizon)
    {
        var next = this;
        foreach (var item in open)
        {
            var (additions, removals) = entries[item];
            next = next.Put(item, new Entry(additions.Settle(horizon), removals.Beyond(horizon)));
        }
        return next;
    }

    private Entry Of(T item) => entries.TryGetValue(item, out var entry) ? entry : new Entry(new(false, []), []);

    private RemoveWinsSet<T> Put(T item, Entry entry) => new(
        entry.IsNothing ? entries.Remove(item) : entries.SetItem(item, entry),
        entry.IsNothing || entry.IsSettled ? open.Remove(item) : open.Add(item));

    private readonly record struct Entry(Presence Additions, ImmutableArray<Dot> Removals)
    {
        public bool IsSettled => Additions.IsSettled && Removals.IsEmpty;

        public bool IsNothing => !Additions.IsAny && Removals.IsEmpty;
    }
}
