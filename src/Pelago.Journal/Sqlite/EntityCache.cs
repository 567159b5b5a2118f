using System.Diagnostics.CodeAnalysis;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Numbers of entities and keys of numbers, bounded. Thread-safe. Two generations: when the young one is full it
/// becomes the old one, so that what is in use survives without a list to maintain.</summary>
internal sealed class EntityCache(int maxEntries)
{
    private readonly Lock gate = new();
    private readonly int half = Math.Max(16, maxEntries / 2);
    private Dictionary<EntityKey, long> young = [], old = [];
    private Dictionary<long, EntityKey> youngKeys = [], oldKeys = [];

    public bool TryNumber(EntityKey key, out long number)
    {
        lock (gate)
        {
            if (young.TryGetValue(key, out number))
                return true;
            if (!old.TryGetValue(key, out number))
                return false;
            Put(key, number);
            return true;
        }
    }

    public bool TryKey(long number, [MaybeNullWhen(false)] out EntityKey key)
    {
        lock (gate)
        {
            if (youngKeys.TryGetValue(number, out key))
                return true;
            if (!oldKeys.TryGetValue(number, out key))
                return false;
            Put(key, number);
            return true;
        }
    }

    public void Add(EntityKey key, long number)
    {
        lock (gate)
            Put(key, number);
    }

    public void Forget(EntityKey key, long number)
    {
        lock (gate)
        {
            young.Remove(key);
            old.Remove(key);
            youngKeys.Remove(number);
            oldKeys.Remove(number);
        }
    }

    private void Put(EntityKey key, long number)
    {
        if (young.Count >= half)
        {
            (old, oldKeys) = (young, youngKeys);
            (young, youngKeys) = (new(half), new(half));
        }
        young[key] = number;
        youngKeys[number] = key;
    }
}
