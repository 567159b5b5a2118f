using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>
/// <para>A region that was removed leaves events behind, and not every member has the same of them. So each lane goes
/// on waiting for it, as far as finality goes, until it has sealed it: every member has taken the configuration, and
/// takes nothing from that region any more; has reported after that; has nothing of it that is not durable; and has
/// nothing of it that is not here. What is here then is here everywhere in the end, and nothing can be added, so
/// nothing concurrent to what is final can come of it.</para>
/// <para>Rejected: a number in the configuration, of each life and lane (32 lanes, and the survivors would have to
/// agree before they may decide), and sealing at once what each has (they have different things, and states would
/// differ).</para>
/// </remarks>
internal sealed partial class LaneReplica
{
    private readonly SortedDictionary<string, SealedRegion> sealedRegions = new(StringComparer.Ordinal);

    /// <summary>Removed regions whose events are not sealed here.</summary>
    public IEnumerable<RemovedRegion> Unsealed => context.Configuration.Removed.Count == 0 ? []
        : context.Configuration.Removed.Where(r => !IsSealed(r));

    /// <summary>Lives of removed regions of which all is here.</summary>
    public IEnumerable<Frontier> SealedLives => sealedRegions.Values.SelectMany(s => s.Lives);

    /// <summary>Waits for everybody whom the configuration names, before it holds: what is called final until then must
    /// not rest on reports of members who have taken it already.</summary>
    public void Anticipate(Configuration next)
    {
        Finality.CountFrom(next.NewestAddition);
        foreach (var member in next.Names.Where(m => m != context.Options.Region))
            Finality.Wait(member);
    }

    /// <summary>Another configuration holds.</summary>
    /// <param name="unsealed">Removed regions that were not sealed here under the one before.</param>
    public void Follow(Configuration now, IReadOnlyList<string> unsealed)
    {
        Anticipate(now);
        foreach (var member in now.Names)
            sealedRegions.Remove(member); // it is back, and what it was is one of its lives
        foreach (var removed in now.Removed.Where(r => !IsSealed(r)))
            Finality.Wait(removed.Region);
        // One that is not named any more and was not sealed here is waited for all the same.
        foreach (var gone in Finality.Members.Where(m => now.Find(m) is null && now.RemovedIn(m) is null
            && !unsealed.Contains(m)).ToArray())
            Finality.Release(gone);
        // What had arrived counts before anybody is told that nothing more is taken.
        foreach (var cursor in cursors.Values.Where(c => now.RemovedIn(c.Origin.Region) is not null
            || now.Find(c.Origin.Region) is { Since: > 1 }))
            LookForBusy(cursor);
        ReportDue = true;
        LookAgain();
        FollowCatchingUp();
        Confirm();
    }

    /// <summary>Every member has told and sent all it has of a removed region.</summary>
    public void Seal(RemovedRegion removed)
    {
        var lives = cursors.Values.Where(c => c.Origin.Region == removed.Region).ToArray();
        if (Fenced || Array.Exists(lives, IsBusy) || owed.Exists(o => o.Entry.Origin.Region == removed.Region))
            return;
        foreach (var cursor in lives.Where(c => c.Highest > Holds(c.Origin)))
            cursor.Settled = cursor.Highest;
        var record = new SealedRegion(removed.Region, removed.Epoch,
            [.. Origins.Where(o => o.Region == removed.Region).Order().Select(o => (Origin: o, Highest: HighestHere(o)))
                .Where(o => o.Highest > 0).Select(o => new Frontier(o.Origin, o.Highest, o.Highest))]);
        sealedRegions[removed.Region] = record;
        filling.Notes[MembershipNotes.Of(record).Name] = MembershipNotes.Of(record);
        Finality.Release(removed.Region);
        LookAgain();
        context.Hit(Probe.RegionSealed);
        FrontierMoved();
        foreach (var entity in entities.Values.Where(e => e.HeldCount > 0 && e.IsReadable).ToArray())
            ReleaseOverSealed(entity);
    }

    /// <summary>Nothing more can come of a region that was removed.</summary>
    public bool IsSealed(string region) => !Unsealed.Any(r => r.Region == region);

    private bool IsSealed(RemovedRegion removed)
        => sealedRegions.TryGetValue(removed.Region, out var known) && known.Epoch >= removed.Epoch;

    // A note that a failed group took with it is written after the next look.
    private void BeginMembership(LaneState state)
    {
        foreach (var known in MembershipNotes.Sealed(state.Notes))
        {
            if (context.Configuration.RemovedIn(known.Region) is null)
                continue;
            sealedRegions[known.Region] = known;
            foreach (var life in known.Lives)
                Cursor(life.Origin).Settled = life.Position;
        }
        foreach (var removed in Unsealed)
            Finality.Wait(removed.Region);
    }

    // Of a held batch, what it waits for and will not get: events of regions that were removed, which nobody has. Null
    // when something of it may still come, or was lost otherwise.
    private List<VersionVector.Slot>? LostCausesOf(EntityReplica entity, EventRecord first, bool onlySealed)
    {
        var lost = new List<VersionVector.Slot>();
        if (first.Sequence > entity.Seen[first.Origin] + 1 && onlySealed)
            return null; // whether nobody has what comes before it is asked first
        if (first.Sequence > entity.Seen[first.Origin] + 1)
            lost.Add(new VersionVector.Slot(first.Origin, first.Sequence - 1));
        foreach (var slot in first.Vector)
        {
            if (!slot.Origin.Equals(first.Origin) && entity.Seen[slot.Origin] < slot.Count)
                lost.Add(slot);
        }
        foreach (ref readonly var lives in first.Vector.Retired)
        {
            if (!entity.Seen.Covers(lives))
                return null;
        }
        return lost.TrueForAll(s => context.Configuration.RemovedIn(s.Origin.Region) is not null
            && (!onlySealed || IsSealed(s.Origin.Region))
            && (s.Origin.Equals(first.Origin) || !MayCome(entity, s.Origin))) ? lost : null;
    }

    /// <summary>Appends held batches of an origin whose missing causes were lost with removed regions, each with a
    /// record that names these. Of a batch that is not here as a whole nothing is taken.</summary>
    private void ReleaseOverGaps(EntityReplica entity, Origin origin, bool onlySealed)
    {
        foreach (var first in entity.Held.Where(h => h.Event.Origin.Equals(origin) && h.Event.BatchIndex == 0)
            .ToArray())
        {
            if (entity.Judge(first.Event) == Verdict.Duplicate || entity.WholeBatch(first) is not { } batch
                || LostCausesOf(entity, first.Event, onlySealed) is not { } lost)
                continue;
            foreach (var entry in batch)
            {
                Forget(entity, entry);
                Append(entity, entry.Event);
                filling.Resolves.AddRange(entry.Inbound);
            }
            if (lost.Count > 0)
                NoteGap(entity, first.Event, lost);
        }
        Release(entity); // what waited for these
    }

    // Nothing of a sealed region can still come: what waits for it need not be asked for. Somebody else may have taken
    // it so already.
    private void ReleaseOverSealed(EntityReplica entity)
    {
        if (context.Configuration.Removed.Count == 0 || entity.IsBlind)
            return;
        foreach (var origin in entity.Held.Select(h => h.Event.Origin).Distinct().ToArray())
            ReleaseOverGaps(entity, origin, onlySealed: true);
    }

    private void NoteGap(EntityReplica entity, EventRecord first, List<VersionVector.Slot> lost)
    {
        var missing = string.Join(" and ", lost.Select(s => $"{s.Origin.Region}#{s.Count}"));
        context.Hit(Probe.ReleasedOverGap);
        context.Alarm(AlarmKind.EventsLost, $"{first} was taken without {missing}, which its author had seen and "
            + "nobody has: they were lost with a region that was removed.");
        filling.Conflicts.Add(new ConflictRecord(entity.Key, ConflictKind.CausesLost, first.Origin, first.Sequence,
            context.Now.WallMilliseconds, $"taken without {missing}, lost with a removed region"));
        Unhurried();
    }
}
