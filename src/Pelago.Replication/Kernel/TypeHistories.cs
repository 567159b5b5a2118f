using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Brings events that frontiers have passed: because they stayed in their region, of types that were local and
/// are not any more, or because they were left out, of types with a filter (fills).</summary>
/// <remarks>Whoever has such a history as a whole offers it in the reports of its lane: the region that wrote it, and
/// every other that has taken it, so that it outlives the first. Whoever is offered one that it lacks asks for it, page
/// by page, one history a lane at a time, and not too many pages ahead of what is durable: events of one command may be
/// on several, and wait for each other. Nothing of that is stored before it is complete: a restart begins again, and
/// what comes twice is dropped as everywhere.</remarks>
internal sealed class TypeHistories(KernelContext context, PeerLinks links, InstanceKernel kernel)
{
    private const int PauseMilliseconds = 5_000;
    private const int PatienceMilliseconds = 30_000;
    private const int MaxPagesUnsettled = 8;
    private readonly Dictionary<long, (PeerLink Link, FetchTypeFrame Ask)> serving = [];
    private readonly TypeFills fills = new(context, links);
    private readonly Taking?[] taking = new Taking?[EntityKey.Lanes];
    private readonly long[] notBefore = [.. Enumerable.Repeat(long.MinValue, EntityKey.Lanes)];

    private long Now => context.Now.MonotonicMilliseconds;

    /// <summary>Asks for what is offered and missing.</summary>
    public void Tick()
    {
        foreach (var lane in kernel.Lanes)
        {
            if (taking[lane.Lane] is { } current)
            {
                if (Now - current.AskedMilliseconds > PatienceMilliseconds)
                    Pause(lane.Lane); // whoever was asked may have forgotten it
            }
            else if (notBefore[lane.Lane] <= Now && !lane.Fenced && (Offer(lane) ?? fills.Due(lane)) is { } next)
            {
                Ask(taking[lane.Lane] = next, lane.Lane, (0, 0));
            }
        }
    }

    private void Pause(int lane)
    {
        if (taking[lane]?.Fills is { } lack)
            lack.NotBeforeMilliseconds = Now + PauseMilliseconds;
        else
            notBefore[lane] = Now + PauseMilliseconds;
        taking[lane] = null;
    }

    // Rather from the region that wrote it.
    private Taking? Offer(LaneReplica lane)
    {
        Taking? found = null;
        foreach (var peer in links.Peers)
        {
            if (!peer.IsLive || peer.Reports[lane.Lane] is not { Opened.Count: > 0 } report)
                continue;
            foreach (var history in report.Opened.Where(h => !lane.HasTaken(h)))
            {
                if (history.Origin.Region == peer.Name)
                    return new Taking(peer.Dialled!, history);
                found ??= new Taking(peer.Dialled!, history);
            }
        }
        return found;
    }

    /// <summary>A history that is offered and not yet here may have events of the type.</summary>
    public bool MayBring(LaneReplica lane, string type, Origin origin)
        => links.Peers.Any(p => p.IsLive && p.Reports[lane.Lane] is { } report
            && report.Opened.Any(h => h.Type == type && h.Origin.Equals(origin) && !lane.HasTaken(h)));

    private void Ask(Taking taken, int lane, (ulong Scanned, ulong Until) from)
    {
        (taken.Request, taken.AskedMilliseconds, taken.Next) = (links.NextRequest(), Now, null);
        context.Emit(new SendFrame(taken.Link.Id, new FetchTypeFrame(taken.Request, lane, taken.History)
        {
            Scanned = from.Scanned, Until = from.Until,
        }));
    }

    /// <summary>An answer; false when nobody here had asked.</summary>
    public bool Fetched(PeerLink link, FetchedFrame frame)
    {
        if (Array.Find(taking, t => t?.Request == frame.Request && t.Link == link) is not { } taken)
            return false;
        var lane = Array.IndexOf(taking, taken);
        var history = taken.History;
        taken.Lacks |= frame.Lacks;
        taken.Request = 0;
        if (frame.More)
            taken.Next = (frame.Scanned, frame.Until);
        taken.IsLast = !frame.More;
        taken.Unsettled++;
        EventRecord[] events = [.. frame.Events.Where(e => e.Entity.Type == history.Type && e.Entity.Lane == lane
            && e.Origin.Equals(history.Origin) && e.OriginPosition <= history.Through)];
        kernel.Lane(lane).Receive(link.Id, events, () =>
        {
            taken.Unsettled--;
            GoOn(taken, lane);
        });
        GoOn(taken, lane);
        return true;
    }

    private void GoOn(Taking taken, int lane)
    {
        if (taking[lane] != taken)
            return; // it was begun anew meanwhile
        if (taken.Next is { } next && taken.Unsettled < MaxPagesUnsettled)
        {
            Ask(taken, lane, next);
            return;
        }
        if (!taken.IsLast || taken.Unsettled > 0)
            return;
        if (taken.Lacks)
        {
            Pause(lane);
            return;
        }
        taking[lane] = null;
        if (taken.Fills is null)
            kernel.Lane(lane).Taken(taken.History);
        else
            kernel.Lane(lane).Filled(taken.History, taken.Link.Peer.Name, taken.IsWhole);
    }

    /// <summary>Answers a peer that asks, from the journal.</summary>
    public void Serve(PeerLink link, FetchTypeFrame ask)
    {
        var lane = kernel.Lane(ask.Lane);
        // Beyond the head there is nothing to look at, whatever is asked for.
        Read(link, ask with { Until = ask.Until > 0 ? Math.Min(ask.Until, lane.Head) : lane.Head });
    }

    private void Read(PeerLink link, FetchTypeFrame ask)
    {
        var request = links.NextRequest();
        serving.Add(request, (link, ask));
        context.Emit(new ReadPage(request, ask.Lane, ask.Scanned, new LaneFilter(ask.History.Origin, ask.History.After),
            context.Options.PageRows, context.Options.PageBytes));
    }

    /// <summary>A page was read; false when it is not one of these.</summary>
    public bool PageRead(long request, LanePage page)
    {
        if (!serving.Remove(request, out var asked))
            return false;
        if (!links.Stands(asked.Link.Id))
            return true;
        var ask = asked.Ask;
        EventRecord[] events = [.. page.Rows.Select(r => r.Row.Event).Where(e => e.Entity.Type == ask.History.Type
            && e.OriginPosition <= ask.History.Through && links.Shows(asked.Link, e))
            .Select(e => e.For(asked.Link.Peer.Name))];
        // Who does not come forward is not asked again: a page that ends where it began would be read for ever.
        var isStuck = page.Through <= ask.Scanned && page.Through < ask.Until;
        var more = page.Through < ask.Until && !isStuck;
        if (more && events.Length == 0 && page.Damaged.Count == 0)
        {
            Read(asked.Link, ask with { Scanned = page.Through });
            return true;
        }
        context.Emit(new SendFrame(asked.Link.Id, new FetchedFrame(ask.Request, events, more)
        {
            Scanned = page.Through, Until = ask.Until, Lacks = page.Damaged.Count > 0 || isStuck,
        }));
        return true;
    }

    /// <summary>A page could not be read; false when it is not one of these.</summary>
    public bool PageFailed(long request)
    {
        if (!serving.Remove(request, out var asked))
            return false;
        if (links.Stands(asked.Link.Id))
            context.Emit(new SendFrame(asked.Link.Id, new FetchedFrame(asked.Ask.Request, [], false) { Lacks = true }));
        return true;
    }

    /// <summary>A link is gone, and with it what was asked for on it.</summary>
    public void Forget(PeerLink link)
    {
        for (var lane = 0; lane < taking.Length; lane++)
        {
            if (taking[lane]?.Link == link)
                taking[lane] = null;
        }
    }

    /// <summary>The lane has forgotten what was not durable.</summary>
    public void Forget(LaneReplica lane) => taking[lane.Lane] = null;

    /// <summary>What is being taken from a peer.</summary>
    internal sealed class Taking(PeerLink link, OpenedHistory history)
    {
        /// <summary>Where it was left out; null of a history that its region has opened.</summary>
        public Lack? Fills { get; init; }

        /// <summary>The peer has all of it.</summary>
        public bool IsWhole { get; init; }

        public PeerLink Link { get; } = link;
        public OpenedHistory History { get; } = history;
        public long Request { get; set; }
        public long AskedMilliseconds { get; set; }

        /// <summary>Where the next page begins, when it may not be asked for yet.</summary>
        public (ulong Scanned, ulong Until)? Next { get; set; }

        /// <summary>Pages that have come and are not durable as a whole.</summary>
        public int Unsettled { get; set; }

        public bool IsLast { get; set; }
        public bool Lacks { get; set; }
    }
}
