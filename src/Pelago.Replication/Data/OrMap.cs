using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Pelago.Replication;

/// <summary>Map of data types in which updating wins over a concurrent removal (OR-map; the semantics of Riak's map,
/// Brown et al. 2014): a removal takes back what its author had seen of the key, and nothing else. So a concurrent
/// update survives alone, and nothing that was removed comes back with it.</summary>
/// <remarks>Immutable; an operation costs O(log n) and that of the value. Values are counters
/// (<see cref="ResettableCounter"/>), registers (<see cref="MvRegister{T}"/>, also as last writer wins), flags, sets
/// and
/// <see cref="LwwMap{TKey,TValue}"/>.</remarks>
public sealed class OrMap<TKey, TValue> : ISettling<OrMap<TKey, TValue>>
    where TKey : notnull, IComparable<TKey> where TValue : class, IMapValue<TValue>
{
    private readonly ImmutableSortedDictionary<TKey, Held> entries;
    private readonly ImmutableSortedSet<TKey> open; // keys with something to settle

    private OrMap(ImmutableSortedDictionary<TKey, Held> entries, ImmutableSortedSet<TKey> open)
        => (this.entries, this.open) = (entries, open);

    /// <summary>From its JSON form.</summary>
    [JsonConstructor]
    public OrMap(ImmutableArray<OrMapEntry> entries) : this(ImmutableSortedDictionary.CreateRange(
        ElementOrder<TKey>.Comparer, (entries.IsDefault ? [] : entries).Select(e => KeyValuePair.Create(e.Key,
            new Held(new Presence(e.Settled, e.Dots.Normal()), e.Value)))),
        ImmutableSortedSet.CreateRange(ElementOrder<TKey>.Comparer, (entries.IsDefault ? [] : entries)
            .Where(e => !new Held(new Presence(e.Settled, e.Dots), e.Value).IsSettled).Select(e => e.Key)))
    {
    }

    /// <summary>What is held of a key.</summary>
    /// <param name="Key">The key.</param>
    /// <param name="Settled">True when a final event updated it.</param>
    /// <param name="Dots">Events not yet final that updated it.</param>
    /// <param name="Value">The value. Of a key that is not there: what its value keeps until it is final.</param>
    public readonly record struct OrMapEntry(TKey Key, bool Settled, ImmutableArray<Dot> Dots, TValue Value);

    /// <summary>No keys.</summary>
    public static OrMap<TKey, TValue> Empty { get; } = new(ImmutableArray<OrMapEntry>.Empty);

    /// <summary>What is held; part of the JSON form.</summary>
    public ImmutableArray<OrMapEntry> Entries => [.. entries.Select(e => new OrMapEntry(
        e.Key, e.Value.Presence.Settled, e.Value.Presence.Dots, e.Value.Value))];

    /// <summary>The keys that are there, sorted, with their values.</summary>
    [JsonIgnore]
    public IEnumerable<KeyValuePair<TKey, TValue>> Items => entries.Where(e => e.Value.Presence.IsAny)
        .Select(e => KeyValuePair.Create(e.Key, e.Value.Value));

    /// <summary>True when the key is there: an update of it has been seen by no removal.</summary>
    public bool Contains(TKey key) => entries.TryGetValue(key, out var held) && held.Presence.IsAny;

    /// <summary>The value of a key; an empty one when it is not there.</summary>
    public TValue this[TKey key]
        => entries.TryGetValue(key, out var held) && held.Presence.IsAny ? held.Value : TValue.Empty;

    /// <summary>The map after an operation on a key's value; the key is there afterwards.</summary>
    /// <param name="key">The key; a new one begins with the empty value.</param>
    /// <param name="context">The event's context, which <paramref name="change"/> hands to the value as well.</param>
    /// <param name="change">The operation.</param>
    public OrMap<TKey, TValue> Update(TKey key, in EventContext context, Func<TValue, TValue> change)
    {
        var (presence, value) = entries.TryGetValue(key, out var held) ? held : new Held(default, TValue.Empty);
        return Put(key, new Held(presence.With(context), change(value)));
    }

    /// <summary>The map without what the author had seen of a key.</summary>
    public OrMap<TKey, TValue> Remove(TKey key, in EventContext context) => entries.TryGetValue(key, out var held)
        ? Put(key, new Held(held.Presence.Without(context), held.Value.Reset(context))) : this;

    /// <inheritdoc />
    public OrMap<TKey, TValue> Settle(Horizon horizon)
    {
        var next = this;
        foreach (var key in open)
        {
            var (presence, value) = entries[key];
            next = next.Put(key, new Held(presence.Settle(horizon), value.Settle(horizon)));
        }
        return next;
    }

    private OrMap<TKey, TValue> Put(TKey key, Held held) => new(
        held.IsNothing ? entries.Remove(key) : entries.SetItem(key, held),
        held.IsNothing || held.IsSettled ? open.Remove(key) : open.Add(key));

    private readonly record struct Held(Presence Presence, TValue Value)
    {
        public bool IsSettled => Presence.IsSettled && Value.IsSettled;

        public bool IsNothing => !Presence.IsAny && Value.IsEmpty;
    }
}
