using Pelago.Model;

namespace Pelago.Replication;

internal sealed partial class PeerLinks
{
    private const int MaxLivesTold = 64;

    /// <summary>Takes a frame.</summary>
    public void Received(long id, Frame frame)
    {
        if (!links.TryGetValue(id, out var link))
            return;
        link.LastHeardMilliseconds = Now;
        if (frame is HelloFrame hello)
        {
            TakeHello(link, hello);
            return;
        }
        if (link.Hello is null && !FrameOrder.MayPrecedeHello(frame))
        {
            Goodbye(link, "protocol", "the first frame must be a hello");
            return;
        }
        Take(link, frame);
    }

    private void Take(PeerLink link, Frame frame)
    {
        switch (frame)
        {
            case EventsFrame f when link.Dialled:
                TakeEvents(link, f);
                break;
            case SubscribeFrame f when !link.Dialled:
                TakeSubscription(link, f);
                break;
            case CreditFrame f when !link.Dialled:
                Feed(link, f.Lane).AddCredit(f.Bytes);
                break;
            case ReportFrame f:
                TakeReport(link, f);
                break;
            case HeartbeatFrame f:
                TakeHeartbeat(link, f);
                break;
            case FetchFrame f when !link.Dialled:
                Serve(link, f);
                break;
            case FetchTypeFrame or AskFrame when !link.Dialled:
            case AnswerFrame when link.Dialled:
                TakeOfModes(link, frame);
                break;
            case FetchedFrame f when link.Dialled:
                TakeFetched(link, f);
                break;
            case DigestsFrame f when link.Dialled:
                AntiEntropy.Received(link, f);
                break;
            case RegisterAskFrame or EnrolFrame when !link.Dialled:
            case RegisterAnswerFrame or EnrolledFrame when link.Dialled:
                if (!link.Peer.IsOfAnotherGroup)
                    kernel.Registers.Received(link.Peer.Name, link.Id, frame);
                break;
            case LeaseAskFrame when !link.Dialled:
            case LeaseGrantFrame when link.Dialled:
            case PrimaryFrame or FilterFrame:
                if (!link.Peer.IsOfAnotherGroup)
                    TakeOfPrimaries(link, frame);
                break;
            case SubjectKeysAskFrame or SubjectKeysHeldAskFrame when !link.Dialled:
            case SubjectKeysFrame or SubjectKeysLackingFrame or SubjectKeysHeldFrame when link.Dialled:
                kernel.Subjects.Received(link, frame);
                break;
            case ConfigurationFrame f:
                TakeConfiguration(link, f);
                break;
            case GoodbyeFrame f:
                TakeGoodbye(link, f);
                break;
            default:
                TakeSnapshotFrame(link, frame);
                break;
        }
    }

    // What types with a mode of their own ask of other regions.
    private void TakeOfModes(PeerLink link, Frame frame)
    {
        if (frame is FetchTypeFrame fetch)
            Histories.Serve(link, fetch);
        else if (frame is AskFrame ask)
            context.Emit(new AskReceived(link.Id, ask));
        else
            Forwards.Answered(link, (AnswerFrame)frame);
    }

    private void TakeOfPrimaries(PeerLink link, Frame frame)
    {
        if (frame is LeaseAskFrame ask)
            kernel.Primaries.Take(link, ask);
        else if (frame is LeaseGrantFrame grant)
            kernel.Primaries.Answered(link, grant);
        else if (frame is FilterFrame filter)
            TakeFilter(link, filter);
        else
            kernel.Primaries.Told((PrimaryFrame)frame);
    }

    private void TakeFilter(PeerLink link, FilterFrame frame)
    {
        if (context.Filters.Told(link.Peer.Name, frame))
            Follow(frame);
    }

    /// <summary>Another filter is in force: it is told on before anything is left out under it.</summary>
    public void Follow(FilterFrame frame)
    {
        foreach (var other in links.Values.Where(l => l.Hello is { KnowsFilters: true }))
            context.Emit(new SendFrame(other.Id, frame));
        foreach (var lane in kernel.Lanes)
            lane.FollowFilter(frame.Type);
    }

    /// <summary>Tells every peer who the primary of a type is.</summary>
    public void Tell(PrimaryFrame frame)
    {
        foreach (var link in links.Values.Where(l => l.Hello is { GrantsLeases: true }))
            context.Emit(new SendFrame(link.Id, frame));
    }

    /// <summary>Tells a peer what is held of every lane, now. False when that cannot be said of some lane
    /// yet.</summary>
    public bool SendAllReports(PeerLink link)
    {
        var (living, isAll) = (LivingOrigins(), true);
        foreach (var lane in kernel.Lanes)
            isAll &= SendReport(link, lane, living);
        EndOverfull();
        return isAll;
    }

    // Before any report, which may hold what is of a later epoch than the other side knows, and before any event.
    private void TellDecisions(PeerLink link)
    {
        foreach (var known in link.Hello!.KnowsFilters ? context.Filters.Known() : [])
            context.Emit(new SendFrame(link.Id, known));
        if (!link.Hello!.GrantsLeases)
            return;
        foreach (var known in kernel.Primaries.Known())
            context.Emit(new SendFrame(link.Id, known));
    }

    private void TakeEvents(PeerLink link, EventsFrame f)
    {
        // Who sends what nobody asked it for could claim that another region's events have all been sent. Of our own
        // present life nobody asks for anything, and what comes is a sign that somebody else writes under it.
        if (f.Origin.Region != link.Peer.Name && !f.Origin.Equals(writer.Newest)
            && !link.Asked.Contains((f.Lane, f.Origin)))
        {
            context.Alarm(AlarmKind.Protocol,
                $"{link.Peer.Name} sent events of {f.Origin}, which it was not asked for.");
            Goodbye(link, "protocol", "events of an origin that was not asked for");
            return;
        }
        if (f.LeftOut.Count > 0 && context.Filters.Refuse(f.LeftOut) is { } refused)
        {
            context.Alarm(AlarmKind.Protocol, $"{link.Peer.Name} {refused}.");
            Goodbye(link, "protocol", "events were left out that are for the receiver");
            return;
        }
        var lane = kernel.Lane(f.Lane);
        var cursor = lane.Cursor(f.Origin);
        if (lane.Fenced)
            return; // nothing is taken any more, so nothing is skipped
        if (f.After > cursor.Received)
        {
            // To follow its claim would be to report what was never here as held, and never to ask for it again.
            context.Alarm(AlarmKind.Protocol, $"{link.Peer.Name} skipped positions {cursor.Received + 1} to {f.After} "
                + $"of {f.Origin} in lane {f.Lane}; they are asked for again.");
            Goodbye(link, "protocol", "events were skipped");
            return;
        }
        if (f.Beyond > 0)
        {
            cursor.Gathered[link.Peer.Name] = f.Beyond;
            context.Hit(Probe.BeyondGathered);
        }
        // A relay claims nothing before it has sent everything; an origin's own region does with each frame.
        if (f.Through > cursor.Received || (f.Through == 0 && link.Peer.Name != f.Origin.Region))
            cursor.StuckSinceMilliseconds = null;
        lane.Receive(link.Id, f);
    }

    private void SendHello(PeerLink link, IReadOnlyList<LaneHolding> holdings) => context.Emit(new SendFrame(link.Id,
        new HelloFrame(context.Options.Region, kernel.JournalId, context.Options.Session, writer.Current, writer.Newest,
            context.Configuration.Epoch, [.. kernel.Lanes.Select(l => l.OwnHead)], holdings)
        {
            Openings = kernel.Lanes.Max(l => l.Epoch), TakesAsks = true, GrantsLeases = true, GivesKeys = true,
            KnowsFilters = true, KnowsPast = true, TellsKeysHeld = true, KnowsRegions = true,
        }));

    // What is held here of the lives of whoever dials, for a journal that was set back and does not know it. Those that
    // are past it had held as a whole.
    private IEnumerable<Origin> LivesOf(HelloFrame hello) => kernel.Lanes.SelectMany(l => l.OriginsNotPast)
        .Where(o => o.Region == hello.Region).Append(hello.Newest).OfType<Origin>().Distinct().Order()
        .TakeLast(MaxLivesTold);

    // The present life may have been begun by a write, or be about to, before anybody could tell.
    private bool LacksOfItsLives(HelloFrame hello) => hello.Holdings.Any(h => h.Origin.Region == context.Options.Region
        && !h.Origin.Equals(writer.Current) && h.Position > kernel.Lane(h.Lane).HighestOf(h.Origin));

    // 1 who  2 which session of an incarnation wins  3 answer, or take the answer  4 ask for its events
    private void TakeHello(PeerLink link, HelloFrame hello)
    {
        if (link.Hello is not null || hello.Region != link.Peer.Name
            || (hello.Newest is { } newest && newest.Region != hello.Region))
        {
            Goodbye(link, "protocol", "hello does not fit the connection");
            return;
        }
        if (IsOfOlderMembership(link, hello))
        {
            RefuseRemoved(link);
            return;
        }
        if (hello.Newest is not null && !IsNewestSession(link, hello))
            return;
        (link.Hello, link.Serves) = (hello, hello.Newest);
        link.Peer.TakesSnapshots = hello.TakesSnapshots;
        LinkedAnew();
        if (!link.Dialled)
        {
            AntiEntropy.Came();
            SendHello(link, [.. LivesOf(hello).SelectMany(life => kernel.Lanes.Select(
                l => new LaneHolding(l.Lane, life, l.HighestOf(life)))).Where(h => h.Position > 0)]);
            TellConfiguration(link, hello);
            TellDecisions(link);
            return;
        }
        TellConfiguration(link, hello);
        TellDecisions(link);
        link.Peer.Failures = 0;
        if (link.Peer.Session != hello.Session)
            ForgetReports(link.Peer, hello.Session);
        if (writer.Newest is { } own && writer.Answered(link.Peer.Name, hello.Holdings
            .Where(h => h.Origin.Equals(own)).All(h => h.Position <= kernel.Lane(h.Lane).OwnHead)))
            kernel.HasLost();
        else if (LacksOfItsLives(hello))
            kernel.HasLost();
        foreach (var lane in kernel.Lanes)
        {
            context.Emit(new SendFrame(link.Id, new CreditFrame(lane.Lane, context.Options.LaneCreditBytes)));
            Subscribe(link, lane, link.Serves);
        }
        kernel.Registers.Linked(link.Peer.Name);
        kernel.Subjects.Holders.Linked(link.Peer.Name);
    }

    // A new process may have lost what the one before it reported.
    private void ForgetReports(PeerState peer, Incarnation session)
    {
        if (peer.Session is not null)
            context.Hit(Probe.StaleReportForgotten);
        peer.Session = session;
        Array.Clear(peer.Reports);
        kernel.Membership.Forget(peer.Name);
        kernel.Primaries.Recovery.Forget(peer.Name);
        kernel.Subjects.Forget(peer.Name);
        foreach (var lane in kernel.Lanes)
        {
            lane.Finality.Restarted(peer.Name);
            lane.ForgetToldBy(peer.Name);
            foreach (var cursor in lane.Cursors)
                cursor.Gathered.Remove(peer.Name);
        }
    }

    // Which lives are over, as far as we know, is part of every report.
    private void LinkedAnew()
    {
        foreach (var lane in kernel.Lanes)
            lane.ReportDue = true;
    }

    // Two processes that claim one incarnation: the newer session wins, the other is told and begins a new incarnation.
    private bool IsNewestSession(PeerLink link, HelloFrame hello)
    {
        var sessions = link.Peer.Sessions;
        var incarnation = hello.Newest!.Incarnation;
        var session = PeerSession.Of(hello);
        if (sessions.TryGetValue(incarnation, out var known) && known.IsNewerThan(session))
        {
            Goodbye(link, "superseded", "a newer process claims this incarnation", known.Id);
            return false;
        }
        sessions[incarnation] = session;
        if (sessions.Count > MaxSessions)
            sessions.Remove(sessions.Keys.First());
        foreach (var older in links.Values.Where(l => l.Peer == link.Peer && l != link
            && l.Hello is { } h && h.Session != hello.Session && hello.Newest.Equals(l.Serves)).ToArray())
        {
            Goodbye(older, "superseded", "a newer process claims this incarnation", hello.Session);
        }
        return true;
    }

    private void TakeGoodbye(PeerLink link, GoodbyeFrame goodbye)
    {
        Close(link, goodbye.Reason);
        if (goodbye.Reason != "superseded" || goodbye.Session is not { } session || session == context.Options.Session)
            return;
        kernel.BreakIncarnation(AlarmKind.Superseded,
            $"session {session} writes under the same incarnation as this one, {context.Options.Session}: a clone or "
            + $"a restored copy is running");
    }

    private void TakeSubscription(PeerLink link, SubscribeFrame f)
    {
        if (f.Stop)
            Feed(link, f.Lane).Stop(f.Origin);
        else if (f.Origin.Equals(writer.Newest) && f.After > kernel.Lane(f.Lane).Head)
            kernel.BreakIncarnation(
                AlarmKind.OwnEventBeyondSeen, $"{link.Peer.Name} has consumed lane {f.Lane} beyond its head");
        else if (!Feed(link, f.Lane).Subscribe(f.Origin, f.After))
            EndForAsking(link, "subscribes to more origins");
    }

    private LaneFeed Feed(PeerLink link, int lane)
        => link.Feeds[lane] ??= new LaneFeed(context, writer, this, link, kernel.Lane(lane));

    private void TakeReport(PeerLink link, ReportFrame report)
    {
        if (report.Current is { } current)
        {
            if (current.Region != link.Peer.Name)
            {
                Goodbye(link, "protocol", "a report names another region's origin as its own");
                return;
            }
            if (!current.Equals(link.Serves))
            {
                link.Serves = current;
                LinkedAnew();
                foreach (var l in kernel.Lanes.Where(_ => link.Dialled))
                    Subscribe(link, l, current);
            }
        }
        var lane = kernel.Lane(report.Lane);
        TakePast(link, lane, report);
        if (!link.Dialled)
            return; // what counts comes in one order, with the events, and from one process
        link.NotKnown[report.Lane] = null;
        if (!lane.Knows(report))
        {
            context.Hit(Probe.PastUnknown);
            // What it leaves out would count as not held. The other side hears that it is not known here, or it will be
            // before that is told: then this report counts as it is.
            link.NotKnown[report.Lane] = (report, link.ConfigurationEpoch);
            return;
        }
        Count(link, lane, report, link.ConfigurationEpoch);
    }

    private void Count(PeerLink link, LaneReplica lane, ReportFrame report, ulong configurationEpoch)
    {
        var holdings = new PeerReport(report, lane.EndOfPast) { ConfigurationEpoch = configurationEpoch };
        link.Peer.Reports[report.Lane] = holdings;
        kernel.Membership.Reported(link, report.Lane, holdings);
        kernel.Primaries.Recovery.Take(link.Peer.Name, report.Lane, holdings.Held);
        if (MayCount(link.Peer, lane, holdings))
            lane.Finality.Report(link.Peer.Name, holdings.Held, holdings.Lacks, configurationEpoch);
        lane.UpdateFinality();
        lane.LookAgain();
        lane.CatchUpTo(link.Peer.Name, holdings.Held);
        lane.Confirm();
    }

    /// <summary>Other regions whose newest reports say that they hold an origin's events of a lane through a
    /// position.</summary>
    public IEnumerable<string> WhoHolds(string type, int lane, Origin origin, ulong position)
        => peers.Values.Where(p => p.Reports[lane] is { } report && report.Of(origin).Position >= position
            && (report.Lacks.Count == 0 || report.HasAll(type, origin, position - 1, position))
            && context.Configuration.Find(p.Name) is not { IsJoining: true }).Select(p => p.Name);

    /// <summary>Tells regions that wait for it what is durable here now; called at the end of a turn.</summary>
    /// <remarks>On the links that they dialled: there our reports count.</remarks>
    public void SendAwaitedReports()
    {
        for (var i = 0; i < kernel.Lanes.Count; i++) // every turn comes here: nothing is captured before it is needed
        {
            if (kernel.Lanes[i].IsReportAwaited)
                SendAwaitedReport(kernel.Lanes[i]);
        }
    }

    private void SendAwaitedReport(LaneReplica lane)
    {
        var (regions, living) = (lane.TakeAwaiting(), LivingOrigins());
        foreach (var link in Readers.Where(l => regions.Contains(l.Peer.Name)))
        {
            context.Hit(Probe.AwaitedReportSent);
            SendReport(link, lane, living);
        }
        EndOverfull();
    }

    private void SendReports()
    {
        var living = LivingOrigins();
        foreach (var lane in kernel.Lanes)
        {
            SettleOver(lane, living);
            SealRemoved(lane);
            lane.LookForPast(living);
            CountWhatIsKnownNow(lane);
            CountStanding(lane);
            foreach (var link in links.Values.Where(l => l.Hello is not null))
            {
                link.Feeds[lane.Lane]?.Claim();
                if (lane.ReportDue || link.IsNew || link.IsReportDue[lane.Lane])
                    SendReport(link, lane, living);
            }
            lane.ReportDue = false;
        }
        foreach (var link in links.Values.Where(l => l.Hello is not null))
            link.IsNew = false;
        EndOverfull();
    }

    private bool SendReport(PeerLink link, LaneReplica lane, HashSet<Origin> living)
    {
        if (lane.Lacking() is not { } lacks)
            return false; // it is due again once the journal has it
        var holdings = lane.Tell(link.Agreed[lane.Lane], link.Hello!.KnowsPast, out var leftOut);
        (link.LeftOut[lane.Lane], link.IsReportDue[lane.Lane]) = (leftOut, false);
        if (holdings.Count > MostLivesTold(link))
        {
            overfull.Add((link, lane.Lane, holdings.Count));
            return false;
        }
        context.Emit(new SendFrame(link.Id, new ReportFrame(lane.Lane, writer.Newest, lane.OwnHead, holdings)
        {
            Past = lane.Past, LeftOut = leftOut,
            Linked = [.. living.Where(o => o.Region != context.Options.Region)], Opened = lane.OpenedHistories,
            Local = [.. lane.LocalTypes], Lacks = lacks,
        }));
        return true;
    }

    private void SendHeartbeat(PeerLink link)
    {
        link.LastHeartbeatMilliseconds = Now;
        context.Emit(new SendFrame(link.Id, new HeartbeatFrame(context.Now.WallMilliseconds, link.PeerSentMilliseconds,
            link.PeerSentMilliseconds == 0 ? 0
            : Now - link.PeerSentAtMilliseconds, [.. kernel.Lanes.Select(l => l.OwnHead)])));
    }

    private void TakeHeartbeat(PeerLink link, HeartbeatFrame f)
    {
        (link.PeerSentMilliseconds, link.PeerSentAtMilliseconds) = (f.SentMilliseconds, Now);
        if (f.EchoedMilliseconds == 0)
            return;
        var roundTrip = context.Now.WallMilliseconds - f.EchoedMilliseconds - f.HeldMilliseconds;
        if (roundTrip is < 0 or > 60_000)
            return; // the own clock stepped meanwhile
        link.Peer.RoundTripMilliseconds = roundTrip;
        var arrived = f.SentMilliseconds - f.HeldMilliseconds;
        context.Clock.Observe(link.Peer.Name,
            (arrived - f.EchoedMilliseconds + (f.SentMilliseconds - context.Now.WallMilliseconds)) / 2);
        var off = context.Clock.Correction(context.Options.ClockToleranceMilliseconds) != 0;
        if (off && !clockAlarmed)
            context.Alarm(AlarmKind.ClockOff,
                $"The clock of {context.Options.Region} is {-context.Clock.MedianOffset} ms off the group's median.");
        clockAlarmed = off;
        if (off)
            context.Hit(Probe.ClockCorrected);
    }
}
