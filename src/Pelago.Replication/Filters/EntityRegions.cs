using Google.Protobuf;
using Pelago.Model;
using Pelago.Replication.Stored;

namespace Pelago.Replication;

/// <summary>The filter of one entity as far as a replica knows it, and which events it has placeholders of.</summary>
internal sealed class EntityRegions
{
    private readonly EventRuns lacking = new();
    private readonly EventRuns lost = new();
    private EventPlace? at;
    private bool isHeard;

    /// <summary>The rule in force: of all that are known the one of the highest epoch, and of these the last in the
    /// total order.</summary>
    public EntityFilter Rule { get; private set; } = EntityFilter.None;

    /// <summary>Of whose events one says so; null while there is no rule.</summary>
    public Origin? SaidBy => at?.Origin;

    /// <summary>Something was withheld and has neither been filled nor given up.</summary>
    public bool IsPartial => !lacking.IsEmpty;

    /// <summary>What lacks: runs of numbers, in the order of origins.</summary>
    public IEnumerable<EventRun> Lacking => lacking.All;

    /// <summary>Takes note of an event's rule if it changes that of the entity.</summary>
    /// <remarks>What set a rule is a cause of whatever carries it, and may be lost with its region all the same. Then
    /// who carries it tells, and counts less than any event that sets one of that epoch: the same for all who have
    /// the same events.</remarks>
    public void Note(EventRecord e)
    {
        if (e.Regions is not { } rule || rule.Epoch < Rule.Epoch)
            return;
        var (place, isHeardOf) = (EventPlace.Of(e), e.PayloadName != RegionsChange.PayloadName);
        if (rule.Epoch == Rule.Epoch && at is { } last
            && (isHeardOf == isHeard ? place.CompareTo(last) < 0 : isHeardOf))
            return;
        (Rule, at, isHeard) = (rule, place, isHeardOf);
    }

    /// <summary>Only a placeholder of it is here.</summary>
    public bool Lacks(Origin origin, ulong sequence) => lacking.Has(origin, sequence) || lost.Has(origin, sequence);

    /// <summary>A placeholder came: of each origin they come in order.</summary>
    public void Withhold(Origin origin, ulong sequence) => lacking.Add(origin, sequence);

    /// <summary>What was withheld came.</summary>
    public void Fill(Origin origin, ulong sequence)
    {
        if (!lacking.Remove(origin, sequence))
            lost.Remove(origin, sequence);
    }

    /// <summary>Nobody has what was withheld: the entity is what it is without it.</summary>
    public void GiveUp(Origin origin, ulong sequence)
    {
        if (lacking.Remove(origin, sequence))
            lost.Add(origin, sequence);
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
            message.RegionsHeard = isHeard;
        }
        message.Lacking.AddRange(lacking.ToStored(numbers));
        message.Lost.AddRange(lost.ToStored(numbers));
    }

    /// <summary>Of a parsed snapshot; null when the entity never had a filter.</summary>
    public static EntityRegions? Read(Snapshot message, Origin[] origins)
    {
        if (message.RegionsAt is null && message.Lacking.Count + message.Lost.Count == 0)
            return null;
        var regions = new EntityRegions { isHeard = message.RegionsHeard };
        if (message.RegionsAt is { } p)
        {
            regions.Rule = EntityFilter.Read(message.Regions.Span)!;
            regions.at = new EventPlace(new HybridTimestamp(p.Timestamp), origins[p.Origin], p.Sequence);
        }
        regions.lacking.Read(message.Lacking, origins);
        regions.lost.Read(message.Lost, origins);
        return regions;
    }

    /// <summary>The rule in force among an entity's rows; null when there is none.</summary>
    public static EntityFilter? RuleOf(EntityImage history)
    {
        EntityRegions? regions = null;
        foreach (var row in history.Rows)
        {
            if (row.Event.Regions is not null)
                (regions ??= new EntityRegions()).Note(row.Event);
        }
        return regions?.Rule;
    }

    /// <summary>An entity's events, each once: what fills a placeholder stands for it, and a second placeholder says
    /// no more than the first.</summary>
    public static IEnumerable<EventRecord> EventsOf(EntityImage history)
    {
        var events = history.Rows.Select(r => r.Event);
        if (!history.Rows.Any(r => r.Event.IsWithheld))
            return events;
        var known = history.Rows.Where(r => !r.Event.IsWithheld)
            .Select(r => (r.Event.Origin, r.Event.Sequence)).ToHashSet();
        return events.Where(e => !e.IsWithheld || known.Add((e.Origin, e.Sequence)));
    }
}
