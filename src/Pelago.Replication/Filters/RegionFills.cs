using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Asks for what was withheld of entities that were opened to this region since: one run of events a lane at a
/// time, rather of the region that wrote it, or of one that the entity is for.</summary>
/// <remarks>Nothing of that is durable: an entity that is read from the journal and is not whole is asked for again,
/// and the comparison in the background reads all of them. When nobody has what is missing, people are told, and the
/// entity stays closed here: nobody can make a state of a part of its events.</remarks>
internal sealed class RegionFills(KernelContext context, PeerLinks links, InstanceKernel kernel)
{
    private const int PauseMilliseconds = 500;
    private const int LongPauseMilliseconds = 5_000;
    private const int PatienceMilliseconds = 10_000;

    private long Now => context.Now.MonotonicMilliseconds;

    public void Tick()
    {
        foreach (var lane in kernel.Lanes)
        {
            if (lane.Unfilled.Count > 0 && !lane.Fenced)
                Tick(lane);
        }
    }

    private void Tick(LaneReplica lane)
    {
        foreach (var late in lane.Unfilled.Where(f => f.Request != 0
            && Now - f.AskedMilliseconds > PatienceMilliseconds))
            Pause(late);
        if (lane.Unfilled.Any(f => f.Request != 0))
            return;
        var next = lane.Unfilled.MinBy(f => f.NotBeforeMilliseconds)!;
        if (next.NotBeforeMilliseconds > Now)
            return;
        next.NotBeforeMilliseconds = Now + PauseMilliseconds;
        lane.WithLacking(next, entity => Ask(next, entity));
    }

    private static void Pause(RegionFill fill) => (fill.Request, fill.Link) = (0, null);

    private void Ask(RegionFill fill, EntityReplica entity)
    {
        if (fill.Request != 0 || entity.Regions is not { } rule)
            return;
        var runs = entity.Lacking.ToArray();
        var (origin, from, through) = runs[fill.Run % runs.Length];
        // One that the rule leaves out may be the only one that has it: it wrote it, under another rule.
        PeerState[] peers = [.. links.Peers];
        if (peers.All(p => p.IsLive && fill.InVainAt.Contains(p.Name)))
        {
            TurnToNext(fill, runs.Length);
            return;
        }
        var next = peers.Where(p => p.IsLive && p.Dialled!.Hello!.KnowsRegions && !fill.InVainAt.Contains(p.Name))
            .OrderByDescending(p => p.Name == origin.Region).ThenByDescending(p => rule.Admits(p.Name))
            .ThenBy(p => p.Name, StringComparer.Ordinal)
            .FirstOrDefault();
        if (next is null)
            return;
        (fill.Request, fill.Link, fill.AskedMilliseconds) = (links.NextRequest(), next.Dialled, Now);
        context.Emit(new SendFrame(next.Dialled!.Id,
            new FetchFrame(fill.Request, fill.Entity, origin, from, through)));
    }

    // Of this run nobody has anything; of the next one somebody may.
    private void TurnToNext(RegionFill fill, int runs)
    {
        fill.InVainAt.Clear();
        if (++fill.Run % runs != 0)
            return;
        fill.NotBeforeMilliseconds = Now + LongPauseMilliseconds;
        if (fill.IsAnnounced)
            return;
        fill.IsAnnounced = true;
        context.Hit(Probe.FillMissing);
        context.Alarm(AlarmKind.EventsLost, $"What was withheld of {fill.Entity} until it was opened to "
            + $"{context.Options.Region} is in no other region; it stays closed here until one comes that has it.");
    }

    /// <summary>An answer; false when nobody here had asked.</summary>
    public bool Fetched(PeerLink link, FetchedFrame frame)
    {
        foreach (var lane in kernel.Lanes)
        {
            if (lane.Unfilled.FirstOrDefault(f => f.Request == frame.Request && f.Link == link) is not { } fill)
                continue;
            EventRecord[] events = [.. frame.Events.Where(e => e.Entity == fill.Entity && !e.IsWithheld)];
            if (events.Length == 0)
            {
                fill.InVainAt.Add(link.Peer.Name);
                Pause(fill);
                return true;
            }
            fill.InVainAt.Clear();
            (fill.Run, fill.IsAnnounced) = (0, false);
            lane.Receive(link.Id, events, () =>
            {
                Pause(fill);
                fill.NotBeforeMilliseconds = Now;
            });
            return true;
        }
        return false;
    }

    /// <summary>A link is gone, and with it what was asked for on it.</summary>
    public void Forget(PeerLink link)
    {
        foreach (var fill in kernel.Lanes.SelectMany(l => l.Unfilled).Where(f => f.Link == link))
            Pause(fill);
    }
}
