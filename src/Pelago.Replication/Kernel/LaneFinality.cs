using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Which events of a lane are final here: nothing concurrent to them can still arrive.</summary>
/// <remarks>
/// <para>A report of member P says: "I hold these origins through these positions, and my own last position is h." It
/// is <em>covered</em> when we have consumed everything it mentions, P's own events through h included. Take the newest
/// covered report of every other member. An event (o, x) is final when each of these reports holds o through x:
/// whatever a member wrote before its report is here, and whatever it writes after it has the event among its
/// causes.</para>
/// <para>This is causal stability (Baquero, Almeida, Shoker 2017), not "seen by all". While a member is away, finality
/// waits, and says for whom. A region that is rolled back to before a report can still write something concurrent; such
/// an event is folded from the full history.</para>
/// </remarks>
public sealed class LaneFinality
{
    private readonly SortedDictionary<string, Reports> members = new(StringComparer.Ordinal);
    private readonly Dictionary<Origin, ulong> cache = [];
    private readonly Dictionary<Origin, ulong> floor = [];
    private ulong countsFrom = 1;
    private bool isAnythingLacked;

    /// <summary>Where a life that every member holds as a whole ended; 0 of any other. Reports leave these
    /// out.</summary>
    internal Func<Origin, ulong>? Past { get; set; }

    /// <summary>What was final stays so, whatever is reported from now on.</summary>
    internal void Keep(Origin origin, ulong through)
    {
        floor[origin] = Math.Max(through, floor.GetValueOrDefault(origin));
        cache.Remove(origin);
    }

    /// <summary>Finality among these other members; with none, whatever is durable is final.</summary>
    public LaneFinality(IEnumerable<string> otherMembers)
    {
        foreach (var member in otherMembers)
            members[member] = new Reports();
    }

    /// <summary>Members without a covered report: finality waits for them.</summary>
    public IEnumerable<string> WaitingFor => members.Where(m => m.Value.Counting is null).Select(m => m.Key);

    /// <summary>Whom it waits for, covered or not.</summary>
    public IEnumerable<string> Members => members.Keys;

    /// <summary>Waits for one more member from now on. What is final stays so: a region that joins writes nothing
    /// before it has all of it.</summary>
    public void Wait(string member)
    {
        if (members.ContainsKey(member))
            return;
        KeepWhatIsFinal();
        members[member] = new Reports { IsFormer = countsFrom > 1 };
        cache.Clear();
    }

    /// <summary>A region was added in this epoch: from now on only what members report who have taken that
    /// configuration counts. What is final stays so.</summary>
    /// <remarks>The region may have been a member before, and what its former journal wrote may be on its way: to a
    /// member that has it and reported before it had, or from the former process to a member that does not know yet.
    /// Whoever has taken the configuration takes nothing more from that process, and its next report names all that it
    /// has, or that it has something which is not durable there. Such a report does not count
    /// (<see cref="AwaitsFirstOf"/>). So once every member's newest report is of that epoch, what is left of the former
    /// journal is here before anything that is concurrent to it is final.</remarks>
    public void CountFrom(ulong epoch)
    {
        if (epoch <= countsFrom)
            return;
        KeepWhatIsFinal();
        countsFrom = epoch;
        foreach (var reports in members.Values)
            (reports.IsFormer, reports.Candidate, reports.Latest) = (true, null, null);
        cache.Clear();
    }

    /// <summary>The epoch of the configuration from which on reports count.</summary>
    internal ulong CountsFrom => countsFrom;

    /// <summary>Some member's first report since a region was added does not count yet.</summary>
    internal bool AwaitsFirst
    {
        get
        {
            foreach (var reports in members.Values) // every look at a lane asks
            {
                if (reports is { IsFormer: true, Candidate: null })
                    return true;
            }
            return false;
        }
    }

    /// <summary>Nothing of the member counts since a region was added. Its first report may: one in which it holds back
    /// nothing of a former journal, because what it holds back it does not name.</summary>
    internal bool AwaitsFirstOf(string member)
        => members.TryGetValue(member, out var reports) && reports is { IsFormer: true, Candidate: null };

    private void KeepWhatIsFinal()
    {
        foreach (var origin in members.Values.SelectMany(m => m.Counting?.Held.Keys ?? []).Distinct().ToArray())
            floor[origin] = Through(origin);
    }

    /// <summary>Waits for a member no more: nothing of what it wrote can still arrive.</summary>
    public void Release(string member)
    {
        if (members.Remove(member))
            cache.Clear();
    }

    /// <summary>Takes a member's report.</summary>
    /// <param name="holdings">What it holds, its own incarnation through its own head included.</param>
    /// <param name="lacks">What it has passed and does not have.</param>
    /// <param name="epoch">Of the configuration that it had taken when it said so.</param>
    public void Report(
        string member, IReadOnlyDictionary<Origin, ulong> holdings, IReadOnlyList<LackedEvents>? lacks = null,
        ulong epoch = 1)
    {
        if (!members.TryGetValue(member, out var reports) || (epoch < countsFrom && countsFrom > 1))
            return;
        // The candidate stays until it is covered: under steady writes a newer one never would be.
        var report = new Said(holdings, lacks ?? []);
        if (reports.Candidate is null)
            reports.Candidate = report;
        else
            reports.Latest = report;
    }

    /// <summary>A new process of the member answers: what the former one reported and is not covered yet may never be,
    /// because the member may have lost it.</summary>
    public void Restarted(string member)
    {
        if (members.TryGetValue(member, out var reports))
            (reports.Candidate, reports.Latest) = (null, null);
    }

    /// <summary>Looks again after own frontiers or reports moved.</summary>
    /// <param name="held">What we hold of an origin, owed gaps left out.</param>
    /// <returns>True when something more may be final.</returns>
    public bool Update(Func<Origin, ulong> held)
    {
        var moved = false;
        foreach (var reports in members.Values)
        {
            while (reports.Candidate is { } candidate && candidate.Held.All(h => held(h.Key) >= h.Value))
            {
                (reports.Covered, reports.Candidate, reports.Latest) = (candidate, reports.Latest, null);
                reports.IsFormer = false;
                moved = true;
            }
        }
        if (moved)
        {
            cache.Clear();
            isAnythingLacked = members.Values.Any(m => m.Covered is { Lacks.Count: > 0 });
        }
        return moved;
    }

    /// <summary>Events of the origin through this position are final; 0 when none is.</summary>
    public ulong Through(Origin origin)
    {
        if (cache.TryGetValue(origin, out var known))
            return known;
        if (Past?.Invoke(origin) is > 0 and var end)
            return end;
        var through = ulong.MaxValue;
        foreach (var reports in members.Values)
        {
            var holds = reports.Counting is { } counting && counting.Held.TryGetValue(origin, out var position)
                ? position : 0;
            through = Math.Min(through, holds);
        }
        return cache[origin] = Math.Max(through, floor.GetValueOrDefault(origin));
    }

    /// <summary>Members for which an event's finality waits: what they reported, as far as it counts, does not hold
    /// it.</summary>
    public IEnumerable<string> HeldBackBy(Origin origin, ulong position)
        => position > 0 && Past?.Invoke(origin) >= position ? [] : members
        .Where(m => position == 0 || (m.Value.Counting?.Held.GetValueOrDefault(origin) ?? 0) < position)
        .Select(m => m.Key);

    /// <summary>A member that is to have the event counts it as seen, and did not have it when it said so: what it
    /// writes may be concurrent to it. One that is left out by the type's filter writes nothing of the type.</summary>
    public bool IsLacked(EventRecord e) => isAnythingLacked && IsLackedBySome(e);

    // On its own: what a closure captures is allocated where it is declared.
    private bool IsLackedBySome(EventRecord e) => members.Values.Any(m => m.Covered is { Lacks.Count: > 0 } covered
        && covered.Lacks.Any(l => l.Origin is not null
            && l.Concerns(e.Entity.Type, e.Origin, e.OriginPosition - 1, e.OriginPosition)));

    private sealed class Reports
    {
        public Said? Covered { get; set; }

        /// <summary>What is covered, if anything, was said before a region was added: it counts no more for what is
        /// held, and still for what is lacked.</summary>
        public bool IsFormer { get; set; }

        public Said? Counting => IsFormer ? null : Covered;
        public Said? Candidate { get; set; }
        public Said? Latest { get; set; }
    }

    private sealed record Said(IReadOnlyDictionary<Origin, ulong> Held, IReadOnlyList<LackedEvents> Lacks);
}
