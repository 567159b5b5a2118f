using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>
/// <para>A life that is over, retired, and of which nothing is on its way is <em>past</em>: reports leave it out, and
/// nothing here looks at it any more. Two sides leave out what both know to be the same, by a digest over names and
/// ends. Who does not know it does not take such a report, says so by its own, and is told each life again: a region
/// that joins, that was set back, or that was away.</para>
/// <para>Rejected: to leave out what one side alone believes to be past (the other would take it for not held, and what
/// was final would be so no more), and to number lives in an order that all agree on (one more thing to
/// decide).</para>
/// </remarks>
internal sealed partial class LaneReplica
{
    private readonly PastLives past = new();
    private bool isPastNoteDue;
    private bool haveLivesAlarmed;

    /// <summary>Lives that are past in this lane.</summary>
    public int PastCount => past.Count;

    /// <summary>Every origin of which something is here, or was looked at.</summary>
    public IEnumerable<Origin> Origins
        => past.Count == 0 ? cursors.Keys : cursors.Keys.Union(past.All.Select(l => l.Origin));

    /// <summary>The same without those that are past.</summary>
    public IEnumerable<Origin> OriginsNotPast => cursors.Keys;

    /// <summary>Where a life that is past ended; 0 of any other one.</summary>
    public ulong EndOfPast(Origin origin) => past.EndOf(origin);

    // What a journal was set back to, or a frontier that could not be read, does not fit the note: then all is found
    // out again.
    private void BeginPast(LaneState state)
    {
        Finality.Past = past.EndOf;
        foreach (var mark in PastNotes.Read(state.Notes))
        {
            var lives = cursors.Values.Where(c => c.Origin.Region == mark.Last.Region && c.Highest > 0
                && c.Origin.CompareTo(mark.Last) <= 0).ToArray();
            foreach (var cursor in lives)
                past.Add(cursor.Origin, cursor.Highest);
            if (!past.Agrees(mark) || lives.Any(c => c.Origin.Equals(writer.Newest) || IsOwedOf(c.Origin)))
            {
                past.Reopen(lives.Length > 0 ? lives[0].Origin : mark.Last);
                isPastNoteDue = true;
                continue;
            }
            foreach (var cursor in lives)
                Leave(cursor);
        }
    }

    private bool IsOwedOf(Origin origin) => owed.Exists(o => o.Entry.Origin.Equals(origin));

    // One with rows beyond its frontier keeps its place: whoever lacks them is sent these, too.
    private void Leave(OriginCursor cursor)
    {
        cursor.IsRetired = true;
        if (cursor.Frontier < cursor.Highest)
            cursor.Settled = cursor.Highest;
        else
            cursors.Remove(cursor.Origin);
    }

    private OriginCursor NewCursor(Origin origin)
    {
        var end = past.EndOf(origin);
        return new OriginCursor(origin, end, end) { IsRetired = end > 0 };
    }

    /// <summary>Looks which lives have become past.</summary>
    /// <param name="living">Those that are written to.</param>
    public void LookForPast(HashSet<Origin> living)
    {
        AlarmAboutLives();
        List<OriginCursor>? gone = null;
        var waits = ""; // a region one of whose lives is not past: none after it is
        foreach (var cursor in cursors.Values)
        {
            var origin = cursor.Origin;
            if (past.Include(origin))
            {
                if (cursor.Highest > past.EndOf(origin))
                {
                    Reopen(origin); // somebody has more of it than was here, and be it only the positions
                    return;
                }
                if (IsIdle(cursor) && cursor.Frontier == cursor.Highest)
                    (gone ??= []).Add(cursor);
            }
            else if (origin.Region == waits || living.Contains(origin) || origin.Equals(writer.Newest)
                || !(IsNothing(cursor) || IsPast(cursor)))
                waits = origin.Region;
            else if (cursor.Highest > 0 && !past.IsAfterAll(origin))
            {
                Reopen(origin); // a life with an earlier name: with the next look all are put in order
                return;
            }
            else
                (gone ??= []).Add(cursor);
        }
        foreach (var cursor in gone ?? [])
            BecomePast(cursor);
    }

    private void AlarmAboutLives()
    {
        if (cursors.Count < context.Options.LivesAlarm / 2)
            haveLivesAlarmed = false;
        if (haveLivesAlarmed || cursors.Count < context.Options.LivesAlarm)
            return;
        haveLivesAlarmed = true;
        var waitsFor = string.Join(", ", cursors.Values.Where(c => c.Highest > 0 && !past.Include(c.Origin))
            .SelectMany(c => Finality.HeldBackBy(c.Origin, c.Highest)).Distinct());
        context.Alarm(AlarmKind.LivesPileUp, $"Lane {Lane} has events of {cursors.Count} lives of journals of which "
            + $"not every member has confirmed all{(waitsFor.Length > 0 ? $"; waited for: {waitsFor}" : "")}. Beyond "
            + $"{context.Options.MaxLivesTold} (PLG5019) no link to a region that lacks them can stand.");
    }

    private void BecomePast(OriginCursor cursor)
    {
        links.Unsubscribe(this, cursor);
        if (cursor.Highest == 0)
        {
            cursors.Remove(cursor.Origin);
            return;
        }
        if (!past.Include(cursor.Origin))
        {
            past.Add(cursor.Origin, cursor.Highest);
            context.Hit(Probe.LifePast);
            (ReportDue, isPastNoteDue) = (true, true);
            Unhurried();
        }
        Leave(cursor);
    }

    private bool IsIdle(OriginCursor c) => c.Inbound.Count == 0 && c.Unplaced == 0 && c.AwaitedThrough == 0 && !c.Busy
        && !c.Dirty && underWay?.Reached.Exists(r => r.Cursor == c) != true;

    private bool IsNothing(OriginCursor c)
        => c.Highest == 0 && c.Received == 0 && c.Arrived == 0 && c.Gathered.Count == 0 && IsIdle(c);

    private bool IsPast(OriginCursor c) => c.IsRetired && IsIdle(c) && Holds(c.Origin) >= c.Highest
        && !IsOwedOf(c.Origin) && links.AllLiveAfter(c.Origin) && AreEffectsDone(c.Origin, c.Highest);

    /// <summary>A life is not past after all: it goes on, or something of it is missing. What was final of it stays
    /// so.</summary>
    private void Reopen(Origin origin)
    {
        if (past.IsAfterAll(origin))
            return;
        foreach (var (life, end) in past.Reopen(origin))
        {
            Finality.Keep(life, end);
            if (!cursors.ContainsKey(life))
                cursors[life] = new OriginCursor(life, end, end) { IsRetired = true };
        }
        (ReportDue, isPastNoteDue) = (true, true);
        Unhurried();
        context.Hit(Probe.PastReopened);
        links.ForgetLeftOut(this, origin.Region);
    }

    private void NotePast()
    {
        if (!isPastNoteDue)
            return;
        filling.Notes[PastNotes.NoteName] = PastNotes.Write(past.Marks);
        isPastNoteDue = false;
    }

    /// <summary>What a report says to a peer.</summary>
    /// <param name="agreed">Of each region the life through which the peer knows the same as we do; null while it has
    /// told nothing.</param>
    /// <param name="leftOut">Lives through these are not told one by one.</param>
    public IReadOnlyList<LaneHolding> Tell(
        IReadOnlyDictionary<string, Incarnation>? agreed, bool mayLeaveOut, out IReadOnlyList<PastMark> leftOut)
    {
        var holdings = new List<LaneHolding>();
        foreach (var cursor in cursors.Values)
        {
            if (!cursor.Origin.Equals(writer.Newest) && !past.Include(cursor.Origin)
                && HoldingOf(cursor) is { } holding)
                holdings.Add(holding);
        }
        var marks = new List<PastMark>();
        foreach (var mark in past.Marks)
        {
            var region = mark.Last.Region;
            var through = !mayLeaveOut ? null : agreed is null ? mark
                : agreed.TryGetValue(region, out var life) ? past.LastOf(region, life) : null;
            if (through is { } left)
                marks.Add(left);
            foreach (var (origin, end) in past.After(region, through?.Last))
            {
                holdings.Add(cursors.TryGetValue(origin, out var cursor) && HoldingOf(cursor) is { } told ? told
                    : new LaneHolding(Lane, origin, end));
            }
        }
        leftOut = marks;
        return holdings;
    }

    /// <summary>The last life of each region that is past here.</summary>
    public IReadOnlyList<PastMark> Past => past.Count == 0 ? [] : [.. past.Marks];

    /// <summary>What a report leaves out is past here, too, and is the same.</summary>
    public bool Knows(ReportFrame report) => report.LeftOut.All(past.Agrees);

    /// <summary>Through which life of each region a peer knows the same as we do, as its report shows.</summary>
    /// <param name="before">As its reports before showed.</param>
    public Dictionary<string, Incarnation> AgreedWith(
        ReportFrame report, IReadOnlyDictionary<string, Incarnation>? before)
    {
        var agreed = new Dictionary<string, Incarnation>(StringComparer.Ordinal);
        foreach (var mark in report.LeftOut.Concat(report.Past).Where(past.Agrees))
        {
            var (region, life) = (mark.Last.Region, mark.Last.Incarnation);
            if (!agreed.TryGetValue(region, out var known) || life.CompareTo(known) > 0)
                agreed[region] = life;
        }
        // It is further than we are, and has not heard of us yet: it will say whether it knows ours.
        foreach (var mark in report.LeftOut.Where(m => !agreed.ContainsKey(m.Last.Region) && past.IsAfterAll(m.Last)))
        {
            var region = mark.Last.Region;
            if ((before is null ? past.LastOf(region)?.Last.Incarnation
                : before.TryGetValue(region, out var known) ? known : null) is { } life)
                agreed[region] = life;
        }
        return agreed;
    }
}
