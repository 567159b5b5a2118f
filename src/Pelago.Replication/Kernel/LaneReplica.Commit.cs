using Pelago.Model;

namespace Pelago.Replication;

internal sealed partial class LaneReplica
{
    private const int FrontierDelayMilliseconds = 500;
    private const int FailurePauseMilliseconds = 100;

    private static readonly Failure Deposed = new(
        ErrorCodes.LaneFenced, "Another instance has taken over this part of the service.", "Try again.");

    private static readonly Dictionary<InboundFrame, int> NothingResolved = [];

    /// <summary>True when a group should be handed to the journal now.</summary>
    public bool IsDue => !Fenced && underWay is null && context.Now.MonotonicMilliseconds >= notBefore
        && (filling.IsUrgent || (unhurriedSince >= 0
            && context.Now.MonotonicMilliseconds - unhurriedSince >= FrontierDelayMilliseconds));

    public int FillingRows => filling.Rows.Count;

    /// <summary>Hands the group over; from now on it is under way.</summary>
    public LaneBatch Take()
    {
        NoteFilters();
        NotePast();
        underWay = filling;
        filling = new PendingGroup();
        List<Frontier> frontiers = [];
        var resolved = underWay.Resolves.Count == 0 ? NothingResolved
            : underWay.Resolves.CountBy(inbound => inbound).ToDictionary();
        foreach (var cursor in cursors.Values)
        {
            // A frontier moves in the transaction of the rows that it passes: a restart asks for nothing again.
            var reached = cursor.ReachedWith(resolved);
            if (reached == cursor.Frontier && !cursor.Dirty)
                continue;
            frontiers.Add(new Frontier(cursor.Origin, reached, Math.Max(reached, cursor.Highest)));
            underWay.Reached.Add((cursor, reached));
            cursor.Dirty = false;
        }
        unhurriedSince = -1;
        underWay.Marks = DueMarks(underWay);
        return underWay.ToBatch(Lane, Epoch, frontiers);
    }

    // 1 positions  2 gaps  3 who waited for the rows  4 frames and frontiers  5 entities  6 feeds
    public void Committed(LaneCommit commit)
    {
        var group = underWay ?? throw new InvalidOperationException("No group is under way.");
        underWay = null;
        if (commit.Outcome != CommitOutcome.Committed)
        {
            Fenced = commit.Outcome == CommitOutcome.Fenced;
            Undo(group, commit.Outcome);
            return;
        }
        var position = commit.FirstPosition;
        foreach (var row in group.Rows)
        {
            if (row.Own)
            {
                row.Event.CommittedAt(position);
                OwnHead = position;
                ReportDue = true;
            }
            position++;
        }
        Head = commit.Head;
        foreach (var gap in group.Owed)
            gap.Durable = true;
        foreach (var gap in group.Settled)
        {
            if (filling.Owed.Contains(gap))
                continue;
            owed.Remove(gap);
            context.Hit(Probe.OwedClosed);
        }
        NoteHighest(group); // before the answers, whose tokens name it
        foreach (var entity in group.Touched)
            entity.Pending--;
        foreach (var completion in group.Completions)
            Give(completion);
        foreach (var (cursor, reached) in group.Reached)
            cursor.Stored(reached);
        MarksStored(group);
        RemovedDurably(group);
        foreach (var noted in group.Noted)
            noted();
        foreach (var inbound in group.Resolves)
            Resolve(inbound);
        foreach (var (cursor, reached) in group.Reached)
        {
            if (cursor.Raise(reached)) // its frames were forgotten meanwhile
                FrontierMoved();
        }
        NoteBeyond(group);
        if (group.Rows.Count > 0 || group.Settled.Count > 0)
        {
            ReportDue = true;
            UpdateFinality();
        }
        Tend(group);
        links.LaneCommitted(this, group.Rows, commit);
    }

    private void NoteHighest(PendingGroup group)
    {
        foreach (var row in group.Rows)
        {
            if (row.Own)
                continue;
            var cursor = Cursor(row.Event.Origin);
            cursor.HighestDurable = Math.Max(cursor.HighestDurable, row.Event.OriginPosition);
            cursor.Highest = Math.Max(cursor.Highest, cursor.HighestDurable); // it was reset meanwhile
        }
    }

    private void NoteBeyond(PendingGroup group)
    {
        foreach (var row in group.Rows)
        {
            if (!row.Own && row.Event.OriginPosition > Vouches(row.Event.Origin))
            {
                Cursor(row.Event.Origin).Revision++;
                context.Hit(Probe.RowBeyondFrontier);
            }
        }
    }

    private void Tend(PendingGroup group)
    {
        foreach (var entity in group.Touched)
        {
            if (entity.Pending > 0 || entity.NewestGroup != group)
                continue;
            entity.NewestGroup = null;
            if (!entities.TryGetValue(entity.Key, out var present) || present != entity)
                continue;
            EntityBytes += 128 + entity.TakeGrowth();
            if (entity.NeedsHistory)
            {
                Reload(entity);
                continue;
            }
            RunWaiting(entity);
            if (entity.IsPartial)
                KeepPartial(entity);
            else
                Compact(entity);
        }
        LoadWaiting();
    }

    private void LoadWaiting()
    {
        foreach (var key in loadAfterGroup)
            Load(key, history: false);
        loadAfterGroup.Clear();
    }

    // An event sorted before the fold's base: the state is made again from the first event.
    private void Reload(EntityReplica entity)
    {
        foreach (var entry in entity.Held)
            Owe(entity, entry);
        context.Hit(Probe.HistoryNeeded);
        var fresh = Fresh(entity, _ => true);
        fresh.NeedsHistory = true;
        entities[entity.Key] = fresh;
        Load(entity.Key, history: true);
    }

    private void Compact(EntityReplica entity)
    {
        _ = entity.Fold.State; // folds what arrived, once for the whole group
        Note(entity);
        // At once: events that are kept until they are middle-aged cost the garbage collector most.
        entity.Fold.AdvanceBase(isFinal);
        NoteOverwritten(entity);
        if (entity.ForgetReplies() is { Count: > 0 } forgotten)
        {
            filling.Forgotten.AddRange(forgotten);
            Unhurried();
        }
        WriteDueSnapshot(entity);
        entity.LookAtWeight();
        Ripen(entity);
    }

    private void WriteDueSnapshot(EntityReplica entity)
    {
        if (entity.LastRow - entity.SnapshotCount >= (ulong)context.Options.SnapshotRows)
            WriteSnapshot(entity);
    }

    private void WriteSnapshot(EntityReplica entity)
    {
        if (entity.Pending > 0)
            return; // when its rows are durable
        _ = entity.Fold.State;
        if (entity.Unusable is not null || !context.Knows(entity.Key.Type))
            return;
        entity.SnapshotCount = entity.LastRow;
        try
        {
            var content = SnapshotCodec.Write(
                entity.Type, entity.Fold, entity.Seen, entity.Highest, entity.Retired, entity.RegionsKnown);
            filling.Snapshots.Add(new EntitySnapshot(entity.Key, entity.LastRow, content));
            entity.NoteSerialized(content.Length);
            context.Hit(Probe.SnapshotWritten);
        }
        catch (Exception error) // a user's serializer: the events are there, and loading takes longer
        {
            context.Alarm(AlarmKind.SnapshotFailed,
                $"The state of {entity.Key} could not be serialized: {error.GetType().Name}.");
        }
        Unhurried();
    }

    private void Unhurried()
    {
        if (unhurriedSince < 0)
            unhurriedSince = context.Now.MonotonicMilliseconds;
    }

    // What the fold found not to count goes to the ledger.
    private void Note(EntityReplica entity)
    {
        if (entity.Fork is null && entity.Unusable is { } parked && entity.Announce())
            context.Alarm(AlarmKind.Parked, parked.Message);
        foreach (var entry in entity.Fold.TakeConflicts())
        {
            context.Hit(entry.Orphaned ? Probe.Orphaned : entry.Deduplicated ? Probe.DeduplicatedByFold
                : Probe.RefusedByFold);
            filling.Conflicts.Add(new ConflictRecord(entity.Key, entry.Orphaned ? ConflictKind.Orphaned
                : entry.Deduplicated ? ConflictKind.Deduplicated : ConflictKind.RefusedByFold,
                entry.Event.Origin, entry.Event.Sequence, context.Now.WallMilliseconds, entry.Refusal ?? ""));
            Unhurried();
        }
    }

    /// <summary>Drops everything that is not durable: the group that failed, and the one being filled on top of
    /// it.</summary>
    private void Undo(PendingGroup group, CommitOutcome outcome)
    {
        var failure = outcome == CommitOutcome.Fenced ? Deposed
            : new Failure(ErrorCodes.JournalUnavailable, "The journal did not take the write.",
                "Try again; see 'pelago doctor'.");
        var alarm = outcome == CommitOutcome.Fenced ? AlarmKind.LaneFenced : AlarmKind.JournalFailed;
        context.Alarm(alarm, $"Lane {Lane}: {failure.Message}");
        context.Hit(outcome == CommitOutcome.Fenced ? Probe.LaneFenced : Probe.GroupUndone);
        // What is kept is tried again at once: a disk that is full for hours is not asked in a loop.
        notBefore = context.Now.MonotonicMilliseconds + FailurePauseMilliseconds;
        FailAll(group, failure);
        Reset(failure, group);
        KeepConflicts(group);
        LoadWaiting();
        links.CloseDialled("lane reset");
    }

    /// <summary>Forgets what is not durable and not under way; entities are read again. What is durably owed is kept:
    /// nobody sends it again by himself, and this may be the only copy.</summary>
    /// <param name="failed">The group that failed, too.</param>
    public void Reset(Failure failure, PendingGroup? failed = null)
    {
        var dropped = filling;
        filling = new PendingGroup();
        foreach (var entity in entities.Values.Where(e => e.Pending > 0 || e.HeldCount > 0 || e.NeedsHistory).ToArray())
        {
            if (underWay is not null && entity.Pending > 0)
                loadAfterGroup.Add(entity.Key);
            var fresh = Fresh(entity, h => IsDurablyOwed(h.Event));
            entities[entity.Key] = fresh;
            if (!loadAfterGroup.Contains(entity.Key))
                Load(entity.Key, history: false);
        }
        foreach (var row in (failed?.Rows ?? []).Concat(dropped.Rows).Where(r => !r.Own && IsDurablyOwed(r.Event)))
            entities[row.Event.Entity].Hold(row.Event, null, context.Now.MonotonicMilliseconds);
        OweAllThatIsHeld();
        CountHeld();
        FailAll(dropped, failure);
        KeepConflicts(dropped);
        EndSearchesAgain();
        DropLocalNotes();
        DropFilterNotes();
        isPastNoteDue |= past.Count > 0;
        links.Histories.Forget(this);
        owed.RemoveAll(o => !StaysOwed(o));
        AbortCompaction(failure);
        ForgetCompacted();
        NoteLossAgain();
        foreach (var gap in owed)
            gap.FetchUnderWay = false;
        foreach (var cursor in cursors.Values)
        {
            cursor.Reset();
            cursor.Dirty = true;
        }
    }

    // The group under way, whose frontier passes what is owed, is not dropped: what it owes is not either.
    private bool StaysOwed(OwedGap gap) => gap.Durable || underWay?.Owed.Contains(gap) == true;

    // One that is closed with the group under way is over: what comes after it is sent again.
    private bool IsDurablyOwed(EventRecord e) => owed.Exists(o => StaysOwed(o)
        && underWay?.Settled.Contains(o) != true && IsOfGap(o, e));

    private static bool IsOfGap(OwedGap gap, EventRecord e) => gap.Entry.Entity == e.Entity
        && gap.Entry.Origin.Equals(e.Origin) && gap.Entry.FromSequence <= e.Sequence;

    // What is kept for a gap waits for nothing else any more, no frame of its own: the gap is not closed before it is
    // taken, or given up. Otherwise the first event of a batch whose rest is lost would be held for ever.
    private void OweAllThatIsHeld()
    {
        foreach (var e in entities.Values.SelectMany(x => x.Held).Select(h => h.Event))
        {
            if (owed.Find(o => StaysOwed(o) && IsOfGap(o, e)) is { LastKnown: > 0 } gap)
                gap.LastKnown = Math.Max(gap.LastKnown, e.Sequence);
        }
    }

    private void CountHeld()
    {
        (HeldCount, heldBytes) = (0, 0);
        foreach (var entity in entities.Values.Where(e => e.HeldCount > 0))
        {
            HeldCount += entity.HeldCount;
            heldBytes += entity.Held.Sum(h => (long)h.Event.Weight);
        }
    }

    private void FailAll(PendingGroup group, Failure failure)
    {
        foreach (var completion in group.Completions)
            Fail(completion.Request, failure);
    }

    /// <summary>Fails requests whose deadline has passed.</summary>
    public void ExpireWaiting()
    {
        if (waitingForWriter.Count > 0)
            ExpireWaitingForWriter();
        if (waitingCount == 0)
            return;
        foreach (var entity in entities.Values.Where(e => e.HasWaiting).ToArray())
        {
            foreach (var late in entity.Waiting)
            {
                if (late.DeadlineMilliseconds > context.Now.MonotonicMilliseconds)
                    continue;
                entity.StopWaiting(late);
                waitingCount--;
                context.Hit(Probe.TokenExpired);
                Fail(late, IsHeldForPeers(entity, late) ? NotCaughtUp() : new Failure(ErrorCodes.TokenNotReached,
                    $"Region {context.Options.Region} has not yet received what the causality token names.",
                    "Try again, or read without the token."));
            }
        }
    }

    // A new life cannot be begun while the journal takes nothing.
    private void ExpireWaitingForWriter()
    {
        EntityRequest[] late =
            [.. waitingForWriter.Where(w => w.DeadlineMilliseconds <= context.Now.MonotonicMilliseconds)];
        foreach (var request in late)
        {
            waitingForWriter.Remove(request);
            Fail(request, new Failure(ErrorCodes.JournalUnavailable,
                $"Region {context.Options.Region} begins a new life of its journal, which is not durable yet.",
                "Try again a little later; see 'pelago doctor' if it stays."));
        }
    }
}
