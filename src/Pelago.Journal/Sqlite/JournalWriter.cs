using Microsoft.Extensions.Logging;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>The one connection that writes, and everything its thread owns.</summary>
/// <remarks>Every method runs on the writer's thread, in one transaction that commits or changes nothing: what memory
/// remembers of the store is touched after the commit only, or taken back after the rollback.</remarks>
internal sealed class JournalWriter : IDisposable
{
    // Of deleted bytes nothing stays in pages that are still used; those that are freed keep them until they are used
    // again. That costs nothing, and is not enough for keys of who was forgotten.
    internal const string KeepFreedPages = "PRAGMA secure_delete = FAST";
    private const string ClearFreedPages = "PRAGMA secure_delete = ON";

    private readonly Database database;
    private readonly Opener opener;
    private readonly Sealer sealer;
    private readonly OriginTable origins;
    private readonly EntityWriter entities;
    private readonly RecentRows recent;
    private readonly RowAppender rows;
    private readonly SideRecords side;
    private readonly IndexRuns index;
    private readonly RowRemover remover;
    private readonly LaneRecovery recovery;
    private readonly Statement begin, commit, originInsert;
    private readonly Func<Origin, uint> numberOf;
    private readonly Action<OriginRow> insertOrigin;
    private readonly List<RowPlace> places = [];
    private readonly List<EntityEntry> followed = [];
    private readonly Checkpointer checkpoints;
    private readonly ILogger logger;
    private Failure? trouble;

    /// <param name="parts">What opening found.</param>
    /// <param name="beside">A connection for the checkpoints; owned from now on.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="logger">The room's log.</param>
    public JournalWriter(WriterParts parts, Database beside, JournalOptions options, ILogger logger)
    {
        (database, origins, recent, sealer, this.logger) =
            (parts.Database, parts.Origins, parts.Recent, parts.Sealer, logger);
        opener = new Opener(parts.Keys);
        var registry = new EntityRegistry(database, parts.Keys, opener, parts.Cache, parts.RecentEntities);
        entities = new EntityWriter(parts, registry, options.IndexRunRows);
        rows = new RowAppender(database, sealer);
        side = new SideRecords(database, sealer, parts.Keys);
        index = new IndexRuns(database, recent, options.IndexRunRows);
        remover = new RowRemover(database, recent);
        recovery = new LaneRecovery(database, opener, origins, registry);
        (Lanes, NewestNote) = (parts.Lanes, parts.Notes);
        begin = database.Prepare("BEGIN IMMEDIATE");
        commit = database.Prepare("COMMIT");
        originInsert = database.Prepare("INSERT INTO origin VALUES (?1, ?2, ?3, ?4, ?5)");
        checkpoints = new Checkpointer(database, beside, options.CheckpointPages, options.LogPages, logger);
        insertOrigin = Insert;
        numberOf = origin => origins.NumberOf(origin, insertOrigin, sealer);
    }

    /// <summary>The lanes as committed.</summary>
    public LaneTable Lanes { get; }

    /// <summary>The newest note as committed.</summary>
    public NoteMark? NewestNote { get; private set; }

    /// <summary>Why the last append failed, or null. Damage stays: what an append did not need is not mended by
    /// it.</summary>
    public Failure? Trouble => Volatile.Read(ref trouble);

    /// <summary>True once a row of the newest incarnation was committed by this process.</summary>
    public bool WroteOwn { get; private set; }

    /// <summary>Raises a lane's epoch and reads its state.</summary>
    public LaneState Acquire(int lane)
    {
        var epoch = Lanes[lane].Epoch + 1;
        var recovered = Transaction(() =>
        {
            Lanes.Acquire(lane, epoch);
            return (Lane: recovery.Read(lane), Forks: recovery.ReadForks(lane), Effects: recovery.ReadMarks(lane),
                Notes: recovery.ReadNotes(lane, out var damaged), NotesDamaged: damaged);
        });
        if (recovered.Lane.Damaged)
            Log.LaneProgressDamaged(logger, lane);
        if (recovered.NotesDamaged)
            Log.LaneNotesDamaged(logger, lane);
        Lanes[lane].Epoch = epoch;
        return new LaneState(lane, epoch, Lanes[lane].Head, Lanes[lane].OwnHead, recovered.Lane.Frontiers,
            recovered.Lane.Owed)
        {
            Forks = recovered.Forks, EffectMarks = recovered.Effects.Marks,
            AreEffectMarksDamaged = recovered.Effects.AreDamaged,
            Notes = recovered.Notes, NotesDamaged = recovered.NotesDamaged,
        };
    }

    /// <summary>Begins an incarnation; the closed one's own heads become ordinary frontiers in every lane.</summary>
    public void OpenIncarnation(Origin next)
    {
        var closed = origins.Newest;
        var number = Transaction(() =>
        {
            var added = origins.AddOwn(next, Insert, sealer);
            for (var lane = 0; closed.Origin is not null && lane < EntityKey.Lanes; lane++)
                Close(closed.Origin, closed.Number, lane);
            return added;
        });
        for (var lane = 0; lane < EntityKey.Lanes; lane++)
            Lanes[lane].OwnHead = 0;
        origins.CommitOwn(next, number);
        WroteOwn = false;
    }

    /// <summary>Removes entries of the conflict ledger that are no forks and were recorded before a time.</summary>
    /// <returns>How many.</returns>
    public int RemoveConflicts(long before, int max) => Transaction(() =>
    {
        side.RemoveConflicts(before, max);
        return database.Changes;
    });

    /// <summary>Appends: 1 fence and positions, 2 rows, 3 what commits beside them, 4 a slice of the indexes, 5 commit.
    /// </summary>
    public IReadOnlyList<LaneCommit> Append(IReadOnlyList<LaneBatch> batches)
    {
        var results = new LaneCommit[batches.Count];
        var forgets = Forgets(batches);
        Span<LaneTable.Lane> reached = stackalloc LaneTable.Lane[EntityKey.Lanes];
        try
        {
            Assign(batches, results, reached);
            if (forgets)
                database.Execute(ClearFreedPages);
            begin.Run();
            for (var lane = 0; lane < EntityKey.Lanes; lane++)
            {
                if (reached[lane].Head != Lanes[lane].Head)
                    Lanes.Advance(lane, reached[lane]);
            }
            for (var i = 0; i < batches.Count; i++)
            {
                if (results[i].Outcome == CommitOutcome.Committed)
                    Write(batches[i], results[i].FirstPosition);
            }
            index.WriteSlice(places.Count);
            entities.WriteSlice();
            commit.Run();
        }
        catch (StoreException e)
        {
            Undo();
            Volatile.Write(ref trouble, Damage.OfMany(e));
            Log.StoreFailed(logger, e.Code, e.Message);
            for (var i = 0; i < results.Length; i++)
                results[i] = new LaneCommit(CommitOutcome.Failed, 0, Lanes[batches[i].Lane].Head);
            return results;
        }
        catch
        {
            Undo();
            throw;
        }
        finally
        {
            if (forgets)
                database.Execute(KeepFreedPages);
        }
        Publish(reached);
        if (trouble?.Error == ErrorCodes.JournalStoreFailed)
            Volatile.Write(ref trouble, null);
        checkpoints.Committed(forgets);
        return results;
    }

    private static bool Forgets(IReadOnlyList<LaneBatch> batches)
    {
        for (var i = 0; i < batches.Count; i++)
        {
            if (batches[i].ForgottenSubjects.Count > 0)
                return true;
        }
        return false;
    }

    /// <summary>Positions of every batch whose epoch is the lane's; the others are fenced.</summary>
    private void Assign(IReadOnlyList<LaneBatch> batches, LaneCommit[] results, Span<LaneTable.Lane> reached)
    {
        for (var lane = 0; lane < EntityKey.Lanes; lane++)
            reached[lane] = Lanes[lane];
        for (var i = 0; i < results.Length; i++)
        {
            var batch = batches[i];
            ArgumentOutOfRangeException.ThrowIfNegative(batch.Lane);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(batch.Lane, EntityKey.Lanes);
            ref var lane = ref reached[batch.Lane];
            if (batch.Epoch != lane.Epoch)
            {
                results[i] = new LaneCommit(CommitOutcome.Fenced, 0, lane.Head);
                continue;
            }
            if (!Follow(batch))
            {
                results[i] = new LaneCommit(CommitOutcome.Fenced, 0, lane.Head);
                continue;
            }
            var first = lane.Head + 1;
            lane.Head += (ulong)batch.Rows.Count;
            for (var r = batch.Rows.Count - 1; r >= 0; r--)
            {
                if (batch.Rows[r].Event.OriginPosition != 0)
                    continue;
                lane.OwnHead = first + (ulong)r;
                break;
            }
            results[i] = new LaneCommit(CommitOutcome.Committed, batch.Rows.Count == 0 ? 0 : first, lane.Head);
        }
    }

    /// <summary>The second fence: every row follows the last one of its entity.</summary>
    private bool Follow(LaneBatch batch)
    {
        var before = followed.Count;
        foreach (var row in batch.Rows)
        {
            if (entities.Follow(row.Event.Entity, row.LocalSequence) is { } entry)
            {
                followed.Add(entry);
                continue;
            }
            entities.Unfollow(followed.Count - before);
            followed.RemoveRange(before, followed.Count - before);
            return false;
        }
        return true;
    }

    private void Write(LaneBatch batch, ulong first)
    {
        var newest = origins.Newest.Origin;
        for (var i = 0; i < batch.Rows.Count; i++)
        {
            var row = batch.Rows[i];
            if (row.Event.OriginPosition == 0 && !row.Event.Origin.Equals(newest))
                throw new ArgumentException(
                    $"{row.Event} has no position at its origin, which is not this journal's newest life.");
            var entity = entities.NumberOf(followed[places.Count], batch.Lane);
            places.Add(rows.Append(row, batch.Lane, first + (ulong)i, entity, numberOf));
        }
        foreach (var moved in batch.Frontiers)
            side.Frontier(batch.Lane, numberOf(moved.Origin), moved.Position, moved.Highest);
        foreach (var mark in batch.Marks)
            side.Mark(batch.Lane, numberOf(mark.Origin), mark.Position);
        foreach (var gap in batch.Settled)
            side.Settle(batch.Lane, NumberOf(gap.Entity, batch.Lane), numberOf(gap.Origin));
        foreach (var gap in batch.Owed)
            side.Owed(batch.Lane, NumberOf(gap.Entity, batch.Lane), numberOf(gap.Origin), gap.FromSequence,
                gap.Position);
        foreach (var forgotten in batch.Forgotten)
            side.Forget(NumberOf(forgotten.Entity, batch.Lane), forgotten);
        foreach (var reply in batch.Replies)
            side.Reply(NumberOf(reply.Entity, batch.Lane), reply);
        foreach (var conflict in batch.Conflicts)
            side.Conflict(NumberOf(conflict.Entity, batch.Lane), numberOf(conflict.Origin), conflict);
        foreach (var checkpoint in batch.Checkpoints)
            side.Checkpoint(NumberOf(checkpoint.Entity, batch.Lane), batch.Lane, checkpoint);
        foreach (var removed in batch.Removed)
            remover.Remove(NumberOf(removed.Entity, batch.Lane), batch.Lane, removed);
        foreach (var snapshot in batch.Snapshots)
            side.Snapshot(NumberOf(snapshot.Entity, batch.Lane), snapshot);
        foreach (var note in batch.Notes)
            side.Note(batch.Lane, note);
        if (batch.SubjectKeys.Count + batch.ForgottenSubjects.Count > 0)
            side.Subjects.Write(batch, NumberOf);
    }

    private long NumberOf(EntityKey key, int lane) => entities.NumberOf(key, lane);

    private void Publish(ReadOnlySpan<LaneTable.Lane> reached)
    {
        origins.Commit();
        entities.Commit();
        index.Commit();
        remover.Commit();
        recent.Add(places);
        NewestNote = side.NewestNote ?? NewestNote;
        places.Clear();
        followed.Clear();
        for (var lane = 0; lane < EntityKey.Lanes; lane++)
        {
            WroteOwn |= reached[lane].OwnHead != Lanes[lane].OwnHead;
            Lanes[lane] = reached[lane];
        }
    }

    private void Undo()
    {
        database.Rollback();
        origins.Rollback();
        entities.Rollback();
        index.Rollback();
        remover.Rollback();
        rows.LastId -= places.Count;
        side.NewestNote = NewestNote;
        places.Clear();
        followed.Clear();
    }

    /// <summary>The closed life's own head becomes its ordinary frontier in a lane.</summary>
    private void Close(Origin closed, uint number, int lane)
    {
        if (recovery.Read(lane).OfClosedLife(closed, Lanes[lane].OwnHead) is { } left)
            side.Frontier(lane, number, left.Position, left.Highest);
        Lanes.Advance(lane, Lanes[lane] with { OwnHead = 0 });
    }

    private void Insert(OriginRow row) => originInsert.Bind(1, row.Number).Bind(2, row.Life).Bind(3, row.Salt)
        .Bind(4, row.Nonce).Bind(5, row.Sealed).Run();

    private T Transaction<T>(Func<T> work)
    {
        try
        {
            begin.Run();
            var result = work();
            commit.Run();
            return result;
        }
        catch (StoreException e)
        {
            Undo();
            throw Damage.Of(e).ToException(e);
        }
        catch
        {
            Undo();
            throw;
        }
    }

    public void Dispose()
    {
        checkpoints.Dispose();
        sealer.Dispose();
        opener.Dispose();
        database.Dispose();
    }
}

/// <summary>What opening hands to the writer.</summary>
internal sealed record WriterParts(
    Database Database, KeyRing Keys, Sealer Sealer, OriginTable Origins, EntityCache Cache,
    RecentEntities RecentEntities, RecentRows Recent, LaneTable Lanes, NoteMark? Notes);
