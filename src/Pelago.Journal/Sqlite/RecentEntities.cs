namespace Pelago.Journal;

/// <summary>Entities that the index of hashes does not cover yet, by hash. Thread-safe. As with
/// <see cref="RecentRows"/>, one run fills while another is written to the index, and a reader asks here before it asks
/// the index.</summary>
internal sealed class RecentEntities
{
    private readonly Lock gate = new();
    private Dictionary<UInt128, long> active = [];
    private Dictionary<UInt128, long>? frozen;

    public void Add(UInt128 hash, long number)
    {
        lock (gate)
            active[hash] = number;
    }

    /// <summary>The number of an entity, or 0.</summary>
    public long Find(UInt128 hash)
    {
        lock (gate)
        {
            if (active.TryGetValue(hash, out var number))
                return number;
            return frozen is not null && frozen.TryGetValue(hash, out number) ? number : 0;
        }
    }

    /// <summary>Freezes the active run when it has at least so many entities and no other is frozen.</summary>
    public IReadOnlyDictionary<UInt128, long>? Freeze(int minEntities)
    {
        lock (gate)
        {
            if (frozen is null && active.Count >= minEntities)
                (frozen, active) = (active, []);
            return frozen;
        }
    }

    /// <summary>The frozen run is indexed.</summary>
    public void Retire()
    {
        lock (gate)
            frozen = null;
    }
}
