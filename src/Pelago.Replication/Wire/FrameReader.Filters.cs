using Pelago.Replication.Wire;

namespace Pelago.Replication;

public sealed partial class FrameReader
{
    /// <summary>Most runs of events that one report may say to lack: what 4,096 types make of 16 lives.</summary>
    internal const int MaxLacks = 65_536;

    private FilterFrame ToFilter(FilterNotice notice) => FilterCodec.Read(notice.Content.Span) is { } filter
        ? new FilterFrame(Name(types, notice.Type), filter) : throw Broken("a filter is malformed");

    // What is without content may not carry any, and nobody can say of an event without a rule whom it is not for.
    private EntityFilter? Regions(Event e)
    {
        var name = Name(payloadNames, e.PayloadName);
        var isWithheld = name == EventRecord.WithheldName;
        var isBare = isWithheld || name == RegionsChange.PayloadName;
        if (e.Regions.IsEmpty)
            return isBare ? throw Broken("an event is withheld, or changes regions, and has no rule") : null;
        if (EntityFilter.Read(e.Regions.Span) is not { } rule || rule.Names > EntityFilter.MaxRegionsOfEntity)
            throw Broken("the filter of an entity is malformed");
        if (isBare && e.Payload.Length > 0)
            throw Broken("an event without content has some");
        if (isBare && (e.Tags.Count > 0 || e.TraceParent.Length > 0
            || (e.IdempotencyKey.Length > 0 && (isWithheld || e.BatchLength > 1))))
            throw Broken("a placeholder, or what tells whom an entity is for, says more than it may");
        return rule;
    }

    private LeftOut[] ToLeftOut(Events events)
    {
        if (events.LeftOut.Count == 0)
            return [];
        if (events.LeftOut.Count > MaxNames || events.Through == 0)
            throw Broken("events were left out of nothing, or of too many types");
        return [.. events.LeftOut.Select(l => new LeftOut(Name(types, l.Type), l.Epoch, l.Lacking))];
    }

    private LackedEvents[] ToLacks(Report report)
    {
        if (report.Lacks.Count > MaxLacks)
            throw Broken("too many types are lacking in one lane");
        return [.. report.Lacks.Select(ToLack)];
    }

    private LackedEvents ToLack(Wire.Lack lack)
    {
        var origin = Optional(lack.Origin);
        if (origin is null ? lack.After + lack.Through > 0 : lack.Through <= lack.After)
            throw Broken("what is lacking is no range");
        return new LackedEvents(Name(types, lack.Type), origin, lack.After, lack.Through);
    }
}
