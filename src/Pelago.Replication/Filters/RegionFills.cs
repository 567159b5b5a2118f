using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Asks for what was withheld of entities that were opened to this region since: one run of events a lane at a
/// time, rather of the region that wrote it, or of one that the entity is for.</summary>
/// <remarks>
/// <para>Nothing of that is durable: an entity that is read from the journal and is not whole is asked for again, and
/// the comparison in the background reads all of them.</para>
/// <para>What a region does not have it may get, and a region that does not know that the entity is for this one sends
/// placeholders of what it has. So an answer without events counts only of one that had the rule when it was asked.
/// When all members are there and all of them have answered so, the lives that wrote what is missing are over, and that
/// is still so after a while, it is lost: it is given up, and the entity is folded without it. Rejected: to stay closed
/// for ever, where what was written since is in this region alone.</para>
/// </remarks>
internal sealed class RegionFills(KernelContext context, PeerLinks links, InstanceKernel kernel)
{
    private const int PauseMilliseconds = 500;
    private const int LongPauseMilliseconds = 5_000;
    private const int PatienceMilliseconds = 10_000;
    private const int SlowMilliseconds = 30_000;
    private readonly Dictionary<string, long> slowUntil = new(StringComparer.Ordinal);

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
            EndLate(late);
        if (lane.Unfilled.Any(f => f.Request != 0))
            return;
        var next = lane.Unfilled.MinBy(f => f.NotBeforeMilliseconds)!;
        if (next.NotBeforeMilliseconds > Now)
            return;
        next.NotBeforeMilliseconds = Now + PauseMilliseconds;
        lane.WithLacking(next, entity => Ask(next, entity, lane));
    }

    // A region that stands still would keep all other entities of the lane waiting.
    private void EndLate(RegionFill fill)
    {
        if (fill.Link is { } link)
        {
            slowUntil[link.Peer.Name] = Now + SlowMilliseconds;
            fill.InVainAt.Add(link.Peer.Name);
        }
        Pause(fill);
    }

    private static void Pause(RegionFill fill) => (fill.Request, fill.Link) = (0, null);

    private void Ask(RegionFill fill, EntityReplica entity, LaneReplica lane)
    {
        if (fill.Request != 0)
            return;
        var rule = entity.Regions ?? EntityFilter.None;
        if (!rule.Equals(fill.Known.Rule))
            LearnRule(fill, rule, entity.RegionsKnown?.SaidBy, lane);
        EventRun[] runs = [.. entity.Lacking];
        EventRun run;
        PeerState? next;
        do
        {
            run = runs[fill.Run % runs.Length];
            next = WhomToAsk(fill, run.Origin, rule);
        }
        while (next is null && TurnToNext(fill, runs, run));
        if (next is null)
            return;
        (fill.Request, fill.Link, fill.AskedMilliseconds) = (links.NextRequest(), next.Dialled, Now);
        fill.IsAskedKnowing = fill.Known.Origin is { } origin
            && next.Reports[lane.Lane]?.HoldsOf(origin) >= fill.Known.Position;
        context.Emit(new SendFrame(next.Dialled!.Id,
            new FetchFrame(fill.Request, fill.Entity, run.Origin, run.From, run.Through)));
    }

    // One that the rule leaves out may be the only one that has it: it wrote it, under another rule.
    private PeerState? WhomToAsk(RegionFill fill, Origin origin, EntityFilter rule)
        => links.Peers.Where(p => MayBeAsked(p) && !fill.InVainAt.Contains(p.Name))
            .OrderByDescending(p => p.Name == origin.Region).ThenByDescending(p => rule.Admits(p.Name))
            .ThenBy(p => p.Name, StringComparer.Ordinal).FirstOrDefault();

    private bool MayBeAsked(PeerState peer) => peer.IsLive && peer.Dialled!.Hello!.KnowsRegions
        && slowUntil.GetValueOrDefault(peer.Name, long.MinValue) <= Now;

    private static void LearnRule(RegionFill fill, EntityFilter rule, Origin? origin, LaneReplica lane)
    {
        fill.Known = (rule, origin, origin is null ? 0 : lane.HighestHere(origin));
        fill.InVainAt.Clear();
        fill.NothingAt.Clear();
        BeginAgain(fill);
    }

    private static void BeginAgain(RegionFill fill)
    {
        fill.Run = 0;
        fill.Nowhere.Clear();
        fill.LostSinceMilliseconds = null;
    }

    // Of this run nobody who is there has anything, as far as he knows; of the next one somebody may. False when there
    // is none: then another time from the first on.
    private bool TurnToNext(RegionFill fill, EventRun[] runs, EventRun run)
    {
        if (links.IsOver(run.Origin) && links.Peers.All(p => p.IsLive && fill.NothingAt.Contains(p.Name)
            && p.Dialled!.ConfigurationEpoch >= context.Configuration.Epoch)) // takes nothing of whom was removed
            fill.Nowhere.Add(run);
        fill.InVainAt.Clear();
        fill.NothingAt.Clear();
        if (++fill.Run < runs.Length)
            return true;
        fill.Run = 0;
        fill.NotBeforeMilliseconds = Now + LongPauseMilliseconds;
        if (!Array.TrueForAll(runs, fill.Nowhere.Contains))
        {
            BeginAgain(fill);
            return false;
        }
        context.Hit(Probe.FillMissing);
        fill.LostSinceMilliseconds ??= Now;
        if (Now - fill.LostSinceMilliseconds < context.Options.LostAfterMilliseconds)
        {
            fill.Nowhere.Clear(); // all are asked again
            return false;
        }
        // The placeholders are in the journal.
        (fill.Request, fill.AskedMilliseconds) = (links.NextRequest(), Now);
        context.Emit(new ReadHistory(fill.Request, fill.Entity));
        return false;
    }

    /// <summary>The own rows of an entity of which something is to be given up; false when nobody here had asked.
    /// </summary>
    public bool HistoryRead(long request, EntityImage image)
    {
        var lane = kernel.Lane(image.Entity.Lane);
        if (lane.Unfilled.FirstOrDefault(f => f.Request == request && f.Link is null) is not { } fill)
            return false;
        Pause(fill);
        EventRecord[] lost = [.. EntityRegions.EventsOf(image)
            .Where(e => e.IsWithheld && fill.Nowhere.Any(r => r.Includes(e)))];
        BeginAgain(fill);
        if (image.Damage is null && lost.Length > 0)
            lane.GiveUp(fill.Entity, lost);
        return true;
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
                if (fill.IsAskedKnowing && !frame.More)
                    fill.NothingAt.Add(link.Peer.Name);
                Pause(fill);
                fill.NotBeforeMilliseconds = Now;
                Tick(lane);
                return true;
            }
            fill.InVainAt.Clear();
            fill.NothingAt.Clear();
            BeginAgain(fill);
            lane.Receive(link.Id, events, () =>
            {
                Pause(fill);
                fill.NotBeforeMilliseconds = Now;
            });
            return true;
        }
        return false;
    }

    /// <summary>A link is gone, and with it what was asked for on it; what the peer has may be more when it is
    /// back.</summary>
    public void Forget(PeerLink link)
    {
        if (!link.Dialled)
            return;
        foreach (var fill in kernel.Lanes.SelectMany(l => l.Unfilled))
        {
            if (fill.Link == link)
                Pause(fill);
            fill.NothingAt.Remove(link.Peer.Name);
            BeginAgain(fill);
        }
    }
}
