using Pelago.Model;

namespace Pelago.Replication;

internal sealed partial class PeerLinks
{
    private readonly List<(PeerLink Link, int Lane, int Lives)> overfull = [];

    // What the other side knows decides what reports to it leave out. What it was told without, and does not know, it
    // is told again.
    private static void TakePast(PeerLink link, LaneReplica lane, ReportFrame report)
    {
        var agreed = lane.AgreedWith(report, link.Agreed[lane.Lane]);
        link.Agreed[lane.Lane] = agreed;
        link.IsReportDue[lane.Lane] |= link.LeftOut[lane.Lane].Any(m => !agreed.TryGetValue(m.Last.Region, out var life)
            || life.CompareTo(m.Last.Incarnation) < 0);
    }

    // Lives that reports have left out are past here, too, by now.
    private void CountWhatIsKnownNow(LaneReplica lane)
    {
        foreach (var link in links.Values.Where(l => l.NotKnown[lane.Lane] is not null).ToArray())
        {
            var (report, epoch) = link.NotKnown[lane.Lane]!.Value;
            if (!lane.Knows(report))
                continue;
            link.NotKnown[lane.Lane] = null;
            Count(link, lane, report, epoch);
        }
    }

    private int MostLivesTold(PeerLink link) => link.Hello!.KnowsPast ? context.Options.MaxLivesTold
        : Math.Min(context.Options.MaxLivesTold, FrameReader.MaxNames / 2);

    // One link at a time, and not while all are gone through.
    private void EndOverfull()
    {
        foreach (var (link, lane, lives) in overfull.ToArray())
        {
            if (!links.ContainsKey(link.Id))
                continue;
            context.Hit(Probe.LivesNotTold);
            context.Alarm(AlarmKind.LivesPileUp, $"{link.Peer.Name} lacks, or cannot be told in short, {lives} lives "
                + $"of journals in lane {lane}; more than {MostLivesTold(link)} are not told on one link (PLG5019). "
                + "Upgrade it, or remove it and add it anew.");
            Goodbye(link, "protocol", "more lives of journals than one link can tell");
        }
        overfull.Clear();
    }

    /// <summary>Lives of a region are not past after all: what peers left out of their reports is to be told
    /// again.</summary>
    public void ForgetLeftOut(LaneReplica lane, string region)
    {
        foreach (var link in links.Values)
            link.Agreed[lane.Lane]?.Remove(region);
        foreach (var peer in peers.Values)
        {
            if (peer.Reports[lane.Lane]?.LeavesOutSomeOf(region) == true)
                peer.Reports[lane.Lane] = null;
        }
    }
}
