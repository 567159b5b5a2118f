using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Serves one lane to one link: what was asked for, in order, as far as credit goes.</summary>
/// <remarks>A subscription that has been read to the lane's head is live: what commits is sent from memory. Otherwise
/// pages are read from the journal. Nobody polls: a commit, credit, or a page's arrival moves it on. A row that cannot
/// be opened is not sent, and nothing is claimed that would make the receiver's frontier pass it.</remarks>
internal sealed partial class LaneFeed(
    KernelContext context, Writer writer, PeerLinks links, PeerLink link, LaneReplica lane)
{
    private const int RetryPauseMilliseconds = 500;
    private readonly SortedDictionary<Origin, Subscription> subscriptions = [];
    private long credit;
    private long backlog; // bytes of catch-up that may wait to be sent still: nothing was heard of them

    /// <summary>False when there are too many.</summary>
    public bool Subscribe(Origin origin, ulong after)
    {
        if (subscriptions.Count >= context.Options.MaxSubscriptionsPerLane && !subscriptions.ContainsKey(origin))
            return false;
        var start = origin.Equals(writer.Newest) ? Math.Min(after, lane.Head) : 0;
        subscriptions[origin] = new Subscription(origin, after) { Scanned = start };
        Pump(subscriptions[origin]);
        return true;
    }

    public void Stop(Origin origin) => subscriptions.Remove(origin);

    public void AddCredit(long bytes)
    {
        credit = Math.Min(credit + bytes, 4L * context.Options.LaneCreditBytes);
        backlog -= Math.Min(backlog, bytes);
        foreach (var subscription in subscriptions.Values)
            Pump(subscription);
    }

    /// <summary>Rows became durable.</summary>
    public void Committed(List<EventRow> rows, LaneCommit commit)
    {
        foreach (var s in subscriptions.Values)
        {
            if (s.IsReading || credit <= 0 || MustTell(s) || s.Scanned + (ulong)rows.Count != commit.Head)
            {
                SendAhead(s, rows);
                Pump(s);
                continue;
            }
            s.Scanned = commit.Head;
            if (backlog > 0)
                SendAhead(s, rows);
            var events = new List<EventRecord>();
            foreach (var row in rows)
            {
                if (row.Event.Origin.Equals(s.Origin) && row.Event.OriginPosition > s.After && Passes(s, row.Event))
                    events.Add(row.Event.For(link.Peer.Name));
            }
            if (events.Count > 0)
                Send(s, events);
        }
    }

    /// <summary>A page that was asked for has been read.</summary>
    public void Read(Subscription s, LanePage page)
    {
        s.IsReading = false;
        if (!subscriptions.TryGetValue(s.Origin, out var present) || present != s)
            return;
        if (MustTell(s))
        {
            Pump(s); // rows may have gone before the page was read: it is read again after the telling
            return;
        }
        s.Scanned = Math.Max(s.Scanned, page.Through);
        if (page.Damaged.Count > 0)
            Skip(s, page.Damaged);
        Send(s, [.. page.Rows.Select(r => r.Row.Event).Where(e => Passes(s, e))
            .Select(e => e.For(link.Peer.Name))], SendOrder.CatchUp);
        Pump(s);
    }

    /// <summary>A page that was asked for cannot be read now.</summary>
    public static void Failed(Subscription s, long now)
        => (s.IsReading, s.NotBeforeMilliseconds) = (false, now + RetryPauseMilliseconds);

    /// <summary>Claims what a relayed origin's frontier has reached meanwhile, without events.</summary>
    public void Claim()
    {
        foreach (var s in subscriptions.Values)
        {
            if (!s.IsReading && s.Scanned >= lane.Head && !MustTell(s) && HasClaim(s))
                Send(s, []);
            else if (s.NotBeforeMilliseconds > 0 || MustTell(s))
                Pump(s);
        }
    }

    // Where a damaged row of another origin stood at its origin is not known, so nothing more is claimed of that one.
    private void Skip(Subscription s, IReadOnlyList<ulong> damaged)
    {
        var first = s.ClaimsThrough == ulong.MaxValue;
        s.ClaimsThrough = Math.Min(
            s.ClaimsThrough, s.Origin.Equals(writer.Newest) ? damaged.Min() - 1 : s.Claimed);
        context.Hit(Probe.DamagedRowSkipped);
        if (first)
            context.Alarm(AlarmKind.RowsDamaged, $"Lane {lane.Lane}: {damaged.Count} rows of {s.Origin} from position "
                + $"{damaged.Min()} on cannot be opened; a peer that asked for them does not get them from here.");
    }

    private void Pump(Subscription s)
    {
        if (s.IsReading || credit <= 0 || context.Now.MonotonicMilliseconds < s.NotBeforeMilliseconds)
            return;
        if (MustTell(s))
        {
            Tell(s);
            return;
        }
        if (s.Scanned >= lane.Head)
            return;
        (s.IsReading, s.NotBeforeMilliseconds) = (true, 0);
        var request = links.NextRequest(this, s);
        context.Emit(new ReadPage(request, lane.Lane, s.Scanned, new LaneFilter(s.Origin, s.After),
            context.Options.PageRows, context.Options.PageBytes));
    }

    // What decides who may do what does not wait for the backlog of its lane. It claims nothing, so it comes once more
    // in its order, and is a duplicate then.
    private void SendAhead(Subscription s, List<EventRow> rows)
    {
        foreach (var row in rows)
        {
            var e = row.Event;
            if (!IsControl(e.Entity.Type) || !e.Origin.Equals(s.Origin) || e.OriginPosition <= s.After
                || credit <= -context.Options.LaneCreditBytes || !links.Shows(link, e))
                continue;
            credit -= e.Weight;
            context.Hit(Probe.ControlSentAhead);
            context.Emit(new SendFrame(link.Id, new EventsFrame(lane.Lane, s.Origin, [e], 0))
            {
                Order = SendOrder.Ahead,
            });
        }
    }

    // The protocol's own types: who a person is forgotten by, for example.
    private static bool IsControl(string type)
        => type.StartsWith(RegisterRequest.ReservedPrefix, StringComparison.Ordinal);

    private void Send(Subscription s, List<EventRecord> events, SendOrder order = SendOrder.Usual)
    {
        var from = 0;
        while (from < events.Count)
        {
            var (to, bytes) = (from, 0);
            while (to < events.Count && (bytes == 0 || bytes + events[to].Weight <= context.Options.PageBytes))
                bytes += events[to++].Weight;
            credit -= bytes;
            backlog += order == SendOrder.CatchUp ? bytes : 0;
            var isLast = to == events.Count;
            var through = isLast ? Claimable(s) : 0;
            if (s.Origin.Equals(writer.Newest))
                through = Math.Max(through, Math.Min(events[to - 1].OriginPosition, s.ClaimsThrough));
            Emit(s, from == 0 && isLast ? events : events.GetRange(from, to - from), through, isLast, order);
            from = to;
        }
        if (events.Count == 0 && HasClaim(s))
            Emit(s, [], Claimable(s), isLast: true, order);
    }

    private void Emit(Subscription s, List<EventRecord> events, ulong through, bool isLast, SendOrder order)
    {
        var beyond = isLast ? Beyond(s) : 0;
        IReadOnlyList<LeftOut> left = through > s.Claimed ? Placeholders(s, through) : [];
        var span = through > s.Claimed ? through - s.Claimed + 1 : 0;
        (s.Claimed, s.ClaimedBeyond) = (Math.Max(s.Claimed, through), Math.Max(s.ClaimedBeyond, beyond));
        var isAwaited = events.Count > 0
            && lane.IsAwaited(s.Origin, events[0].OriginPosition, events[^1].OriginPosition);
        context.Emit(new SendFrame(link.Id, new EventsFrame(lane.Lane, s.Origin, events, through)
        {
            Span = span, Beyond = beyond, Awaited = isAwaited, LeftOut = left,
        }) { Order = order });
    }

    private bool HasClaim(Subscription s) => Claimable(s) > s.Claimed || Beyond(s) > s.ClaimedBeyond;

    // Once everything up to the head was looked at, all that we hold of the origin has been sent: the part without
    // gaps, which the receiver's frontier may follow, and what lies beyond it.
    private ulong Claimable(Subscription s)
        => s.Scanned >= lane.Head ? NotLacking(s, Math.Min(lane.Vouches(s.Origin), s.ClaimsThrough)) : 0;

    // A row that cannot be opened is not sent later either: once all others are, nobody waits for more from here.
    private ulong Beyond(Subscription s)
        => s.Scanned >= lane.Head && !s.AwaitsUpgrade ? lane.Beyond(s.Origin) : 0;

    internal sealed class Subscription(Origin origin, ulong after)
    {
        public Origin Origin { get; } = origin;
        public ulong After { get; } = after;
        public ulong Scanned { get; set; }
        public ulong Claimed { get; set; } = after;
        public ulong ClaimedBeyond { get; set; }

        /// <summary>Of types whose events were left out and not claimed yet: the epoch, and the highest position.
        /// </summary>
        public SortedDictionary<string, (uint Epoch, ulong Position)> LeftOut { get; } = new(StringComparer.Ordinal);

        /// <summary>Nothing beyond it is claimed: what comes next could not be opened.</summary>
        public ulong ClaimsThrough { get; set; } = ulong.MaxValue;

        /// <summary>Something was left out because the other side's version would not know what it is.</summary>
        public bool AwaitsUpgrade { get; set; }

        public bool IsReading { get; set; }

        /// <summary>Compacted entities were told as of when rows through here were gone.</summary>
        public ulong Told { get; set; }

        /// <summary>The same, of the telling under way.</summary>
        public ulong Telling { get; set; }

        /// <summary>The last checkpoint that was looked at in it.</summary>
        public long ToldAfter { get; set; }

        /// <summary>After a failed read the next one waits until then; 0 otherwise.</summary>
        public long NotBeforeMilliseconds { get; set; }
    }
}
