using System.Diagnostics.CodeAnalysis;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>What is remembered of an entity: its number, and for the writer how many rows it has.</summary>
/// <param name="key">The entity.</param>
/// <param name="number">Its number; 0 until it is given.</param>
internal sealed class EntityEntry(EntityKey key, long number)
{
    private ulong? committed;

    public EntityKey Key { get; } = key;

    public long Number { get; set; } = number;

    /// <summary>What stands for the key in the store; kept only while the entity is being added.</summary>
    public UInt128 Hash { get; init; }

    /// <summary>Local sequence of the last row, that of the open group included. For the writer's thread.</summary>
    public ulong Last { get; set; }

    /// <summary>True when <see cref="Last"/> is known. For the writer's thread.</summary>
    public bool Counted => committed is not null;

    /// <summary>Notes how many rows are committed.</summary>
    public void Count(ulong last) => (committed, Last) = (last, last);

    /// <summary>After the commit of the open group.</summary>
    public void Commit() => committed = Last;

    /// <summary>After its rollback.</summary>
    public void Rollback() => Last = committed ?? 0;
}

/// <summary>Entries by key and by number, bounded. Thread-safe. Two generations: when the young one is full it becomes
/// the old one, so that what is in use survives without a list to maintain.</summary>
internal sealed class EntityCache(int maxEntries)
{
    private readonly Lock gate = new();
    private readonly int half = Math.Max(16_384, maxEntries / 2); // more than a group of appends can touch
    private Dictionary<EntityKey, EntityEntry> young = [], old = [];
    private Dictionary<long, EntityEntry> youngNumbers = [], oldNumbers = [];

    public bool TryFind(EntityKey key, [MaybeNullWhen(false)] out EntityEntry entry)
    {
        lock (gate)
        {
            if (young.TryGetValue(key, out entry))
                return true;
            if (!old.TryGetValue(key, out entry))
                return false;
            Put(entry);
            return true;
        }
    }

    public bool TryFind(long number, [MaybeNullWhen(false)] out EntityEntry entry)
    {
        lock (gate)
        {
            if (youngNumbers.TryGetValue(number, out entry))
                return true;
            if (!oldNumbers.TryGetValue(number, out entry))
                return false;
            Put(entry);
            return true;
        }
    }

    /// <summary>Adds an entry; when another thread was first, returns that one: there is one entry for an
    /// entity.</summary>
    public EntityEntry Add(EntityEntry entry)
    {
        lock (gate)
        {
            if (young.TryGetValue(entry.Key, out var first) || old.TryGetValue(entry.Key, out first))
                return first;
            Put(entry);
            return entry;
        }
    }

    public void Forget(EntityEntry entry)
    {
        lock (gate)
        {
            young.Remove(entry.Key);
            old.Remove(entry.Key);
            youngNumbers.Remove(entry.Number);
            oldNumbers.Remove(entry.Number);
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        lock (gate)
        {
            (young, old) = ([], []);
            (youngNumbers, oldNumbers) = ([], []);
        }
    }

    private void Put(EntityEntry entry)
    {
        if (young.Count >= half)
        {
            (old, oldNumbers) = (young, youngNumbers);
            (young, youngNumbers) = ([], []);
        }
        young[entry.Key] = entry;
        youngNumbers[entry.Number] = entry;
    }
}
