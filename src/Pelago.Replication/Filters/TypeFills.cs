using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Chooses what is to be asked for of the events that were left out, and whom.</summary>
/// <remarks>1. A region that has the whole run, rather the one that wrote it. 2. When its life is over and every member
/// answers, and none has the whole: each in turn for what it has, regions that are left out by now among them. Their
/// rows are all that there is, so then nothing more is waited for, and an alarm says that it may not be all.</remarks>
internal sealed class TypeFills(KernelContext context, PeerLinks links)
{
    private long Now => context.Now.MonotonicMilliseconds;

    public TypeHistories.Taking? Due(LaneReplica lane)
    {
        foreach (var (type, lack) in lane.DueFills.ToArray())
        {
            var history = new OpenedHistory(type, lack.Origin, lack.After, lack.Through);
            if (lack.Through <= lack.After)
                continue; // nothing of it was received: it is about to be dropped
            var whole = links.Peers.Where(p => p.IsLive && p.Reports[lane.Lane] is { } report
                && report.HasAll(type, lack.Origin, lack.After, lack.Through))
                .MaxBy(p => p.Name == lack.Origin.Region);
            if (whole is not null)
                return new TypeHistories.Taking(whole.Dialled!, history) { Fills = lack, IsWhole = true };
            if (!links.IsOver(lack.Origin) || !links.Peers.All(p => p.IsLive && p.Reports[lane.Lane] is not null))
                continue;
            if (links.Peers.FirstOrDefault(p => !lack.Asked.Contains(p.Name)) is { } next)
                return new TypeHistories.Taking(next.Dialled!, history) { Fills = lack };
            if (lack.Asked.Count == 0 || Now - lack.SinceMilliseconds >= context.Options.LostAfterMilliseconds)
                lane.GiveUp(type, lack);
        }
        return null;
    }
}
