using Pelago.Model;

namespace Pelago.Replication;

/// <summary>One lane of an instance: its entities in memory, its frontiers, and the group it is filling.</summary>
/// <remarks>In parts: this file holds state and the cache; Writes, Receive and Commit each one way through
/// it.</remarks>
internal sealed partial class LaneReplica
{
    private readonly KernelContext context;
    private readonly Writer writer;
    private readonly PeerLinks links;
    private readonly Dictionary<EntityKey, EntityReplica> entities = [];
    private readonly SortedDictionary<Origin, OriginCursor> cursors = [];
    private readonly List<OwedGap> owed = [];
    private readonly List<EntityRequest> waitingForWriter = [];
    private readonly Func<EventRecord, bool> isFinal;
    private readonly HashSet<EntityKey> loadAfterGroup = [];
    private readonly HashSet<EntityKey> loading = [];
    private readonly SortedDictionary<EntityKey, (long SinceMilliseconds, Failure Why)> failedLoads = [];
    private PendingGroup filling = new();
    private PendingGroup? underWay;
    private long heldBytes;
    private int waitingCount;
    private long unhurriedSince = -1;
    private long notBefore = long.MinValue;

    public LaneReplica(KernelContext context, Writer writer, PeerLinks links, LaneState state)
    {
        (this.context, this.writer, this.links) = (context, writer, links);
        (Lane, Epoch, Head, OwnHead) = (state.Lane, state.Epoch, state.Head, state.OwnHead);
        foreach (var f in state.Frontiers)
            cursors[f.Origin] = new OriginCursor(f.Origin, f.Position, f.Highest);
        foreach (var o in state.Owed)
            owed.Add(new OwedGap(o, 0) { Durable = true });
        foreach (var fork in state.Forks)
            Quarantine(fork);
        isFinal = e => IsFinal(e) && !AwaitsEffects(e);
        Finality = new LaneFinality([]);
        Anticipate(context.Configuration);
        BeginPast(state);
        BeginMembership(state);
        BeginEffects(state);
        BeginLocal(state);
        BeginFilters(state);
        BeginCompaction(state);
    }

    public int Lane { get; }
    public uint Epoch { get; }
    public ulong Head { get; private set; }
    public ulong OwnHead { get; private set; }
    public LaneFinality Finality { get; }
    public long EntityBytes { get; private set; }
    public int EntityCount => entities.Count;
    public int OwedCount => owed.Count;
    public int HeldCount { get; private set; }

    /// <summary>What is held changed since it was last reported.</summary>
    public bool ReportDue { get; set; } = true;

    public bool Fenced { get; private set; }

    public IEnumerable<OriginCursor> Cursors => cursors.Values;

    public IEnumerable<EntityReplica> Parked
        => entities.Values.Where(e => e.Ready && e.Fork is null && e.Unusable is not null);

    public OriginCursor Cursor(Origin origin)
    {
        if (!cursors.TryGetValue(origin, out var cursor))
            cursors[origin] = cursor = NewCursor(origin);
        return cursor;
    }

    /// <summary>What we can vouch for: the frontier, but never beyond an owed gap.</summary>
    public ulong Vouches(Origin origin) => WithoutGaps(origin, settled: false);

    /// <summary>What is here for good: what we vouch for, or all that is left of a life that is over.</summary>
    public ulong Holds(Origin origin) => WithoutGaps(origin, settled: true);

    private ulong WithoutGaps(Origin origin, bool settled)
    {
        if (origin.Equals(writer.Newest))
            return OwnHead;
        if (!cursors.TryGetValue(origin, out var cursor))
            return past.EndOf(origin); // nothing of it is owed
        var holds = settled ? Math.Max(cursor.Frontier, cursor.Settled) : cursor.Frontier;
        foreach (var gap in owed)
        {
            if (gap.Entry.Origin.Equals(origin))
                holds = Math.Min(holds, gap.Entry.Position - 1);
        }
        return holds;
    }

    /// <summary>The highest position of an origin of which anything is here, has arrived since the start, wherever it
    /// is now, or is owed.</summary>
    public ulong HighestOf(Origin origin)
    {
        if (origin.Equals(writer.Newest))
            return OwnHead;
        var highest = cursors.TryGetValue(origin, out var cursor) ? Math.Max(cursor.Highest, cursor.Arrived)
            : past.EndOf(origin);
        foreach (var gap in owed.Where(o => o.Entry.Origin.Equals(origin)))
            highest = Math.Max(highest, gap.HighestPosition);
        return highest;
    }

    public bool IsFinal(EventRecord e) => e.OriginPosition > 0
        && (e.OriginPosition <= Finality.Through(e.Origin) || context.ModeOf(e.Entity.Type).IsLocal)
        && !context.Primaries.IsUndecided(e)
        && IsWhole(e.Entity.Type) && !Finality.IsLacked(e);

    /// <remarks>What is reported does not depend on finality: a report must not cause a report.</remarks>
    public void UpdateFinality()
    {
        if (Finality.Update(Holds))
        {
            (isRipe, mayBeDecided) = (true, contested.Count > 0);
            context.Hit(Probe.FinalityAdvanced);
        }
        LookForCaughtUp();
    }

    /// <summary>The incarnation changed: the closed one's head becomes an ordinary frontier.</summary>
    public void IncarnationOpened(Origin? closed)
    {
        if (closed is not null)
        {
            Cursor(closed).Raise(OwnHead);
            EffectsOfClosedLife(closed);
            foreach (var type in filtered.Values)
                type.KeepOwn(closed, OwnHead);
        }
        OwnHead = 0;
        ReportDue = true;
        EntityRequest[] waiting = [.. waitingForWriter];
        waitingForWriter.Clear();
        foreach (var request in waiting)
            Ask(request);
    }

    /// <summary>Runs something on an entity as soon as it is in memory.</summary>
    private void WithEntity(EntityKey key, Action<EntityReplica> run)
    {
        var entity = InMemory(key);
        if (entity.IsReadable)
            run(entity);
        else
            entity.Defer(run);
    }

    // The entity, which is being read from the journal when it was not here. Just used.
    private EntityReplica InMemory(EntityKey key)
    {
        if (!entities.TryGetValue(key, out var entity))
        {
            entity = NewReplica(key, context.TypeOf(key.Type));
            entities.Add(key, entity);
            EntityBytes += 600;
            Load(key, history: false);
        }
        entity.LastUsedMilliseconds = context.Now.MonotonicMilliseconds;
        return entity;
    }

    public bool IsFull(EntityKey key)
        => entities.TryGetValue(key, out var entity)
            && entity.AskedCount >= context.Options.MaxMailbox;

    // One at a time for an entity: the late answer to a second one would show it as it was before rows that are durable
    // by now, and their numbers would be given again.
    private void Load(EntityKey key, bool history)
    {
        if (underWay is not null && loadAfterGroup.Contains(key))
            return; // it has rows under way that the journal does not show yet
        if (loading.Add(key))
            context.Emit(new LoadEntity(key, history));
    }

    public void Loaded(EntityImage image)
    {
        loading.Remove(image.Entity);
        failedLoads.Remove(image.Entity);
        Show(image);
    }

    private void Show(EntityImage image)
    {
        if (!entities.TryGetValue(image.Entity, out var entity) || entity.Ready)
            return;
        entity.NeedsHistory = false;
        if (!entity.Restore(image))
        {
            entities[image.Entity] = entity = Fresh(entity, _ => true);
            entity.NeedsHistory = true;
            Load(image.Entity, history: true);
            return;
        }
        EntityBytes += entity.Weight - 600;
        entity.TakeGrowth();
        if (entity.HeldCount > 0 || owed.Exists(o => o.Entry.Entity == entity.Key))
            Release(entity);
        TendSubject(entity);
        TendRegions(entity);
        if (!entity.IsPartial && entity.Fold.IsContested)
            LookForOverwritten(entity.Key);
        RunWaiting(entity);
        foreach (var run in entity.TakeMailbox())
            WithEntity(image.Entity, run); // one of them may find that the history is needed again
    }

    /// <summary>The journal could not be asked: what arrived waits, and the entity is asked for again.</summary>
    public void LoadFailed(EntityKey key, Failure failure)
    {
        loading.Remove(key);
        if (!entities.TryGetValue(key, out var entity) || entity.Ready)
            return;
        if (failedLoads.TryAdd(key, (context.Now.MonotonicMilliseconds, failure)))
            context.Alarm(AlarmKind.JournalFailed, $"Entity {key} could not be read: {failure.Message}");
        context.Hit(Probe.LoadRetried);
    }

    /// <summary>Asks again for what could not be read. When that does not help, the entity is damaged for a while:
    /// requests are refused instead of waiting, and the others' events of this lane go on.</summary>
    public void RetryLoads()
    {
        if (failedLoads.Count == 0)
            return;
        var patience = context.Options.UnreadableAfterMilliseconds;
        foreach (var (key, failed) in failedLoads.ToArray())
        {
            var since = context.Now.MonotonicMilliseconds - failed.SinceMilliseconds;
            if (!entities.TryGetValue(key, out var entity))
                failedLoads.Remove(key); // it was evicted
            else if (!entity.Ready && (since < patience || loading.Contains(key)))
                Load(key, entity.NeedsHistory);
            else if (!entity.Ready)
                Show(new EntityImage(key, null, [], []) { Damage = failed.Why, IsUnread = true });
            else if (since > 2 * patience)
                ReadAgain(entity);
        }
    }

    private void ReadAgain(EntityReplica entity)
    {
        failedLoads.Remove(entity.Key);
        entities[entity.Key] = Fresh(entity, _ => true);
        Load(entity.Key, history: false);
    }

    private EntityReplica NewReplica(EntityKey key, IEntityType type)
        => new(key, type, context.Probes, context.Primaries.Rules) { Fork = forked.GetValueOrDefault(key) };

    private EntityReplica Fresh(EntityReplica old, Func<HeldEvent, bool> keeps)
    {
        var fresh = NewReplica(old.Key, old.Type);
        fresh.WasToldToForget = old.WasToldToForget;
        foreach (var run in old.TakeMailbox())
            fresh.Defer(run);
        foreach (var request in old.Waiting)
            fresh.Wait(request);
        foreach (var entry in old.Held.Where(keeps))
            fresh.Hold(entry.Event, null, entry.SinceMilliseconds);
        return fresh;
    }

    /// <summary>Stores a note with the next group.</summary>
    /// <param name="durable">Called once it is durable; never when the group fails.</param>
    public void Keep(LaneNote note, Action durable)
    {
        if (Fenced)
            return; // it would wait for a group that is never handed over
        filling.Notes[note.Name] = note;
        filling.Noted.Add(durable);
    }

    /// <summary>Evicts idle entities, least recently used first, until the budget is kept; parked ones last, because
    /// what is not in memory is not shown to operators.</summary>
    public void Evict(long budgetBytes)
    {
        if (EntityBytes <= budgetBytes)
            return;
        EntityBytes = entities.Values.Sum(e => e.Ready ? e.Weight : 600);
        foreach (var entity in entities.Values.Where(e => e.IsIdle && !e.IsForgottenInMemoryAlone)
            .OrderBy(e => e.Unusable is not null).ThenBy(e => e.LastUsedMilliseconds).ToArray())
        {
            if (EntityBytes <= budgetBytes * 3 / 4)
                break;
            entities.Remove(entity.Key);
            EntityBytes -= entity.Weight;
            context.Hit(Probe.EntityEvicted);
        }
    }
}
