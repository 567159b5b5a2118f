using Pelago.Model;

namespace Pelago.Replication;

/// <summary>All links of an instance: who is dialled, who is heard, which origin is taken from whom.</summary>
internal sealed partial class PeerLinks
{
    private const int MaxSessions = 16;
    private readonly KernelContext context;
    private readonly Writer writer;
    private readonly InstanceKernel kernel;
    private readonly SortedDictionary<string, PeerState> peers = new(StringComparer.Ordinal);
    private readonly SortedDictionary<long, PeerLink> links = [];
    private readonly Dictionary<long, (LaneFeed Feed, LaneFeed.Subscription Subscription)> pages = [];
    private readonly Dictionary<long, (PeerLink Link, FetchFrame Fetch)> serving = [];
    private readonly Dictionary<long, (PeerLink Link, LaneReplica Lane, OwedGap Gap, bool Vouched)> fetching = [];
    private long lastRequest;
    private long lastReport = long.MinValue / 2;
    private bool clockAlarmed;

    public PeerLinks(KernelContext context, Writer writer, InstanceKernel kernel)
    {
        (this.context, this.writer, this.kernel) = (context, writer, kernel);
        AntiEntropy = new AntiEntropy(context, writer, this, kernel);
        Histories = new TypeHistories(context, this, kernel);
        Fills = new RegionFills(context, this, kernel);
        Forwards = new Forwards(context, this);
        AddPeers();
    }

    public AntiEntropy AntiEntropy { get; }

    public TypeHistories Histories { get; }

    /// <summary>Fills placeholders of entities that have filters of their own.</summary>
    public RegionFills Fills { get; }

    public Forwards Forwards { get; }

    /// <summary>Links on which peers read what is here.</summary>
    public IEnumerable<PeerLink> Readers => links.Values.Where(l => !l.Dialled && l.Hello is not null);

    public IEnumerable<PeerState> Peers => peers.Values;

    private long Now => context.Now.MonotonicMilliseconds;

    /// <summary>The link on which a region is asked, or null while none stands.</summary>
    public long? Way(string region)
        => peers.TryGetValue(region, out var peer) && peer.IsLive ? peer.Dialled!.Id : null;

    /// <summary>The region, to which there is a way, carries out what others ask of it.</summary>
    public bool TakesAsks(string region) => peers[region].Dialled!.Hello!.TakesAsks;

    /// <summary>The region, to which there is a way, grants leases.</summary>
    public bool GrantsLeases(string region) => peers[region].Dialled!.Hello!.GrantsLeases;

    /// <summary>The region, to which there is a way, gives keys of subjects.</summary>
    public bool GivesKeys(string region) => peers[region].Dialled!.Hello!.GivesKeys;

    /// <summary>The region, to which there is a way, says which keys of subjects it holds.</summary>
    public bool TellsKeysHeld(string region) => peers[region].Dialled!.Hello!.TellsKeysHeld;

    /// <summary>Of the region's link as last measured; negative before.</summary>
    public double RoundTripMilliseconds(string region) => peers[region].RoundTripMilliseconds;

    /// <summary>The event may be sent on the link.</summary>
    public bool Shows(PeerLink link, EventRecord e) => !kernel.Lane(e.Entity.Lane).Withholds(e)
        && context.Filters.Admits(e.Entity.Type, link.Peer.Name) && Understands(link, e);

    /// <summary>The other side knows what it may not pass on: a version that does not is sent nothing of an entity that
    /// has a filter of its own.</summary>
    public static bool Understands(PeerLink link, EventRecord e) => e.Regions is null || link.Hello!.KnowsRegions;

    /// <summary>Whether the entity's type is for this region, and here.</summary>
    public bool Serves(EntityKey entity) => kernel.Lane(entity.Lane).Serves(entity.Type);

    /// <summary>The nearest region, to which there is a way, that has entities which this one does not; null when
    /// there is none.</summary>
    /// <param name="inVainAt">Regions that were asked and did not have it.</param>
    public string? WhoServes(EntityKey entity, IReadOnlySet<string> inVainAt) => peers.Values
        .Where(p => p.IsLive && !inVainAt.Contains(p.Name) && p.Dialled!.Hello!.KnowsFilters
            && context.Filters.Admits(entity.Type, p.Name)
            && p.Reports[entity.Lane] is { } report && report.Lacks.All(l => l.Type != entity.Type))
        .OrderBy(p => p.RoundTripMilliseconds).ThenBy(p => p.Name, StringComparer.Ordinal).FirstOrDefault()?.Name;

    /// <summary>The nearest region that an entity is for and to which there is a way; null when there is none.
    /// </summary>
    /// <param name="inVainAt">Regions that were asked and did not have it.</param>
    public string? WhoServes(EntityFilter rule, IReadOnlySet<string> inVainAt) => peers.Values
        .Where(p => p.IsLive && !inVainAt.Contains(p.Name) && p.Dialled!.Hello!.KnowsRegions
            && context.InForce(rule)!.Admits(p.Name))
        .OrderBy(p => p.RoundTripMilliseconds).ThenBy(p => p.Name, StringComparer.Ordinal).FirstOrDefault()?.Name;

    /// <summary>The link still stands.</summary>
    public bool Stands(long id) => links.ContainsKey(id);

    /// <summary>A number for a question, never given twice.</summary>
    public long NextRequest() => ++lastRequest;

    /// <summary>The peer behind a link that still stands, or null.</summary>
    public PeerState? PeerOf(PeerLink link) => links.ContainsKey(link.Id) ? link.Peer : null;

    public long NextRequest(LaneFeed feed, LaneFeed.Subscription subscription)
    {
        pages.Add(++lastRequest, (feed, subscription));
        return lastRequest;
    }

    public void PageRead(long request, LanePage page)
    {
        if (Histories.PageRead(request, page))
            return;
        if (pages.Remove(request, out var waiting))
            waiting.Feed.Read(waiting.Subscription, page);
    }

    public void CheckpointsRead(long request, CheckpointPage page)
    {
        if (pages.Remove(request, out var waiting))
            waiting.Feed.Read(waiting.Subscription, page);
    }

    public void PageFailed(long request)
    {
        if (Histories.PageFailed(request))
            return;
        if (pages.Remove(request, out var waiting))
            LaneFeed.Failed(waiting.Subscription, Now);
    }

    public void Opened(long id, string name, bool dialled)
    {
        if (!peers.TryGetValue(name, out var peer))
        {
            RefuseStranger(id, name);
            return;
        }
        var link = new PeerLink(id, peer, dialled) { LastHeardMilliseconds = Now, OpenedMilliseconds = Now };
        links.Add(id, link);
        if (!dialled)
            return;
        if (peer.Dialled is { } old)
            Close(old, "replaced");
        (peer.IsDialling, peer.Dialled) = (false, link);
        SendHello(link, []);
    }

    public void DialFailed(string name)
    {
        if (!peers.TryGetValue(name, out var peer))
            return;
        peer.IsDialling = false;
        Backoff(peer);
    }

    /// <summary>The shell lost the link.</summary>
    public void Closed(long id)
    {
        if (links.TryGetValue(id, out var link))
            Forget(link);
    }

    public void Close(PeerLink link, string reason)
    {
        context.Emit(new CloseLink(link.Id, reason));
        Forget(link);
    }

    /// <summary>Ends a link with a last word.</summary>
    private void Goodbye(PeerLink link, string reason, string detail, Incarnation? session = null)
    {
        context.Emit(new SendFrame(link.Id, new GoodbyeFrame(reason, detail, session)));
        Close(link, reason);
    }

    /// <summary>Ends every link on which events arrive: what was under way on them is asked for again.</summary>
    public void CloseDialled(string reason)
    {
        foreach (var link in links.Values.Where(l => l.Dialled).ToArray())
            Close(link, reason);
    }

    public void CloseAll(string reason)
    {
        foreach (var link in links.Values.ToArray())
            Goodbye(link, reason, "");
    }

    public void OwnEventBeyondSeen(EventRecord e) => kernel.BreakIncarnation(AlarmKind.OwnEventBeyondSeen,
        $"{e.Entity} {e.Origin}#{e.Sequence} arrived, which this journal never wrote");

    /// <summary>An event that this region wrote came back from elsewhere.</summary>
    public void OwnEventWasMissing() => kernel.HasLost();

    public void ReturnCredit(long id, int lane, int bytes)
    {
        if (bytes > 0 && links.TryGetValue(id, out var link))
            link.CreditToReturn[lane] += bytes;
    }

    public void LaneCommitted(LaneReplica lane, List<EventRow> rows, LaneCommit commit)
    {
        foreach (var link in links.Values)
            link.Feeds[lane.Lane]?.Committed(rows, commit);
    }

    /// <summary>Sends the credit that is worth a frame; called at the end of a turn.</summary>
    public void SendCredits()
    {
        var worth = context.Options.LaneCreditBytes / 4;
        foreach (var link in links.Values)
        {
            for (var lane = 0; link.Dialled && lane < EntityKey.Lanes; lane++)
            {
                if (link.CreditToReturn[lane] < worth)
                    continue;
                context.Emit(new SendFrame(link.Id, new CreditFrame(lane, link.CreditToReturn[lane])));
                link.CreditToReturn[lane] = 0;
            }
        }
    }

    // 1 silence  2 dial  3 heartbeats  4 reports and claims  5 who is taken from whom  6 gaps
    public void Tick()
    {
        foreach (var link in links.Values.Where(l => Now
            - l.LastHeardMilliseconds > context.Options.LinkSilenceMilliseconds).ToArray())
        {
            context.Hit(Probe.LinkSilent);
            Close(link, "silent");
        }
        LookForTwins();
        foreach (var peer in peers.Values.Where(p => p.DownSinceMilliseconds == long.MinValue))
            peer.DownSinceMilliseconds = Now;
        foreach (var peer in peers.Values.Where(p => p.Dialled is null && !p.IsDialling
            && p.NextDialMilliseconds <= Now))
        {
            peer.IsDialling = true;
            context.Emit(new Dial(peer.Name));
        }
        foreach (var link in links.Values.Where(l => l.Hello is not null
            && Now - l.LastHeartbeatMilliseconds >= context.Options.HeartbeatMilliseconds))
        {
            SendHeartbeat(link);
        }
        AntiEntropy.Tick();
        Forwards.Tick();
        if (Now - lastReport < context.Options.ReportMilliseconds)
            return;
        lastReport = Now;
        // Lag counts from here, whether or not anybody looks meanwhile.
        foreach (var peer in peers.Values.Where(p => p.IsLive && p.Behind(kernel.Lanes) == 0))
            peer.CaughtUpMilliseconds = peer.Dialled!.LastHeardMilliseconds;
        SendReports();
        foreach (var lane in kernel.Lanes)
            ChooseServers(lane);
        foreach (var lane in kernel.Lanes.Where(l => l.OwedCount > 0))
            FetchGaps(lane);
        Histories.Tick();
        Fills.Tick();
    }

    // A clone or a restored copy beside the original: both still speak, long after the second one came. Told here,
    // because neither of the two may be able to reach the other; that they wrote under different incarnations is what
    // keeps their events apart.
    private void LookForTwins()
    {
        foreach (var older in links.Values)
        {
            if (older.Hello is not { } first || older.IsTwin)
                continue;
            var newer = links.Values.FirstOrDefault(l => l.Id > older.Id && l.Peer == older.Peer
                && l.Hello is { } hello && hello.Session != first.Session
                && older.LastHeardMilliseconds - l.OpenedMilliseconds > context.Options.LinkSilenceMilliseconds);
            if (newer is null)
                continue;
            older.IsTwin = true;
            context.Hit(Probe.RegionClaimedTwice);
            context.Alarm(AlarmKind.Superseded, $"Two processes run as {older.Peer.Name}: session {first.Session} "
                + $"writes as {older.Serves}, session {newer.Hello!.Session} as {newer.Serves}. A clone or a restored "
                + "copy is running beside the original.");
        }
    }

    private void Forget(PeerLink link)
    {
        links.Remove(link.Id);
        LinkedAnew();
        AntiEntropy.Forget(link);
        Histories.Forget(link);
        Fills.Forget(link);
        ForgetServed(link);
        Forwards.Forget(link);
        foreach (var page in pages.Where(p => link.Feeds.Contains(p.Value.Feed)).Select(p => p.Key).ToArray())
            pages.Remove(page);
        foreach (var (request, fetch) in fetching.Where(f => f.Value.Link == link).ToArray())
        {
            EndFetch(request, fetch.Gap);
        }
        if (!link.Dialled || link.Peer.Dialled != link)
            return;
        link.Peer.Dialled = null;
        link.Peer.DownSinceMilliseconds = Now;
        context.Clock.Forget(link.Peer.Name);
        Backoff(link.Peer);
        foreach (var lane in kernel.Lanes)
        {
            foreach (var cursor in lane.Cursors.Where(c => c.ServedBy == link.Id))
                cursor.ServedBy = 0;
            lane.ForgetAnswers(link.Peer.Name);
        }
    }

    // Full jitter between the shortest pause and an exponentially growing bound.
    private void Backoff(PeerState peer)
    {
        var options = context.Options;
        var bound = Math.Min(options.DialBackoffMaxMilliseconds,
            options.DialBackoffMinMilliseconds << Math.Min(peer.Failures, 10));
        peer.Failures++;
        peer.NextDialMilliseconds = Now + options.DialBackoffMinMilliseconds
            + (long)(context.NextRandom() % (ulong)Math.Max(1, bound));
    }
}
