using Pelago.Replication.Wire;

namespace Pelago.Replication;

public sealed partial class FrameReader
{
    /// <summary>Most runs of events that one report may say to lack: what 4,096 types make of 16 lives.</summary>
    internal const int MaxLacks = 65_536;

    private FilterFrame ToFilter(FilterNotice notice) => FilterCodec.Read(notice.Content.Span) is { } filter
        ? new FilterFrame(Name(types, notice.Type), filter) : throw Broken("a filter is malformed");

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
