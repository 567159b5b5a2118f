using Pelago.Model;

namespace Pelago.Replication;

internal sealed partial class PeerLinks
{
    /// <summary>Another configuration holds: who is no member is told so, new members are dialled, the others hear of
    /// it.</summary>
    /// <param name="isFirst">Before it, this region did not know who its group is.</param>
    public void Follow(Configuration now, bool isFirst)
    {
        foreach (var peer in peers.Values.Where(p => now.Find(p.Name) is null || !IsInGroup(now)).ToArray())
        {
            foreach (var link in links.Values.Where(l => l.Peer == peer).ToArray())
                RefuseRemoved(link);
            peers.Remove(peer.Name);
        }
        // A process of before its region was removed, where it has been added anew by now.
        foreach (var link in links.Values.Where(l => l.Hello is { } hello && IsOfOlderMembership(l, hello)).ToArray())
            RefuseRemoved(link);
        AddPeers();
        foreach (var link in links.Values.Where(l => l.Dialled || l.Hello is not null))
            Tell(link.Id);
        LinkedAnew();
        foreach (var link in links.Values.Where(l => isFirst && l.Dialled && l.Hello is not null))
        {
            foreach (var lane in kernel.Lanes)
                Subscribe(link, lane, link.Serves);
        }
    }

    // Whoever was not told yet who its group is asks those it was told of.
    private bool IsInGroup(Configuration configuration)
        => configuration.Epoch == 0 || configuration.Find(context.Options.Region) is not null;

    private void AddPeers()
    {
        if (!IsInGroup(context.Configuration))
            return;
        foreach (var member in context.Others.Where(m => !peers.ContainsKey(m)))
            peers[member] = new PeerState(member);
    }

    private void RefuseRemoved(PeerLink link)
    {
        context.Hit(Probe.RemovedRefused);
        Tell(link.Id);
        Goodbye(link, "removed", $"the group is at epoch {context.Configuration.Epoch}");
    }

    /// <summary>A link to somebody who is no member: who was one learns that.</summary>
    private void RefuseStranger(long id, string name)
    {
        // Whose name is forgotten may have been one, too; whoever waits to be added learns nothing by it.
        if (context.Configuration.RemovedIn(name) is not null
            || context.Configuration.Removed.Count == Configuration.MaxRemoved)
        {
            context.Hit(Probe.RemovedRefused);
            Tell(id);
            context.Emit(new SendFrame(id, new GoodbyeFrame(
                "removed", $"the group is at epoch {context.Configuration.Epoch}", null)));
        }
        context.Emit(new CloseLink(id, "not a member"));
    }

    /// <summary>The other side is a process on a journal of before its region was removed, and was added
    /// anew.</summary>
    private bool IsOfOlderMembership(PeerLink link, HelloFrame hello) => hello.ConfigurationEpoch > 0
        && context.Configuration.Find(link.Peer.Name) is { } member && hello.ConfigurationEpoch < member.Since;

    // In the first epoch there is nothing to tell: all were told the same at their start. What was made by force is
    // told to whoever is ahead, too: it may be another group.
    private void TellConfiguration(PeerLink link, HelloFrame hello)
    {
        link.ConfigurationEpoch = hello.ConfigurationEpoch;
        if (context.Configuration.Epoch > 1 && (hello.ConfigurationEpoch <= context.Configuration.Epoch
            || context.Configuration.Forced.Count > 0))
            Tell(link.Id);
    }

    // A region that was removed tells it, too: it may be the last one that knows. Whose name is borne by somebody else
    // since does not know the group as the others do.
    private void Tell(long link)
    {
        if (IsInGroup(context.Configuration) || context.Configuration.RemovedIn(context.Options.Region) is not null)
            context.Emit(new SendFrame(link, new ConfigurationFrame(context.Configuration)));
    }

    private void TakeConfiguration(PeerLink link, ConfigurationFrame frame)
    {
        var wasOfAnother = link.Peer.IsOfAnotherGroup;
        link.Peer.IsOfAnotherGroup = !kernel.Membership.Told(link.Peer.Name, frame.Configuration);
        if (link.Peer.IsOfAnotherGroup && !wasOfAnother)
            Tell(link.Id); // so that it knows, too: ours may be the older one, which is not told by itself
        link.ConfigurationEpoch = link.Peer.IsOfAnotherGroup ? 0
            : Math.Max(link.ConfigurationEpoch, frame.Configuration.Epoch);
    }

    /// <summary>Own events of the present incarnation that no peer has reported to hold.</summary>
    public ulong HeldHereAlone()
    {
        if (writer.Newest is not { } own)
            return 0;
        var alone = 0ul;
        foreach (var lane in kernel.Lanes)
        {
            var held = peers.Values.Select(p => p.Reports[lane.Lane]?.Of(own).Position ?? 0).DefaultIfEmpty().Max();
            alone += lane.OwnHead - Math.Min(lane.OwnHead, held);
        }
        return alone;
    }

    /// <summary>Of the positions that are held here, how many a region says to hold.</summary>
    public (ulong Held, ulong Wanted) ProgressOf(string region)
    {
        var (held, wanted) = (0ul, 0ul);
        foreach (var lane in kernel.Lanes)
        {
            var report = peers.TryGetValue(region, out var peer) ? peer.Reports[lane.Lane] : null;
            foreach (var origin in lane.Origins.Append(writer.Newest).OfType<Origin>().Distinct())
            {
                var here = lane.Holds(origin);
                wanted += here;
                held += Math.Min(here, report?.HoldsOf(origin) ?? 0);
            }
        }
        return (held, wanted);
    }

    // Each member has taken the configuration, has reported since, and has nothing of the region that is not here.
    private void SealRemoved(LaneReplica lane)
    {
        foreach (var removed in lane.Unsealed.ToArray())
        {
            if (IsInGroup(context.Configuration) && peers.Values.All(p => HasToldAllOf(p, lane, removed)))
                lane.Seal(removed);
        }
    }

    private static bool HasToldAllOf(PeerState peer, LaneReplica lane, RemovedRegion removed)
        => peer.Reports[lane.Lane] is { } report && report.ConfigurationEpoch >= removed.Epoch
            && report.Holdings.All(h => h.Origin.Region != removed.Region
                || (!h.Busy && !Offers(peer, lane, h.Origin)));

    // The first report of a member after a region was added: it names all that the member has of former journals, and
    // nothing of them is on its way here. Whoever has not taken the configuration still takes what a former process
    // sends. Here the configuration, or a later one, has to hold by then, and not only be about to.
    private bool MayCount(PeerState peer, LaneReplica lane, PeerReport report)
        => !lane.Finality.AwaitsFirstOf(peer.Name)
            || (context.Configuration.Epoch >= lane.Finality.CountsFrom
                && !lane.IsUnfinished(o => IsOfFormerJournal(lane, o))
                && report.Holdings.All(h => (!h.Busy && !Offers(peer, lane, h.Origin))
                    || !IsOfFormerJournal(lane, h.Origin)));

    // A region that was added may have been a member before, and what it does not write to now is from then, perhaps.
    private bool IsOfFormerJournal(LaneReplica lane, Origin origin)
    {
        if (context.Configuration.Find(origin.Region) is not { } member)
            return context.Configuration.RemovedIn(origin.Region) is not null;
        return WasAdded(member) && !LivingOrigins().Contains(origin)
            && !peers.Values.Any(p => p.Reports[lane.Lane] is { } report && report.ConfigurationEpoch >= member.Since
                && report.Names(origin));
    }

    private static bool WasAdded(GroupMember member) => member.Since > 1;

    // Nobody says again what has not changed: what was said, and could not count when it came, is looked at again.
    private void CountStanding(LaneReplica lane)
    {
        if (!lane.Finality.AwaitsFirst)
            return;
        var counts = false;
        foreach (var peer in peers.Values)
        {
            if (!lane.Finality.AwaitsFirstOf(peer.Name) || peer.Reports[lane.Lane] is not { } report
                || report.ConfigurationEpoch < lane.Finality.CountsFrom || !MayCount(peer, lane, report))
                continue;
            lane.Finality.Report(peer.Name, report.Held, report.Lacks, report.ConfigurationEpoch);
            counts = true;
        }
        if (!counts)
            return;
        context.Hit(Probe.StandingReportCounted);
        lane.UpdateFinality();
        lane.LookAgain();
    }
}
