using Pelago.Model;

namespace Pelago.Replication;

internal sealed partial class PeerLinks
{
    internal const int FetchPauseMilliseconds = 500;
    private const int LeftOutPauseMilliseconds = 5_000;

    // Nothing is asked for before it is durable who the group is. A journal that holds events and knows no group is of
    // a region that was removed, and would be refused for good.
    private void Subscribe(PeerLink link, LaneReplica lane, Origin? origin)
    {
        if (origin is null || context.Configuration.Epoch == 0)
            return;
        var cursor = lane.Cursor(origin);
        if (cursor.ServedBy == link.Id)
            return;
        if (cursor.ServedBy != 0 && links.TryGetValue(cursor.ServedBy, out var before))
            context.Emit(new SendFrame(before.Id, new SubscribeFrame(lane.Lane, origin, 0, Stop: true)));
        (cursor.ServedBy, cursor.StuckSinceMilliseconds) = (link.Id, null);
        link.Asked.Add((lane.Lane, origin));
        if (link.Peer.Name != origin.Region)
            context.Hit(Probe.RelayChosen);
        context.Emit(new SendFrame(link.Id, new SubscribeFrame(lane.Lane, origin, cursor.Received, Stop: false)));
    }

    /// <summary>Nothing more of the origin is asked for.</summary>
    public void Unsubscribe(LaneReplica lane, OriginCursor cursor)
    {
        if (links.TryGetValue(cursor.ServedBy, out var link))
            context.Emit(new SendFrame(link.Id, new SubscribeFrame(lane.Lane, cursor.Origin, 0, Stop: true)));
        cursor.ServedBy = 0;
    }

    /// <summary>Any path: an origin is taken from its own region while that is reachable, and otherwise, or when its
    /// life is over, from whoever reports to hold more of it than we do.</summary>
    private void ChooseServers(LaneReplica lane)
    {
        foreach (var peer in peers.Values.Where(p => p.IsLive))
        {
            if (peer.Reports[lane.Lane] is not { } report)
                continue;
            foreach (var holding in report.Holdings)
            {
                var origin = holding.Origin;
                if (origin.Equals(writer.Current))
                {
                    if (holding.Position <= lane.OwnHead)
                        continue;
                    kernel.BreakIncarnation(
                        AlarmKind.OwnEventBeyondSeen, $"{peer.Name} holds lane {lane.Lane} beyond its head");
                    return;
                }
                if (origin.Equals(writer.Newest) || !Offers(peer, lane, origin))
                    continue;
                if (lane.Cursor(origin) is { } cursor && cursor.ServedBy == peer.Dialled!.Id)
                    cursor.StuckSinceMilliseconds ??= Now;
                else if (ShouldTake(lane, origin, peer))
                    Subscribe(peer.Dialled!, lane, origin);
            }
        }
    }

    // It has more than has arrived here: in one piece, or scattered beyond that.
    public static bool Offers(PeerState peer, LaneReplica lane, Origin origin)
    {
        if (peer.Reports[lane.Lane] is not { } report)
            return false;
        var (holding, cursor) = (report.Of(origin), lane.Cursor(origin));
        return holding.Position > cursor.Received || holding.Beyond > cursor.Gathered.GetValueOrDefault(peer.Name);
    }

    private bool ShouldTake(LaneReplica lane, Origin origin, PeerState from)
    {
        var cursor = lane.Cursor(origin);
        var server = links.TryGetValue(cursor.ServedBy, out var link) && link.Hello is not null ? link.Peer : null;
        if (peers.TryGetValue(origin.Region, out var home))
        {
            if (home.Dialled is { Hello: not null } direct && origin.Equals(direct.Serves))
                return (home == from && (server is null || !Offers(server, lane, origin)))
                    || IsStuck(lane, cursor, from);
            if (!home.IsLive && Now - home.DownSinceMilliseconds < context.Options.RelayAfterMilliseconds)
                return false; // it will probably be back at once
        }
        return server is null || !Offers(server, lane, origin) || IsStuck(lane, cursor, from);
    }

    // Whoever an origin is taken from has more and cannot send it, a row that does not open perhaps: the next one may.
    private bool IsStuck(LaneReplica lane, OriginCursor cursor, PeerState from)
        => Now - cursor.StuckSinceMilliseconds >= context.Options.StuckAfterMilliseconds
            && from.Reports[lane.Lane]!.Of(cursor.Origin).Position > cursor.Received;

    // What every region that we hear writes to at present: a clone beside its original makes two.
    private HashSet<Origin> LivingOrigins()
    {
        var living = links.Values.Where(l => l.Hello is not null).Select(l => l.Serves).OfType<Origin>().ToHashSet();
        if (writer.Newest is { } own)
            living.Add(own);
        return living;
    }

    /// <summary>Every life of the origin's region that we hear of is a later one, by its name, too. A clock that was
    /// set back may have given a life an earlier name than one that is over.</summary>
    public bool AllLiveAfter(Origin origin)
        => (writer.Newest is not { } own || IsAfter(own, origin))
            && links.Values.All(l => l is not { Hello: not null, Serves: { } served } || IsAfter(served, origin));

    /// <summary>The life is over, as far as every region that we hear of says.</summary>
    public bool IsOver(Origin origin) => !LivingOrigins().Contains(origin)
        && (context.Configuration.RemovedIn(origin.Region) is not null || origin.Region == context.Options.Region
            || LivingOrigins().Any(o => o.Region == origin.Region));

    private static bool IsAfter(Origin living, Origin origin)
        => living.Region != origin.Region || living.Incarnation.CompareTo(origin.Incarnation) > 0;

    /// <summary>More of the origin may arrive in this lane: its region is out of reach or still writes that life, or
    /// some peer has more of it.</summary>
    public bool MayBring(LaneReplica lane, Origin origin)
    {
        var living = LivingOrigins();
        return living.Contains(origin)
            || (!living.Any(o => o.Region == origin.Region)
                && context.Configuration.RemovedIn(origin.Region) is null)
            || peers.Values.Any(p => Offers(p, lane, origin));
    }

    // Lives that are over: what is left of them is settled once every member has told and sent all it has.
    private void SettleOver(LaneReplica lane, HashSet<Origin> living)
    {
        foreach (var cursor in lane.Cursors.ToArray()) // one that goes on brings back those after it
        {
            var origin = cursor.Origin;
            if (living.Contains(origin))
            {
                lane.Unsettle(cursor);
                continue;
            }
            if (context.Configuration.RemovedIn(origin.Region) is not null)
            {
                lane.LookForBusy(cursor);
                if (lane.IsSealed(origin.Region))
                    lane.LookForRetired(cursor);
                continue; // it is sealed as a whole
            }
            if (!living.Any(o => o.Region == origin.Region))
            {
                // Its region is not reachable: what is known stays. Of one that was added the others want to know what
                // its former journal left, all the same.
                if (context.Configuration.Find(origin.Region) is { } member && WasAdded(member))
                    lane.LookForBusy(cursor);
                continue;
            }
            lane.LookForBusy(cursor);
            if (peers.Values.All(p => p.Reports[lane.Lane] is { } report && report.IsQuietAbout(origin)
                && !Offers(p, lane, origin)))
            {
                lane.Settle(cursor);
                lane.LookForRetired(cursor);
            }
        }
    }

    private void FetchGaps(LaneReplica lane)
    {
        var room = context.Options.MaxSnapshotFetches - fetching.Values.Count(f => f.Gap.IsSnapshot);
        foreach (var gap in lane.DueFetches(withSnapshots: room > 0).ToArray())
        {
            if (gap.IsSnapshot && --room < 0)
                continue; // once one of those under way has come
            var origin = gap.Entry.Origin;
            gap.NextFetchMilliseconds = Now + FetchPauseMilliseconds;
            if (IsLost(gap))
            {
                if (!lane.TakePlaceholders(gap))
                    lane.GiveUp(gap);
                continue;
            }
            var from = peers.Values.Where(p => p.IsLive && !IsLeftOut(p, gap))
                .OrderByDescending(p => gap.NextPage > 0 && p.Name == gap.PagesOf)
                .ThenBy(p => gap.InVainAt.GetValueOrDefault(p.Name, long.MinValue))
                .ThenByDescending(p => p.Reports[lane.Lane]?.Of(origin).Position ?? 0).FirstOrDefault();
            if (from is null)
                continue;
            gap.FetchUnderWay = true;
            // Everything that our frontier passed, or is about to, must be in its answer, not the first missing event
            // only. That a life was settled there does not count: what is owed and lost is given up with an alarm, not
            // closed.
            var passed = Math.Max(lane.Cursor(origin).Frontier, gap.HighestPosition);
            // What it has only seen does not count either.
            var vouched = from.Reports[lane.Lane] is { } told && told.Of(origin).Position >= passed
                && told.HasAll(gap.Entry.Entity.Type, origin, gap.Entry.Position - 1, passed);
            if (gap.NextPage == 0)
                gap.Round++;
            var first = lane.NextOf(gap);
            fetching.Add(++lastRequest, (from.Dialled!, lane, gap, vouched));
            context.Emit(new SendFrame(from.Dialled!.Id,
                new FetchFrame(lastRequest, gap.Entry.Entity, origin, first, ulong.MaxValue)));
        }
    }

    // It has only a placeholder, and most likely gets no more: it reads the entity's history for each answer.
    private bool IsLeftOut(PeerState peer, OwedGap gap) => gap.PlaceholdersAt.Contains(peer.Name)
        && Now - gap.InVainAt.GetValueOrDefault(peer.Name, long.MinValue / 2) < LeftOutPauseMilliseconds;

    // A life that is over, of a region that lost its end: every member was asked and has nothing, not even held back,
    // for long enough that what was under way has arrived.
    private bool IsLost(OwedGap gap)
    {
        var origin = gap.Entry.Origin;
        return gap.NothingAt.Count > 0 && Now - gap.NothingSinceMilliseconds >= context.Options.LostAfterMilliseconds
            && !origin.Equals(writer.Newest)
            && peers.Values.All(p => p.IsLive && gap.NothingAt.Contains(p.Name) && !origin.Equals(p.Dialled!.Serves)
                && p.Dialled!.ConfigurationEpoch >= context.Configuration.Epoch); // takes nothing of whom was removed
    }

    private void TakeFetched(PeerLink link, FetchedFrame f)
    {
        if (Histories.Fetched(link, f) || Fills.Fetched(link, f) || AntiEntropy.Fetched(link, f)
            || !fetching.Remove(f.Request, out var fetch) || fetch.Link != link)
            return;
        var wanted = f.Events.Where(e => e.Entity == fetch.Gap.Entry.Entity && e.Origin.Equals(fetch.Gap.Entry.Origin))
            .ToArray();
        var (gap, lane) = (fetch.Gap, fetch.Lane);
        gap.NextPage = 0;
        var missing = lane.NextOf(gap);
        var isCut = IsCut(lane, gap, link, ref wanted);
        var isLast = isCut || !f.More;
        lane.Receive(link, gap, wanted, isLast, complete: !f.More && !isCut && fetch.Vouched);
        if (isLast || wanted.Length == 0)
        {
            if (isCut || lane.NextOf(gap) == missing)
                gap.InVainAt[link.Peer.Name] = Now;
            return;
        }
        context.Hit(Probe.OwedPageFetched);
        // What found no room leaves none for what comes after it: then from what is missing, anew.
        if (gap.PassedInRound != gap.Round)
            (gap.NextPage, gap.PagesOf) = (wanted[^1].Sequence + 1, link.Peer.Name);
        if (gap.NextPage > 0 || lane.NextOf(gap) > missing)
            gap.NextFetchMilliseconds = Now;
    }

    // Its answer ends before the batch of the first event of which it has only a placeholder. What comes after that,
    // above all what says whom the entity is for, it may have in full, and nobody can take it before.
    private static bool IsCut(LaneReplica lane, OwedGap gap, PeerLink link, ref EventRecord[] events)
    {
        gap.PlaceholdersAt.Remove(link.Peer.Name);
        EventRecord[] missing = gap.TakesPlaceholders ? [] : [.. events.Where(lane.IsMissingThere)];
        if (missing.Length == 0)
            return false;
        var first = missing.Min(e => e.Sequence - (ulong)e.BatchIndex);
        events = [.. events.Where(e => e.Sequence < first)];
        gap.PlaceholdersAt.Add(link.Peer.Name);
        return true;
    }

    // A peer asks for so many at once in each lane, and not for more.
    private void Serve(PeerLink link, FetchFrame fetch)
    {
        if (link.Serving >= context.Options.MaxFetchesServed)
        {
            EndForAsking(link, "fetches entities");
            return;
        }
        link.Serving++;
        serving.Add(++lastRequest, (link, fetch));
        context.Emit(new ReadHistory(lastRequest, fetch.Entity));
    }

    /// <summary>A peer wants more at once than any region asks for: it is not kept.</summary>
    public void EndForAsking(PeerLink link, string what)
    {
        context.Hit(Probe.AskedTooMuch);
        context.Alarm(AlarmKind.Protocol, $"{link.Peer.Name} {what} faster than it takes what it asked for.");
        Goodbye(link, "protocol", "more was asked for at once than may be");
    }

    /// <summary>An entity's history was read for a peer that fetches.</summary>
    public void HistoryRead(long request, EntityImage image)
    {
        if (AntiEntropy.HistoryRead(request, image) || Fills.HistoryRead(request, image)
            || !serving.Remove(request, out var asked)
            || asked.Link.Serving-- <= 0 || !links.ContainsKey(asked.Link.Id)
            || ServeSnapshot(asked.Link, asked.Fetch, image))
            return;
        var (events, bytes, more) = (new List<EventRecord>(), 0, false);
        foreach (var e in ShownOf(image, asked.Link).Where(e => e.Origin.Equals(asked.Fetch.Origin)
            && e.Sequence >= asked.Fetch.From && e.Sequence <= asked.Fetch.To).OrderBy(e => e.Sequence))
        {
            more = events.Count > 0 && bytes + e.Weight > context.Options.PageBytes;
            if (more)
                break;
            events.Add(e);
            bytes += e.Weight;
        }
        // What cannot be read here, or is held back, may exist all the same: this answer is not all.
        more |= image.Damage is not null
            || image.Rows.Any(r => !Understands(asked.Link, r.Event)) || IsInCheckpoint(asked.Fetch, image)
            || kernel.Lane(image.Entity.Lane).WillCome(image.Entity, asked.Fetch.Origin)
            || kernel.Lane(image.Entity.Lane).IsOnItsWay(image.Entity, asked.Fetch.Origin);
        context.Emit(new SendFrame(asked.Link.Id, new FetchedFrame(asked.Fetch.Request, events, more)));
    }
}
