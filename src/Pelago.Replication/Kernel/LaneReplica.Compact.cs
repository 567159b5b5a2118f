using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>
/// <para>Compaction: rows of final events go, and the fold of an entity's final prefix stands for them. The problem:
/// what is gone cannot be folded again, sent, or compared, so nothing may go that somebody could still need. The idea:
/// the prefix in the fold's base is final, so no event can come before its end; it is stored with the digest of the
/// set of its events and their highest positions before any row goes. Rows go from the first one on, as long as all of
/// them are in the prefix and every reader of the lane has read them.</para>
/// <para>The base is what the fold holds in memory, and the rows are what the journal holds: both have to name the same
/// events, or nothing goes. Types opt in. A deleted entity's rows go in any case: its state is its type's first one,
/// and what comes before a deletion changes nothing. Rejected: removing single rows behind their finality (their
/// effect on the state would be gone with them), and one statement that removes all (it would hold up every write for
/// as long as it takes).</para>
/// </remarks>
internal sealed partial class LaneReplica
{
    private const int MaxRipening = 4_096;
    private const int RipenPauseMilliseconds = 1_000;

    private readonly Queue<CompactRequest> compactions = new();
    private readonly HashSet<EntityKey> ripening = [];
    private readonly HashSet<EntityKey> tooLarge = [];
    private readonly Dictionary<string, ulong> readThrough = new(StringComparer.Ordinal);
    private Compaction? compaction;
    private bool isRipe;
    private long nextRipening;

    /// <summary>Rows removed since the start.</summary>
    public ulong RowsRemoved { get; private set; }

    /// <summary>A reader of the lane has read it through here.</summary>
    public void ReadThrough(string reader, ulong position)
    {
        readThrough[reader] = Math.Max(position, readThrough.GetValueOrDefault(reader));
        LookAgain();
    }

    private ulong ReadByAll => context.Options.LaneReaders.Count == 0 ? ulong.MaxValue
        : context.Options.LaneReaders.Min(r => readThrough.GetValueOrDefault(r));

    /// <summary>Takes a request; it is completed by <see cref="CompactDone"/>, exactly once.</summary>
    public void Compact(CompactRequest request)
    {
        if (compactions.Count >= context.Options.MaxCompactions)
        {
            Finish(request, new CompactResult(0, 0, [], new Failure(ErrorCodes.Overloaded,
                "Too many entities wait to be compacted.", "Try again a little later.")));
            return;
        }
        compactions.Enqueue(request);
        NextCompaction();
    }

    // Entities that may be compacted by themselves once what was written to them is final.
    private void Ripen(EntityReplica entity)
    {
        isRipe |= !Finality.Members.Any(); // nobody has to confirm anything
        if (IsWorthwhile(entity) && ripening.Count < MaxRipening)
            ripening.Add(entity.Key);
    }

    private bool IsWorthwhile(EntityReplica entity)
    {
        if (KeepsRows(entity))
            return false; // a region that it is opened to needs them
        var rows = entity.LastRow - entity.RemovedRows;
        return (entity.Type.Compacts && !tooLarge.Contains(entity.Key) && rows >= (ulong)context.Options.CompactRows)
            || (rows > 0 && IsDeleted(entity));
    }

    private bool IsDeleted(EntityReplica entity) => entity.Fold.EndsWithDeletion && !entity.Type.HasAnyEffects
        && !StaysHere(entity.Key.Type);

    /// <summary>What kept entities from being compacted may have changed.</summary>
    public void LookAgain() => isRipe |= ripening.Count > 0;

    /// <summary>Compacts what has become final meanwhile.</summary>
    public void Ripened()
    {
        if (!isRipe || ripening.Count == 0 || compactions.Count > 0 || compaction is not null
            || context.Now.MonotonicMilliseconds < nextRipening)
            return;
        (isRipe, nextRipening) = (false, context.Now.MonotonicMilliseconds + RipenPauseMilliseconds);
        foreach (var key in ripening.Take(context.Options.MaxCompactions).ToArray())
        {
            ripening.Remove(key);
            Compact(new CompactRequest { Entity = key, IsAutomatic = true });
        }
    }

    private void NextCompaction()
    {
        if (compaction is not null || !compactions.TryDequeue(out var request))
            return;
        compaction = new Compaction(request, ++lastCompaction);
        var number = compaction.Number;
        WithEntity(request.Entity, entity =>
        {
            if (compaction?.Number == number)
                Begin(entity, compaction);
        });
    }

    private ulong lastCompaction;

    // 1 what is final  2 who holds the rest back  3 the first page of rows
    private void Begin(EntityReplica entity, Compaction c)
    {
        _ = entity.Fold.State;
        if (Fenced || entity.Unusable is not null)
        {
            EndCompaction(Fenced ? Deposed : entity.Unusable);
            return;
        }
        entity.Fold.AdvanceBase(isFinal);
        NoteOverwritten(entity);
        if (entity.Fold.Tail.FirstOrDefault(t => !isFinal(t.Event)) is { } first)
            c.WaitingFor = [.. Finality.HeldBackBy(first.Event.Origin, first.Event.OriginPosition)];
        if (!MayBeCompacted(entity))
        {
            EndCompaction(KeepsRows(entity) ? KeptForRegions(entity.Key)
                : IsDeleted(entity) ? TooEarly(c) : NotCompactable(entity.Key.Type));
            return;
        }
        if (links.WithoutSnapshots is { Count: > 0 } older)
        {
            c.WaitingFor = older;
            EndCompaction(TooEarly(c));
            return;
        }
        if (WithoutHistories(entity.Key.Type) is { Count: > 0 } without)
        {
            (c.WaitingFor, c.IsHistoryMissing) = (without, true);
            EndCompaction(TooEarly(c));
            return;
        }
        var prefix = entity.Fold.ToBase();
        c.Looked = c.Through = entity.RemovedRows;
        c.Next = new CheckpointContent(prefix, entity.Type.StateVersion, default, new Dictionary<Origin, ulong>(),
            prefix.Last?.Timestamp ?? default, entity.Retired);
        if (prefix.Count == 0)
            EndCompaction(TooEarly(c));
        else
            ReadRowsOf(c, context.Options.PageRows);
    }

    private bool MayBeCompacted(EntityReplica entity) => !StaysHere(entity.Key.Type) && !KeepsRows(entity)
        && (entity.Type.Compacts || (entity.Fold.IsBaseDeleted && !entity.Type.HasAnyEffects));

    private Failure NotCompactable(string type) => StaysHere(type)
        ? new Failure(ErrorCodes.NotCompactable,
            $"Rows of entity type '{type}' stay: its events do not leave this region, and no other has them.",
            "Rows go of types that are replicated.")
        : new Failure(ErrorCodes.NotCompactable,
            $"Rows of entity type '{type}' stay: its definition does not let them go.",
            "Call Compact() in its Define method.");

    private void ReadRowsOf(Compaction c, int rows)
    {
        c.Reading = links.NextRequest();
        context.Emit(new ReadRows(c.Reading, c.Entity, c.Looked, rows));
    }

    /// <summary>Rows were read for <see cref="ReadRows"/>.</summary>
    /// <returns>False when nobody here had asked.</returns>
    public bool RowsRead(long request, EntityRows rows)
    {
        if (compaction is not { } c || c.Reading != request)
            return false;
        c.Reading = 0;
        if (rows.Damage is { } damage || forked.TryGetValue(c.Entity, out damage))
            EndCompaction(damage);
        else if (c.Content.Length == 0)
            Look(c, rows);
        else
            Remove(c, rows);
        return true;
    }

    /// <summary>They could not be read.</summary>
    public bool RowsFailed(long request)
    {
        if (compaction is not { } c || c.Reading != request)
            return false;
        EndCompaction(new Failure(ErrorCodes.JournalUnavailable, "The journal could not be read.", "Try again."));
        return true;
    }

    private void Look(Compaction c, EntityRows rows)
    {
        if (rows.Checkpoint is { } stored && c.Present is null)
        {
            if (!CheckpointCodec.TryRead(c.Entity, stored.Content.Span, out var present)
                || !c.Next!.Vector.Covers(present.Vector))
            {
                EndCompaction(TooEarly(c)); // another region's went further meanwhile
                return;
            }
            c.GoOnFrom(present);
        }
        foreach (var row in rows.Rows)
            c.Look(row, ReadByAll);
        if (rows.Rows.Count == context.Options.PageRows)
        {
            ReadRowsOf(c, context.Options.PageRows);
            return;
        }
        if (c.Found != c.Next!.Prefix.Count)
        {
            FailCompaction($"The rows of {c.Entity} do not add up: its first {c.Next.Prefix.Count} events are final, "
                + $"and {c.Found} of them were found. None were removed.");
            return;
        }
        if (!c.Close())
        {
            FailCompaction($"The checkpoint of {c.Entity} could not be read back. No rows were removed.");
            return;
        }
        if (c.Content.Length > context.Options.MaxCheckpointBytes)
        {
            if (tooLarge.Count < MaxRipening)
                tooLarge.Add(c.Entity);
            EndCompaction(new Failure(ErrorCodes.NotCompactable,
                $"Rows of {c.Entity} stay: what would stand for them takes {c.Content.Length} bytes, and no other "
                + $"region takes more than {context.Options.MaxCheckpointBytes}.",
                "Split the entity into smaller ones."));
            return;
        }
        c.Looked = rows.Checkpoint?.Through ?? 0;
        RemoveNext(c);
    }

    private void FailCompaction(string what)
    {
        context.Alarm(AlarmKind.CompactionFailed, what);
        EndCompaction(new Failure(ErrorCodes.JournalDamaged, what, "Check the journal."));
    }

    private void RemoveNext(Compaction c)
    {
        if (c.Looked < c.Through)
            ReadRowsOf(c, context.Options.RemoveRowsPerGroup);
        else
            EndCompaction(c.Removed == 0 && c.Rows > 0 ? TooEarly(c) : null);
    }

    private void Remove(Compaction c, EntityRows rows)
    {
        RemovedRow[] going = [.. rows.Rows.Where(r => r.Row.LocalSequence <= c.Through)
            .Select(r => new RemovedRow(c.Entity, r.Row.LocalSequence, r.Position))];
        if (going.Length == 0)
        {
            EndCompaction(new Failure(ErrorCodes.JournalUnavailable, "The rows changed meanwhile.", "Try again."));
            return;
        }
        c.Looked = going[^1].LocalSequence;
        var through = c.Looked;
        StoreCheckpoint(new EntityCheckpoint(c.Entity, through, c.Content), c.Next!);
        filling.Removed.AddRange(going);
        filling.Noted.Add(() =>
        {
            context.Probes.Hit(Probe.RowsRemoved, going.Length);
            RowsRemoved += (ulong)going.Length;
            if (entities.TryGetValue(c.Entity, out var entity) && entity.Ready)
                entity.RowsAreGone(through, c.Next!);
            if (compaction != c)
                return;
            c.Removed += (ulong)going.Length;
            RemoveNext(c);
        });
    }

    private void EndCompaction(Failure? failure)
    {
        if (compaction is not { } c)
            return;
        compaction = null;
        Finish(c.Request, new CompactResult(c.Removed, c.Rows - Math.Min(c.Rows, c.Removed), c.WaitingFor, failure));
        NextCompaction();
    }

    private void AbortCompaction(Failure failure, EntityKey? only = null)
    {
        if (compaction is not null && (only is null || only == compaction.Entity))
            EndCompaction(failure);
    }

    private void Finish(CompactRequest request, CompactResult result)
    {
        var isTooEarly = result.Failure?.Error == ErrorCodes.CompactionTooEarly;
        if (isTooEarly)
            context.Hit(Probe.CompactionWaited);
        if (request.IsAutomatic && ripening.Count < MaxRipening
            && (isTooEarly || (result.Failure is null && result.Kept >= (ulong)context.Options.CompactRows)))
            ripening.Add(request.Entity);
        if (!request.IsAutomatic)
            context.Emit(new CompactDone(request, result));
    }

    private Failure TooEarly(Compaction c)
    {
        var (what, next) = c.IsUnread
            ? ("some of its rows have not been read by all that read the journal",
                $"Wait for {string.Join(", ", context.Options.LaneReaders)}.")
            : c.IsHistoryMissing
            ? ($"{string.Join(", ", c.WaitingFor)} keeps events of its type, or lacks some that another region kept",
                $"Deploy the build in which the type is replicated to {string.Join(" and ", c.WaitingFor)}, and wait "
                + "until it has taken what other regions offer.")
            : c.WaitingFor.Count > 0
            ? ($"its events are not final, because {string.Join(", ", c.WaitingFor)} has not confirmed them",
                $"Wait until {string.Join(" and ", c.WaitingFor)} is reachable, and ask again.")
            : ("its events are not final yet", "Ask again in a moment.");
        return new Failure(ErrorCodes.CompactionTooEarly, $"Rows of {c.Entity} stay: {what}.", next);
    }
}
