using Google.Protobuf;
using Pelago.Model;
using Pelago.Replication.Stored;

namespace Pelago.Replication;

/// <summary>The filter of one entity as far as a replica knows it, and which events it has placeholders of.</summary>
internal sealed class EntityRegions
{
    private readonly SortedDictionary<Origin, List<(ulong From, ulong Through)>> lacking = [];
    private EventPlace? at;

    /// <summary>The rule in force: of all that are known the one of the highest epoch, and of these the last in the
    /// total order.</summary>
    public EntityFilter Rule { get; private set; } = EntityFilter.None;

    /// <summary>Something was withheld and has not been filled.</summary>
    public bool IsPartial => lacking.Count > 0;

    /// <summary>What lacks: runs of numbers, in the order of origins.</summary>
    public IEnumerable<(Origin Origin, ulong From, ulong Through)> Lacking
        => lacking.SelectMany(l => l.Value.Select(r => (l.Key, r.From, r.Through)));

    /// <summary>Takes note of an event's rule if it changes that of the entity.</summary>
    public void Note(EventRecord e)
    {
        var place = EventPlace.Of(e);
        if (e.PayloadName != RegionsChange.PayloadName || e.Regions is not { } rule || rule.Epoch < Rule.Epoch
            || (rule.Epoch == Rule.Epoch && at is { } last && place.CompareTo(last) < 0))
            return;
        (Rule, at) = (rule, place);
    }

    /// <summary>Only a placeholder of it is here.</summary>
    public bool Lacks(Origin origin, ulong sequence) => lacking.TryGetValue(origin, out var runs)
        && runs.Exists(r => r.From <= sequence && sequence <= r.Through);

    /// <summary>A placeholder came: of each origin they come in order.</summary>
    public void Withhold(Origin origin, ulong sequence)
    {
        if (!lacking.TryGetValue(origin, out var runs))
            lacking.Add(origin, runs = []);
        if (runs is [.., var last] && last.Through + 1 == sequence)
            runs[^1] = (last.From, sequence);
        else
            runs.Add((sequence, sequence));
    }

    /// <summary>What was withheld came.</summary>
    public void Fill(Origin origin, ulong sequence)
    {
        var runs = lacking[origin];
        var i = runs.FindIndex(r => r.From <= sequence && sequence <= r.Through);
        var (from, through) = runs[i];
        runs.RemoveAt(i);
        if (sequence < through)
            runs.Insert(i, (sequence + 1, through));
        if (from < sequence)
            runs.Insert(i, (from, sequence - 1));
        if (runs.Count == 0)
            lacking.Remove(origin);
    }

    public void Write(Snapshot message, OriginNumbers numbers)
    {
        if (at is { } place)
        {
            message.Regions = ByteString.CopyFrom(Rule.ToBytes());
            message.RegionsAt = new StoredPlace
            {
                Origin = numbers.Of(place.Origin), Sequence = place.Sequence, Timestamp = place.Timestamp.Value,
            };
        }
        foreach (var (origin, from, through) in Lacking)
            message.Lacking.Add(new StoredRun { Origin = numbers.Of(origin), From = from, Through = through });
    }

    /// <summary>Of a parsed snapshot; null when the entity never had a filter.</summary>
    public static EntityRegions? Read(Snapshot message, Origin[] origins)
    {
        if (message.RegionsAt is null && message.Lacking.Count == 0)
            return null;
        var regions = new EntityRegions();
        if (message.RegionsAt is { } p)
        {
            regions.Rule = EntityFilter.Read(message.Regions.Span)!;
            regions.at = new EventPlace(new HybridTimestamp(p.Timestamp), origins[p.Origin], p.Sequence);
        }
        foreach (var run in message.Lacking)
        {
            if (!regions.lacking.TryGetValue(origins[run.Origin], out var runs))
                regions.lacking.Add(origins[run.Origin], runs = []);
            runs.Add((run.From, run.Through));
        }
        return regions;
    }

    /// <summary>The rule in force among an entity's rows; null when there is none.</summary>
    public static EntityFilter? RuleOf(EntityImage history)
    {
        EntityRegions? regions = null;
        foreach (var row in history.Rows)
        {
            if (row.Event.Regions is not null)
                (regions ??= new()).Note(row.Event);
        }
        return regions?.Rule;
    }

    /// <summary>An entity's events, each once: what fills a placeholder stands for it.</summary>
    public static IEnumerable<EventRecord> EventsOf(EntityImage history)
    {
        var events = history.Rows.Select(r => r.Event);
        if (!history.Rows.Any(r => r.Event.IsWithheld))
            return events;
        var full = history.Rows.Where(r => !r.Event.IsWithheld)
            .Select(r => (r.Event.Origin, r.Event.Sequence)).ToHashSet();
        return events.Where(e => !e.IsWithheld || !full.Contains((e.Origin, e.Sequence)));
    }
}
