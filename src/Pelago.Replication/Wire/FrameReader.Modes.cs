using Google.Protobuf.Collections;
using Pelago.Replication.Wire;

namespace Pelago.Replication;

public sealed partial class FrameReader
{
    private const int MaxHistories = 1024;

    private FetchTypeFrame ToFetchType(FetchType fetch)
    {
        if (fetch.History is null || (fetch.Until > 0 && fetch.Scanned > fetch.Until))
            throw Broken("a fetch of a history is malformed");
        return new FetchTypeFrame((long)fetch.Request, Lane(fetch.Lane), ToOpened(fetch.History))
        {
            Scanned = fetch.Scanned, Until = fetch.Until,
        };
    }

    private OpenedHistory[] ToOpened(RepeatedField<Wire.OpenedHistory> opened)
    {
        if (opened.Count > MaxHistories)
            throw Broken("too many histories were opened in one lane");
        return [.. opened.Select(ToOpened)];
    }

    private OpenedHistory ToOpened(Wire.OpenedHistory opened)
    {
        if (opened.Through <= opened.After)
            throw Broken("an opened history is empty");
        return new OpenedHistory(Name(types, opened.Type), Known(opened.Origin), opened.After, opened.Through);
    }
}
