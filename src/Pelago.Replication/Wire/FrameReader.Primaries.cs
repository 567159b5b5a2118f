using Google.Protobuf.Collections;
using Pelago.Model;
using Pelago.Replication.Wire;

namespace Pelago.Replication;

public sealed partial class FrameReader
{
    private LeaseAskFrame ToAsk(LeaseAsk ask)
    {
        if (ask.Milliseconds > int.MaxValue)
            throw Broken("a lease is longer than any is");
        if (ask.Lives.Count > 0 && (ask.Lives.Count != ask.Types_.Count
            || ask.Lives.Any(l => l.Length is not (0 or 16))))
            throw Broken("the lives of who asks for a lease are malformed");
        return new LeaseAskFrame((long)ask.Request, (int)ask.Milliseconds, ask.ConfigurationEpoch,
            ToEpochs(ask.Types_), ask.Reports)
        {
            Lives = [.. ask.Lives.Select(l => l.Length == 0 ? default(Incarnation?) : Incarnation.Read(l.Span))],
        };
    }

    private LeaseGrantFrame ToGrant(LeaseGrant grant)
        => new((long)grant.Request, ToEpochs(grant.Granted), ToEpochs(grant.Stopped));

    private TypeEpoch[] ToEpochs(RepeatedField<Wire.TypeEpoch> epochs)
    {
        if (epochs.Count > MaxNames)
            throw Broken("a lease is of more types than there are");
        return [.. epochs.Select(e => new TypeEpoch(Name(types, e.Type), e.Epoch))];
    }

    private PrimaryFrame ToPrimary(PrimaryNotice notice) => PrimaryCodec.Read(notice.Content.Span) is { } record
        ? new PrimaryFrame(Name(types, notice.Type), record) : throw Broken("a record of a primary is malformed");
}
