using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Pelago.Replication;

/// <summary>Map whose keys are last-writer-wins registers: of concurrent writes and removals of a key the last in the
/// total order counts (later timestamp, and at equal times the lower region name).</summary>
/// <remarks>
/// <para>Immutable; an operation costs O(log n). A removal is remembered until it is final, because a write with an
/// earlier timestamp may still arrive; what comes after that has a later one.</para>
/// <para>Writes that lost are remembered until they are final, too: when the map is a value of an
/// <see cref="OrMap{TKey,TValue}"/>, the winner alone may be taken back by somebody who had not seen the loser.</para>
/// </remarks>
public sealed class LwwMap<TKey, TValue> : IMapValue<LwwMap<TKey, TValue>> where TKey : notnull, IComparable<TKey>
{
    private readonly ImmutableSortedDictionary<TKey, ImmutableArray<Written<TValue>>> entries;
    private readonly ImmutableSortedSet<TKey> open; // keys with writes that are not final

    private LwwMap(
        ImmutableSortedDictionary<TKey, ImmutableArray<Written<TValue>>> entries, ImmutableSortedSet<TKey> open)
        => (this.entries, this.open) = (entries, open);

    /// <summary>From its JSON form.</summary>
    [JsonConstructor]
    public LwwMap(ImmutableArray<LwwMapEntry> entries) : this(
        ImmutableSortedDictionary.CreateRange(ElementOrder<TKey>.Comparer,
            (entries.IsDefault ? [] : entries).Select(e => KeyValuePair.Create(e.Key, e.Writes.Sorted()))),
        ImmutableSortedSet.CreateRange(ElementOrder<TKey>.Comparer,
            (entries.IsDefault ? [] : entries).Where(e => !IsDone(e.Writes)).Select(e => e.Key)))
    {
    }

    /// <summary>What was written to a key.</summary>
    /// <param name="Key">The key.</param>
    /// <param name="Writes">Writes and removals that no later one has seen, the winner last.</param>
    public readonly record struct LwwMapEntry(TKey Key, ImmutableArray<Written<TValue>> Writes);

    /// <inheritdoc />
    public static LwwMap<TKey, TValue> Empty { get; } = new([]);

    /// <summary>Keys and what was written to them; part of the JSON form.</summary>
    public ImmutableArray<LwwMapEntry> Entries => [.. entries.Select(e => new LwwMapEntry(e.Key, e.Value))];

    /// <summary>The keys that have a value, sorted, with their values.</summary>
    [JsonIgnore]
    public IEnumerable<KeyValuePair<TKey, TValue>> Items => entries.Where(e => !e.Value[^1].IsRemoval)
        .Select(e => KeyValuePair.Create(e.Key, e.Value[^1].Value!));

    /// <inheritdoc />
    [JsonIgnore]
    public bool IsEmpty => entries.IsEmpty;

    /// <inheritdoc />
    [JsonIgnore]
    public bool IsSettled => open.IsEmpty;

    /// <summary>The value of a key.</summary>
    public bool TryGet(TKey key, out TValue? value)
    {
        var found = entries.TryGetValue(key, out var writes) && !writes[^1].IsRemoval;
        value = found ? writes[^1].Value : default;
        return found;
    }

    /// <summary>The map after a write.</summary>
    public LwwMap<TKey, TValue> Set(TKey key, TValue value, in EventContext context)
        => Put(key, entries.GetValueOrDefault(key).After(value, isRemoval: false, context));

    /// <summary>The map after the removal of a key.</summary>
    public LwwMap<TKey, TValue> Remove(TKey key, in EventContext context)
        => Put(key, entries.GetValueOrDefault(key).After(default, isRemoval: true, context));

    /// <inheritdoc />
    public LwwMap<TKey, TValue> Reset(in EventContext context)
    {
        var next = this;
        foreach (var (key, writes) in entries)
            next = next.Put(key, writes.Without(context));
        return next;
    }

    /// <inheritdoc />
    public LwwMap<TKey, TValue> Settle(Horizon horizon)
    {
        var next = this;
        foreach (var key in open)
        {
            var writes = entries[key].Settle(horizon);
            // A final loser has lost for good: whatever takes its winner back has seen it, too.
            var winner = writes[^1].Dot;
            writes = writes.RemoveAll(w => w.Settled && w.Dot != winner);
            next = next.Put(key, writes is [{ Settled: true, IsRemoval: true }] ? [] : writes);
        }
        return next;
    }

    private LwwMap<TKey, TValue> Put(TKey key, ImmutableArray<Written<TValue>> writes) => new(
        writes.IsEmpty ? entries.Remove(key) : entries.SetItem(key, writes),
        writes.IsEmpty || IsDone(writes) ? open.Remove(key) : open.Add(key));

    // One final write, as most keys have; a final removal beside others that are not final waits for them.
    private static bool IsDone(ImmutableArray<Written<TValue>> writes) => writes is [{ Settled: true }];
}
