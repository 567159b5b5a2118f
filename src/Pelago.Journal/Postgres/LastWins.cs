namespace Pelago.Journal;

/// <summary>Values by key in the order in which keys first came; a later value takes the place of an earlier one. One
/// statement may not touch a row twice, so what a group says of a record twice is said once.</summary>
internal sealed class LastWins<TKey, TValue>
    where TKey : notnull
{
    private readonly Dictionary<TKey, int> places = [];
    private readonly List<(TKey Key, TValue Value)> all = [];

    public IReadOnlyList<(TKey Key, TValue Value)> All => all;

    public void Set(TKey key, TValue value)
    {
        if (places.TryAdd(key, all.Count))
            all.Add((key, value));
        else
            all[places[key]] = (key, value);
    }

    public void Clear()
    {
        places.Clear();
        all.Clear();
    }
}
