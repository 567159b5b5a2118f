using Pelago.Model;

namespace Pelago.Replication;

internal sealed partial class LaneReplica
{
    /// <summary>Takes a frame of events from a subscription.</summary>
    public void Receive(long link, EventsFrame frame)
    {
        if (Fenced)
            return; // nothing is taken any more, and no credit returned
        var cursor = Cursor(frame.Origin);
        var bytes = frame.Events.Sum(e => e.Weight);
        var placeholders = frame.LeftOut.Count > 0 ? 1 : 0;
        var inbound = new InboundFrame(link, bytes, frame.Events.Count + placeholders, frame.Through)
        {
            Cursor = cursor,
        };
        cursor.Inbound.Enqueue(inbound);
        NoteAwaited(cursor, frame);
        NotePlaceholders(cursor, frame);
        cursor.Received = Math.Max(cursor.Received, frame.Through);
        cursor.Arrived = Math.Max(cursor.Arrived, frame.Through);
        foreach (var e in frame.Events)
            Receive(e, inbound);
        if (placeholders > 0)
            filling.Resolves.Add(inbound); // what is reported as seen without being held is durable, too
        else if (frame.Events.Count == 0)
            Settle(inbound);
    }

    /// <summary>Takes the answer to a fetch.</summary>
    /// <param name="complete">The answer holds everything that the peer has of the gap, and the peer vouched for having
    /// the gap's position.</param>
    public void Receive(PeerLink link, OwedGap gap, IReadOnlyList<EventRecord> events, bool last, bool complete)
    {
        gap.FetchUnderWay = false;
        if (Fenced)
            return;
        WithEntity(gap.Entry.Entity, entity => Learn(entity, gap, events, last ? link.Peer.Name : null));
        var inbound = new InboundFrame(link.Id, 0, events.Count, 0) { Closes = complete ? gap
            : null, Round = gap.Round };
        foreach (var e in events)
            Receive(e, inbound);
        if (events.Count == 0)
            Settle(inbound);
    }

    private void Receive(EventRecord e, InboundFrame inbound)
    {
        var cursor = Cursor(e.Origin);
        cursor.Arrived = Math.Max(cursor.Arrived, e.OriginPosition);
        if (DropFiltered(e, inbound))
            return;
        var entity = InMemory(e.Entity);
        if (entity.IsReadable)
            Receive(entity, e, inbound);
        else
            Defer(entity, cursor, e, inbound);
    }

    private void Defer(EntityReplica entity, OriginCursor cursor, EventRecord e, InboundFrame inbound)
    {
        cursor.Unplaced++;
        entity.Defer(loaded =>
        {
            cursor.Unplaced--;
            Receive(loaded, e, inbound);
        });
    }

    // 1 own event beyond what was written → new incarnation  2 seen → duplicate  3 causes missing → hold  4 append
    private void Receive(EntityReplica entity, EventRecord e, InboundFrame inbound)
    {
        if (e.Sequence > entity.Seen[e.Origin] && e.Origin.Equals(writer.Current))
        {
            links.OwnEventBeyondSeen(e);
            return; // every link is closed and begins anew; the event comes again, then as one of a closed incarnation
        }
        if (DropFiltered(e, inbound))
            return; // it was closed while the entity was read
        if (entity.IsBlind)
        {
            PassOver(entity, e, inbound);
            return;
        }
        if (e.Regions is not null && TakeOfRegions(entity, e, inbound))
            return;
        switch (entity.Judge(e))
        {
            case Verdict.Duplicate:
                Duplicate(entity, e, inbound);
                break;
            case Verdict.Append when e.BatchLength == 1:
                Append(entity, e);
                filling.Resolves.Add(inbound);
                Release(entity);
                break;
            default:
                Hold(entity, e, inbound);
                Release(entity);
                ReleaseOverSealed(entity);
                ForgetAhead(entity, e);
                break;
        }
    }

    private void Duplicate(EntityReplica entity, EventRecord e, InboundFrame inbound)
    {
        context.Hit(Probe.DuplicateDropped);
        CompareWithTail(entity, e);
        if (entity.Pending == 0)
            Resolve(inbound);
        else
            entity.NewestGroup!.Resolves.Add(inbound);
    }

    private void Append(EntityReplica entity, EventRecord e)
    {
        e = AsTaken(entity, e);
        var cursor = Cursor(e.Origin);
        if (e.OriginPosition > cursor.Highest)
            RaiseHighest(cursor, e.OriginPosition);
        if (e.Origin.Region == context.Options.Region)
            links.OwnEventWasMissing();
        entity.Admit(e);
        AddRow(entity, e, own: false);
        TendSubject(entity);
        LookForFills(entity);
    }

    private void RaiseHighest(OriginCursor cursor, ulong position)
    {
        if (past.Include(cursor.Origin))
            Reopen(cursor.Origin);
        cursor.Highest = position;
        cursor.Dirty = true;
    }

    private void Hold(EntityReplica entity, EventRecord e, InboundFrame inbound)
    {
        var isNew = entity.HeldCount;
        var entry = entity.Hold(e, inbound, context.Now.MonotonicMilliseconds);
        if (entity.HeldCount == isNew)
        {
            Compare(entry.Event, e);
            return;
        }
        HeldCount++;
        heldBytes += e.Weight;
        context.Hit(entity.Judge(e) == Verdict.Append ? Probe.BatchHeldBack : Probe.HeldBack);
        while (entity.HeldCount > context.Options.MaxHeldPerEntity)
            MakeRoom([entity]);
        while (heldBytes > context.Options.MaxHeldBytesPerLane)
            MakeRoom(entities.Values);
    }

    // What goes is the newest, by the beginning of its batch: a timestamp is above those of all causes, so what others
    // wait for is the last to go, and of two batches that both wait for their own rest one finds room, whole. What went
    // will be fetched.
    private void MakeRoom(IEnumerable<EntityReplica> among)
    {
        var (entity, entry) = among.SelectMany(x => x.Held, (x, held) => (x, held))
            .MaxBy(h => (h.held.Event.BatchStart, h.held.Event.Origin, h.held.Event.Sequence));
        context.Hit(Probe.HoldBackOverflow);
        Owe(entity, entry);
        Forget(entity, entry);
    }

    // The stream goes on; the event is owed until the entity can take it.
    private void PassOver(EntityReplica entity, EventRecord e, InboundFrame inbound)
    {
        var passed = new HeldEvent(e, context.Now.MonotonicMilliseconds);
        passed.Inbound.Add(inbound);
        context.Hit(Probe.PassedOver);
        Owe(entity, passed);
        if (!SubjectType.Forgets(e))
            return;
        entity.WasToldToForget = true; // whatever else is known of it
        DropKeys(entity);
    }

    private void Release(EntityReplica entity)
    {
        if (entity.IsBlind)
            return; // what is held stays here: nobody knows what it would follow
        while (entity.Release() is { } batch)
        {
            foreach (var entry in batch)
            {
                HeldCount--;
                heldBytes -= entry.Event.Weight;
                if (entity.Judge(entry.Event) == Verdict.Append)
                {
                    Append(entity, entry.Event);
                    filling.Resolves.AddRange(entry.Inbound);
                }
                else
                    entry.Inbound.ForEach(i => Duplicate(entity, entry.Event, i));
            }
        }
        foreach (var gap in owed)
        {
            if (gap.LastKnown > 0 && gap.Entry.Entity == entity.Key && entity.Seen[gap.Entry.Origin] >= gap.LastKnown
                && !filling.Settled.Contains(gap))
            {
                filling.Settled.Add(gap);
            }
        }
    }

    private void Forget(EntityReplica entity, HeldEvent entry)
    {
        entity.Drop(entry);
        HeldCount--;
        heldBytes -= entry.Event.Weight;
    }

    private void Resolve(InboundFrame inbound)
    {
        if (--inbound.Remaining == 0)
            Settle(inbound);
    }

    private void Settle(InboundFrame inbound)
    {
        links.ReturnCredit(inbound.Link, Lane, inbound.Bytes);
        inbound.Settled?.Invoke();
        if (inbound.Closes is { } gap && gap.PassedInRound < inbound.Round && owed.Contains(gap)
            && !filling.Settled.Contains(gap) && !IsStillHeld(gap))
        {
            filling.Settled.Add(gap);
        }
        if (inbound.Cursor is not { } cursor || !cursor.Advance())
            return;
        FrontierMoved();
    }

    private bool IsStillHeld(OwedGap gap) => entities.TryGetValue(gap.Entry.Entity, out var entity)
        && entity.Held.Any(h => h.Event.Origin.Equals(gap.Entry.Origin));

    private void FrontierMoved()
    {
        ReportDue = true;
        IsReportAwaited |= isAwaitedElsewhere;
        Unhurried();
        UpdateFinality();
        RunWaiting();
    }

    private void RunWaiting()
    {
        if (waitingCount == 0)
            return;
        foreach (var entity in entities.Values.Where(e => e.HasWaiting).ToArray())
            RunWaiting(entity);
    }

    // Not while the entity is read from the journal: what it shows then is not what it has. They run once it is there.
    private void RunWaiting(EntityReplica entity)
    {
        if (!entity.IsReadable || !entity.HasWaiting)
            return;
        foreach (var waiting in entity.Waiting)
        {
            if (IsHeldForPeers(entity, waiting))
                continue;
            var lost = IsMet(entity, waiting.Condition) ? null : Beyond(entity, waiting.Condition);
            if (lost is null && !IsMet(entity, waiting.Condition))
                continue;
            entity.StopWaiting(waiting);
            waitingCount--;
            if (lost is { } failure)
                Fail(waiting, failure);
            else
                Run(entity, waiting);
        }
    }
}
