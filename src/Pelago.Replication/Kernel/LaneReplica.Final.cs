using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>
/// <para>Effects of final events. The problem: an event that is durable may still be refused by the fold, or turn out
/// to be a duplicate, when an earlier one arrives, so what cannot be taken back must not hang on it before it is
/// final; and then it must happen once, in one region, although processes die. The idea: the region in which an event
/// was written owns its effects. Own rows are looked at again in the order of the lane as they become final, and a
/// mark, durable in the lane, says through which of them all effects are done. What lies beyond the mark at a start
/// runs again, under the same key.</para>
/// <para>The verdict is the fold's, so an event stays out of the base until its effects are done; one that is in the
/// base all the same is folded again from the history. A lane without a mark has never had effects: they begin with
/// what is written from then on, not with its past. Rejected: a record for each effect (one more write an event), and
/// effects as events of a hidden entity (replicated to regions that have no use for them).</para>
/// </remarks>
internal sealed partial class LaneReplica
{
    private const int EffectPauseMilliseconds = 1_000;

    private readonly SortedDictionary<Origin, EffectCursor> effects = [];
    private readonly Dictionary<long, EffectCursor> effectPages = [];
    private readonly Dictionary<long, (EffectCursor Cursor, ulong Position)> runningEffects = [];
    private bool areEffectsStopped;

    /// <summary>Through here in the newest incarnation all effects are done, as far as the journal knows.</summary>
    public ulong EffectsThrough
        => writer.Newest is { } newest && effects.TryGetValue(newest, out var cursor) ? cursor.Stored ?? 0 : 0;

    // What was written before the first start with effects has none.
    private void BeginEffects(LaneState state)
    {
        if (!context.HasEffects)
            return;
        areEffectsStopped = state.AreEffectMarksDamaged;
        if (areEffectsStopped)
        {
            context.Alarm(AlarmKind.EffectsStopped, $"Lane {Lane}: how far the effects of final events are done cannot "
                + "be read. None of its entities' effects run, so that none happens twice.");
            return;
        }
        foreach (var mark in state.EffectMarks)
            effects[mark.Origin] = new EffectCursor(mark.Origin, mark.Position, mark.Position, IsNewest(mark.Origin));
        if (effects.Count > 0)
            return;
        foreach (var origin in OwnLives().ToArray())
            effects[origin] = new EffectCursor(origin, HighestOf(origin), stored: null, IsNewest(origin));
    }

    private bool IsNewest(Origin origin) => origin.Equals(writer.Newest);

    private IEnumerable<Origin> OwnLives() => OwnAmong(Origins);

    // Of those that are past all effects are done.
    private IEnumerable<Origin> OwnLivesWithEffects() => OwnAmong(cursors.Keys);

    private IEnumerable<Origin> OwnAmong(IEnumerable<Origin> origins)
        => origins.Where(o => o.Region == context.Options.Region && !IsNewest(o))
            .Concat(writer.Newest is { } newest ? [newest] : []);

    /// <summary>Nothing of an own life that is over remains to be run, and the journal knows.</summary>
    private bool AreEffectsDone(Origin origin, ulong end) => !context.HasEffects
        || origin.Region != context.Options.Region || (!areEffectsStopped
            && EffectsOf(origin) is { IsDue: false, IsReading: false, Open.Count: 0 } cursor && cursor.Mark >= end);

    private EffectCursor EffectsOf(Origin origin)
    {
        if (!effects.TryGetValue(origin, out var cursor))
            effects[origin] = cursor = new EffectCursor(origin, 0, stored: null, IsNewest(origin));
        return cursor;
    }

    // Rows of a life that is over may still come from peers: it is looked at as a whole from then on.
    private void EffectsOfClosedLife(Origin closed)
    {
        if (effects.TryGetValue(closed, out var cursor))
            effects[closed] = new EffectCursor(closed, cursor.Mark, cursor.Stored, isOrdered: false);
    }

    /// <summary>Looks for own events that have become final and runs their effects.</summary>
    public void RunEffects()
    {
        if (!context.HasEffects || areEffectsStopped || Fenced)
            return;
        foreach (var origin in OwnLivesWithEffects().ToArray())
        {
            var cursor = EffectsOf(origin);
            cursor.Advance();
            if (cursor.IsDue && underWay is null)
                Unhurried();
            LookFurther(cursor);
            StartEffects(cursor);
        }
    }

    private void LookFurther(EffectCursor cursor)
    {
        if (cursor.IsReading || cursor.IsBlocked || cursor.Open.Count >= context.Options.MaxEffectsPerLane)
            return;
        if (cursor.Target == 0 || cursor.IsOrdered)
        {
            var final = Math.Min(Finality.Through(cursor.Origin), Holds(cursor.Origin));
            if (final <= Math.Max(cursor.Mark, cursor.Target)
                || (!cursor.IsOrdered && final < HighestOf(cursor.Origin)))
                final = 0;
            if (final > 0)
                cursor.Aim(final, Head);
        }
        if (cursor.Target == 0 || cursor.IsWhole)
            return;
        cursor.IsReading = true;
        var request = links.NextRequest();
        effectPages.Add(request, cursor);
        context.Emit(new ReadPage(request, Lane, cursor.Looked, new LaneFilter(cursor.Origin, cursor.Mark),
            context.Options.MaxEffectsPerLane, context.Options.PageBytes));
    }

    /// <summary>A page was read; false when it is not one of these.</summary>
    public bool EffectsRead(long request, LanePage page)
    {
        if (!effectPages.Remove(request, out var cursor))
            return false;
        if (page.Damaged.Count > 0)
        {
            (cursor.IsReading, cursor.IsBlocked) = (false, true);
            context.Alarm(AlarmKind.EffectsStopped, $"Lane {Lane}: {page.Damaged.Count} own rows from position "
                + $"{page.Damaged.Min()} on cannot be opened; the effects of what was written after them wait.");
            return true;
        }
        cursor.Take(page, HasEffects);
        cursor.Advance();
        StartEffects(cursor);
        return true;
    }

    /// <summary>A page could not be read now.</summary>
    public bool EffectsFailed(long request)
    {
        if (!effectPages.Remove(request, out var cursor))
            return false;
        cursor.IsReading = false;
        return true;
    }

    // One event of an entity at a time, in the order in which they were written.
    private void StartEffects(EffectCursor cursor)
    {
        var busy = new HashSet<EntityKey>();
        foreach (var open in cursor.Open.Values.ToArray())
        {
            if (!busy.Add(open.Event.Entity) || open.IsRunning
                || open.NotBeforeMilliseconds > context.Now.MonotonicMilliseconds)
                continue;
            open.IsRunning = true;
            WithEntity(open.Event.Entity, entity => Start(entity, cursor, open, wasFolded: false));
        }
    }

    private void Start(EntityReplica entity, EffectCursor cursor, OpenEffect open, bool wasFolded)
    {
        _ = entity.Fold.State;
        var e = open.Event;
        var entry = entity.Unusable is null ? entity.Fold.Find(e.Origin, e.Sequence) : null;
        if (e.Sequence <= entity.Compacted[e.Origin])
        {
            cursor.Open.Remove(e.OriginPosition); // it was compacted elsewhere, before its type had effects
            return;
        }
        if (entry is null && entity.Unusable is null && !wasFolded)
        {
            entity.NeedsHistory = true;
            if (entity.Pending == 0)
                Reload(entity);
            WithEntity(e.Entity, again => Start(again, cursor, open, wasFolded: true));
            return;
        }
        if (Fenced || entry?.Payload is not { } payload || context.Primaries.IsUndecided(e))
        {
            // It is parked, was read anew from its snapshot meanwhile, or a primary that counts it is being decided.
            (open.IsRunning, open.NotBeforeMilliseconds) =
                (false, context.Now.MonotonicMilliseconds + EffectPauseMilliseconds);
            return;
        }
        var verdict = entry.Orphaned ? FinalVerdict.Orphaned : entry.Deduplicated ? FinalVerdict.Deduplicated
            : entry.Refusal is null ? FinalVerdict.Counted : FinalVerdict.Refused;
        var request = links.NextRequest();
        runningEffects.Add(request, (cursor, e.OriginPosition));
        context.Hit(Probe.EffectsRun);
        context.Emit(new RunEffects(request, Lane, new FinalEvent(e, payload, verdict, entry.Refusal ?? "")));
    }

    /// <summary>All effects of an event are done.</summary>
    public void EffectsDone(long request)
    {
        if (!runningEffects.Remove(request, out var done))
            return;
        done.Cursor.Open.Remove(done.Position);
        done.Cursor.Advance();
        if (done.Cursor.IsDue && underWay is null)
            Unhurried();
        StartEffects(done.Cursor);
    }

    private bool HasEffects(EventRecord e) => context.TypeOf(e.Entity.Type).HasEffects(e.PayloadName);

    private bool AwaitsEffects(EventRecord e)
        => context.HasEffects && !areEffectsStopped && e.Origin.Region == context.Options.Region && HasEffects(e)
            && e.OriginPosition > EffectsOf(e.Origin).Mark;

    // A new incarnation's mark is durable with its first rows: a lane with own rows and no mark never had effects.
    private List<EffectMark> DueMarks(PendingGroup group)
    {
        var due = new List<EffectMark>();
        if (!context.HasEffects || areEffectsStopped)
            return due;
        if (group.Rows.Exists(r => r.Own))
            EffectsOf(writer.Newest!);
        foreach (var cursor in effects.Values.Where(c => c.IsDue))
            due.Add(new EffectMark(cursor.Origin, cursor.Mark));
        return due;
    }

    private void MarksStored(PendingGroup group)
    {
        foreach (var mark in group.Marks)
        {
            if (effects.TryGetValue(mark.Origin, out var cursor))
                cursor.Stored = mark.Position;
        }
    }
}
