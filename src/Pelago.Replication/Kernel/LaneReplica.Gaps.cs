using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>Owed gaps: what a frontier passed without appending it, from the note to the fetch to the end, which is
/// that it arrives or that it is lost.</remarks>
internal sealed partial class LaneReplica
{
    /// <summary>Notes durably that the frontier passes an event without appending it.</summary>
    private void Owe(EntityReplica entity, HeldEvent entry)
    {
        var e = entry.Event;
        if (past.Include(e.Origin))
            Reopen(e.Origin);
        var gap = owed.Find(o => o.Entry.Entity == entity.Key && o.Entry.Origin.Equals(e.Origin));
        var from = Math.Min(entity.Seen[e.Origin] + 1, e.Sequence);
        if (gap is null)
        {
            owed.Add(gap = new OwedGap(new Owed(entity.Key, e.Origin, from, e.OriginPosition), e.Sequence));
            context.Hit(Probe.OwedNoted);
        }
        else if (e.OriginPosition < gap.Entry.Position)
        {
            gap.Entry = gap.Entry with { Position = e.OriginPosition };
        }
        if (gap.LastKnown > 0)
            gap.LastKnown = Math.Max(gap.LastKnown, e.Sequence);
        gap.HighestPosition = Math.Max(gap.HighestPosition, e.OriginPosition);
        gap.PassedInRound = gap.Round;
        filling.Settled.Remove(gap);
        filling.Owed.Remove(gap);
        filling.Owed.Add(gap);
        filling.Resolves.AddRange(entry.Inbound);
        entry.Inbound.Clear();
    }

    /// <summary>Events held back too long become owed, so that the frontier passes them; they stay in memory.</summary>
    public void OweOverdue()
    {
        if (HeldCount == 0)
            return;
        var before = context.Now.MonotonicMilliseconds - context.Options.HoldMilliseconds;
        foreach (var entity in entities.Values.Where(e => e.HeldCount > 0))
        {
            foreach (var entry in entity.Held.Where(h => h.SinceMilliseconds <= before && h.Inbound.Count > 0)
                .ToArray())
                Owe(entity, entry);
        }
    }

    /// <summary>Owed gaps that should be asked for now: those that have waited longest, as many as may be under way.
    /// Not those of an entity that cannot take what comes.</summary>
    public IEnumerable<OwedGap> DueFetches(bool withSnapshots)
        => owed.Where(o => o.Durable && !o.FetchUnderWay && (withSnapshots || !o.IsSnapshot)
            && o.NextFetchMilliseconds <= context.Now.MonotonicMilliseconds && !IsBlind(o.Entry.Entity))
            .OrderBy(o => o.NextFetchMilliseconds)
            .Take(Math.Max(0, context.Options.MaxFetchesPerLane - owed.Count(o => o.FetchUnderWay)));

    /// <summary>The sequence from which a gap is asked for next: the page that follows, and nothing that has come
    /// meanwhile.</summary>
    public ulong NextOf(OwedGap gap)
    {
        var next = Math.Max(gap.NextPage, gap.Entry.FromSequence);
        return entities.TryGetValue(gap.Entry.Entity, out var entity)
            && entity is { Ready: true, NeedsHistory: false, IsBlind: false }
            ? Math.Max(next, entity.Seen[gap.Entry.Origin] + 1) : next;
    }

    private bool IsBlind(EntityKey key) => entities.TryGetValue(key, out var entity) && entity.IsBlind;

    private void Learn(EntityReplica entity, OwedGap gap, IReadOnlyList<EventRecord> events, string? answered)
    {
        // What waits here already is nothing new, once what it waits for may be lost with its region.
        var isRemoved = context.Configuration.RemovedIn(gap.Entry.Origin.Region) is not null;
        gap.IsHeldElsewhere |= isRemoved && events.Count > 0;
        if (events.Any(e => e.Sequence > entity.Seen[gap.Entry.Origin]
            && !(isRemoved && entity.Held.Any(h => h.Event.Origin.Equals(e.Origin) && h.Event.Sequence == e.Sequence))))
        {
            gap.NothingAt.Clear();
            gap.InVainAt.Clear();
            return;
        }
        if (answered is not null && gap.NothingAt.Add(answered))
            gap.NothingSinceMilliseconds = context.Now.MonotonicMilliseconds; // of the last one who was asked
    }

    /// <summary>Nobody has what is owed, and nobody will: the gap is closed, and a person is told. What is held of it
    /// waits for causes that are lost, too, and is in no journal.</summary>
    public void GiveUp(OwedGap gap) => WithEntity(gap.Entry.Entity, entity => GiveUp(entity, gap));

    private void GiveUp(EntityReplica entity, OwedGap gap)
    {
        var left = entity.Held.Where(h => h.Event.Origin.Equals(gap.Entry.Origin)).ToArray();
        if (entity.IsBlind || !owed.Contains(gap) || filling.Settled.Contains(gap)
            || underWay?.Settled.Contains(gap) == true || left.Any(h => h.Inbound.Count > 0)
            || WillCome(entity, gap.Entry.Origin))
            return;
        if (context.Configuration.Removed.Count > 0)
            ReleaseOverGaps(entity, gap.Entry.Origin, onlySealed: false);
        var rest = left.Where(h => entity.Held.Contains(h)).ToArray();
        if (gap.IsHeldElsewhere && rest.Length > 0)
            return; // somebody has it in his journal: it waits here until it can be taken, too
        foreach (var entry in rest)
            Forget(entity, entry);
        filling.Settled.Add(gap);
        context.Hit(Probe.OwedGivenUp);
        context.Alarm(AlarmKind.EventsLost, $"Events of {gap.Entry.Entity} from {gap.Entry.Origin}#"
            + $"{gap.Entry.FromSequence} on are lost: their region lost them, and no other has them.");
    }

    /// <summary>A peer was out of reach: what it has may be more by now.</summary>
    public void ForgetAnswers(string peer)
    {
        foreach (var gap in owed)
        {
            gap.NothingAt.Remove(peer);
            gap.PlaceholdersAt.Remove(peer);
            gap.TakesPlaceholders = false;
            if (gap.Refused == 0)
                continue;
            gap.Refused = 0; // it may come back with another build
            gap.NextFetchMilliseconds = context.Now.MonotonicMilliseconds;
        }
    }

    /// <summary>The next event of an owed gap is held back here, and so is the rest of its batch, and all that it waits
    /// for may still come. It is in no journal yet, and is not lost.</summary>
    public bool WillCome(EntityKey key, Origin origin)
        => HeldCount > 0 && entities.TryGetValue(key, out var entity) && WillCome(entity, origin);

    /// <summary>Something of it has arrived and is not durable yet: what the journal shows is not all that is here. Of
    /// the life that is written here nobody is owed what is not durable.</summary>
    public bool IsOnItsWay(EntityKey key, Origin origin) => !origin.Equals(writer.Newest)
        && (IsUnplaced(origin) || IsInAGroup(key, origin));

    private bool IsUnplaced(Origin origin) => cursors.TryGetValue(origin, out var cursor) && cursor.Unplaced > 0;

    private bool IsInAGroup(EntityKey key, Origin origin) => filling.Rows.Concat(underWay?.Rows ?? [])
        .Any(r => r.Event.Entity == key && r.Event.Origin.Equals(origin));

    private bool WillCome(EntityReplica entity, Origin origin)
    {
        if (entity.NextBatchOf(origin) is not { } batch)
            return false;
        foreach (var slot in batch[0].Event.Vector)
        {
            if (!slot.Origin.Equals(origin) && entity.Seen[slot.Origin] < slot.Count && !MayCome(entity, slot.Origin))
                return false;
        }
        foreach (var lives in batch[0].Event.Vector.Retired)
        {
            if (!entity.Seen.Covers(lives) && !cursors.Keys.Any(o => lives.Include(o) && MayCome(entity, o)))
                return false;
        }
        context.Hit(Probe.OwedHeldBack);
        return true;
    }

    // Its life goes on; or it has arrived and is not durable, is owed, or is at a peer that has not sent it all. Only
    // this entity's events count: two entities would wait for each other's.
    private bool MayCome(EntityReplica entity, Origin origin)
        => links.MayBring(this, origin) || IsUnplaced(origin)
            || owed.Exists(o => o.Entry.Entity == entity.Key && o.Entry.Origin.Equals(origin))
            || entity.Held.Any(h => h.Event.Origin.Equals(origin)) || IsInAGroup(entity.Key, origin);
}
