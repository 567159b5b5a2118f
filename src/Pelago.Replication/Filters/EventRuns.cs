using Pelago.Model;
using Pelago.Replication.Stored;

namespace Pelago.Replication;

/// <summary>Events of one entity by their names: of each origin, runs of numbers.</summary>
internal sealed class EventRuns
{
    private readonly SortedDictionary<Origin, List<(ulong From, ulong Through)>> runs = [];

    public bool IsEmpty => runs.Count == 0;

    /// <summary>In the order of origins.</summary>
    public IEnumerable<EventRun> All
        => runs.SelectMany(r => r.Value.Select(n => new EventRun(r.Key, n.From, n.Through)));

    public bool Has(Origin origin, ulong sequence) => runs.TryGetValue(origin, out var known)
        && known.Exists(r => r.From <= sequence && sequence <= r.Through);

    /// <summary>Adds one that is not among them.</summary>
    public void Add(Origin origin, ulong sequence)
    {
        var known = Of(origin);
        if (known is [.., var last] && last.Through + 1 == sequence)
            known[^1] = (last.From, sequence);
        else
            known.Add((sequence, sequence));
    }

    /// <summary>Takes one out; false when it is not among them.</summary>
    public bool Remove(Origin origin, ulong sequence)
    {
        if (!runs.TryGetValue(origin, out var known))
            return false;
        var i = known.FindIndex(r => r.From <= sequence && sequence <= r.Through);
        if (i < 0)
            return false;
        var (from, through) = known[i];
        known.RemoveAt(i);
        if (sequence < through)
            known.Insert(i, (sequence + 1, through));
        if (from < sequence)
            known.Insert(i, (from, sequence - 1));
        if (known.Count == 0)
            runs.Remove(origin);
        return true;
    }

    public IEnumerable<StoredRun> ToStored(OriginNumbers numbers) => All.Select(r => new StoredRun
    {
        Origin = numbers.Of(r.Origin), From = r.From, Through = r.Through,
    });

    public void Read(IEnumerable<StoredRun> stored, Origin[] origins)
    {
        foreach (var run in stored)
            Of(origins[run.Origin]).Add((run.From, run.Through));
    }

    private List<(ulong From, ulong Through)> Of(Origin origin)
    {
        if (!runs.TryGetValue(origin, out var known))
            runs.Add(origin, known = []);
        return known;
    }
}

/// <summary>Events of an origin from one number through another.</summary>
internal readonly record struct EventRun(Origin Origin, ulong From, ulong Through)
{
    public bool Includes(EventRecord e) => e.Origin.Equals(Origin) && From <= e.Sequence && e.Sequence <= Through;
}
