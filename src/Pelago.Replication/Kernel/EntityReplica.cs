using Pelago.Model;

namespace Pelago.Replication;

/// <summary>One entity in memory: what has been seen, the fold, what is held back, and who waits.</summary>
/// <remarks>Seen, count and fold run ahead of the journal by <see cref="Pending"/> rows; nothing leaves the instance
/// before the rows it depends on are durable.</remarks>
internal sealed partial class EntityReplica(
    EntityKey key, IEntityType type, ProbeCounts probes, PrimaryRules? rules)
{
    // Made when they are needed: of a hundred thousand entities in memory hardly one needs any of them.
    private SortedDictionary<(Origin Origin, ulong Sequence), HeldEvent>? held;
    private Queue<Action<EntityReplica>>? mailbox;
    private List<EntityRequest>? waiting;
    private KeptReplies? replies;
    private bool announced;

    public EntityKey Key { get; } = key;
    public IEntityType Type { get; } = type;
    public bool Ready { get; private set; }
    public VersionVector Seen { get; private set; } = VersionVector.Empty;
    public HybridTimestamp Highest { get; private set; }
    /// <summary>Events that are known, those of which a checkpoint alone is left included.</summary>
    public ulong Count { get; private set; }

    /// <summary>Local sequence of the last row.</summary>
    public ulong LastRow { get; private set; }

    /// <summary>Of each region the last life of which, and of those before it, nothing can come any more, as far as
    /// events say: an author knew it.</summary>
    public IReadOnlyList<Origin> Retired { get; private set; } = [];
    public EntityFold Fold { get; private set; } = new(type, key.Id)
    {
        Probes = probes, Rules = rules,
    };

    public ulong SnapshotCount { get; set; }
    public Failure? Damage { get; private set; }

    /// <summary>Rows and replies without rows that are not yet durable.</summary>
    public int Pending { get; set; }

    /// <summary>The newest group that has rows of this entity.</summary>
    public PendingGroup? NewestGroup { get; set; }

    /// <summary>The fold lacks an event that comes before its base: it has to be read again from the first
    /// event.</summary>
    public bool NeedsHistory { get; set; }

    /// <summary>False while it is being read from the journal: what is asked of it waits in its mailbox.</summary>
    public bool IsReadable => Ready && !NeedsHistory;

    public KeptReplies Replies => replies ??= new KeptReplies();

    public long LastUsedMilliseconds { get; set; }

    public int HeldCount => held?.Count ?? 0;

    public IEnumerable<HeldEvent> Held => held is null ? [] : held.Values;

    /// <summary>What waits for the entity to be loaded, or for a condition.</summary>
    public int AskedCount => (mailbox?.Count ?? 0) + (waiting?.Count ?? 0);

    public bool IsIdle => Ready && Pending == 0 && HeldCount == 0 && AskedCount == 0;

    /// <summary>A row could not be opened, so nobody knows what has been seen: nothing is appended.</summary>
    public bool IsBlind { get; private set; }

    /// <summary>Why it is quarantined, or null. It goes on taking events.</summary>
    public Failure? Fork { get; set; }

    public Failure? Unusable => Damage ?? Fork ?? Fold.Parked;

    /// <summary>Keeps what arrived while the entity is being loaded, in order.</summary>
    public void Defer(Action<EntityReplica> run) => (mailbox ??= new()).Enqueue(run);

    /// <summary>Takes out what arrived while the entity was being loaded.</summary>
    public IReadOnlyCollection<Action<EntityReplica>> TakeMailbox()
    {
        var arrived = mailbox;
        mailbox = null;
        return arrived ?? (IReadOnlyCollection<Action<EntityReplica>>)[];
    }

    /// <summary>Requests whose condition is not yet met, as they are now.</summary>
    public IReadOnlyList<EntityRequest> Waiting => waiting is null ? [] : [.. waiting];

    public bool HasWaiting => waiting is not null;

    /// <summary>Keeps a request whose condition is not yet met.</summary>
    public void Wait(EntityRequest request) => (waiting ??= []).Add(request);

    public void StopWaiting(EntityRequest request)
    {
        if (waiting is not null && waiting.Remove(request) && waiting.Count == 0)
            waiting = null;
    }

    /// <summary>True the first time: a parked entity is announced once.</summary>
    public bool Announce() => !announced && (announced = true);

    /// <summary>Restores from the journal. False when the snapshot cannot be used and the history is needed.</summary>
    public bool Restore(EntityImage image)
    {
        Damage = image.Damage;
        (IsBlind, IsUnread) = (image.Damage is not null, image.IsUnread);
        if (image.Checkpoint is { } checkpoint && !Restore(checkpoint, isBase: image.Snapshot is null))
            return true;
        if (image.Snapshot is { } snapshot)
        {
            if (SnapshotCodec.Read(Type, Key, snapshot.Content.Span) is not { } content)
                return false;
            try
            {
                Fold = EntityFold.Restore(Type, Key.Id, content.Base);
                (Fold.Probes, Fold.Rules) = (probes, rules);
                probes.Hit(Probe.SnapshotRestored);
            }
            catch (Exception) // a user's serializer cannot read its own state: it is folded from the events
            {
                return false;
            }
            (Seen, Highest) = (content.Seen, content.Highest);
            Count = content.Base.Count + (ulong)content.Tail.Count; // what is seen may name events that were lost
            (LastRow, SnapshotCount) = (snapshot.LocalSequence, snapshot.LocalSequence);
            (Retired, regions) = (content.Retired, content.Regions);
            NoteSerialized(snapshot.Content.Length);
            foreach (var e in content.Tail)
                Fold.Insert(e, Decode(e));
        }
        if (!(HasPlaceholders(image) ? RestorePartial(image) : Take(image.Rows)))
            return false;
        foreach (var reply in image.Replies.OrderBy(r => r.AtMilliseconds))
            Replies.Add(reply);
        foreach (var key in image.SubjectKeys)
            Keys[key.Id] = key;
        Ready = true;
        return true;
    }

    private bool Take(IReadOnlyList<EventRow> rows)
    {
        foreach (var row in rows)
        {
            if (row.Event.Sequence <= Compacted[row.Event.Origin])
                LastRow++; // it is in the checkpoint, and is to be removed
            else if (!Admit(row.Event))
                return false;
        }
        return true;
    }

    /// <summary>Takes an event whose causes are all here. False when it comes before the fold's base.</summary>
    public bool Admit(EventRecord e, object? payload = null) => !See(e) || PutIntoFold(e, payload);

    // False when it is not folded now.
    private bool See(EventRecord e)
    {
        CheckTimestamp(e);
        Seen = Seen.After(e.Vector, e.Origin, e.Sequence);
        if (!ReferenceEquals(Seen, e.Vector) && !Seen.Covers(e.Vector))
            Seen = Seen.Union(e.Vector); // it was taken over a gap: what it waited for is lost
        Highest = e.Timestamp > Highest ? e.Timestamp : Highest;
        WeighEvent(e);
        (Count, LastRow) = (Count + 1, LastRow + 1);
        foreach (var lives in e.Vector.Retired)
        {
            if (!IsRetired(lives.Last))
                Retired = [.. Retired.Where(r => r.Region != lives.Last.Region), lives.Last];
        }
        return (e.Regions is null && !IsPartial) || TakeRegions(e);
    }

    private bool PutIntoFold(EventRecord e, object? payload)
    {
        if (Fold.IsBeforeBase(e) || (!RestsOnCheckpoint && Fold.IsBesideBase(e)))
        {
            NeedsHistory = !RestsOnCheckpoint;
            return RestsOnCheckpoint && TakeBeforeCheckpoint(e);
        }
        Fold.Insert(e, payload ?? Decode(e));
        return true;
    }

    /// <summary>True when events say that nothing can come of a life any more.</summary>
    public bool IsRetired(Origin origin) => Retired.Any(r => new VersionVector.RetiredLives(r, 0).Include(origin));

    public Verdict Judge(EventRecord e)
    {
        if (e.Sequence <= Seen[e.Origin])
            return Verdict.Duplicate;
        if (e.Sequence > Seen[e.Origin] + 1)
            return Verdict.Hold;
        foreach (ref readonly var slot in e.Vector.Slots)
        {
            if (!slot.Origin.Equals(e.Origin) && Seen[slot.Origin] < slot.Count)
                return Verdict.Hold;
        }
        foreach (ref readonly var lives in e.Vector.Retired)
        {
            if (!Seen.Covers(lives))
                return Verdict.Hold; // this replica was set back to before it had told that it has them
        }
        return Verdict.Append;
    }

    /// <summary>Holds an event back; a second copy only adds who waits for it.</summary>
    public HeldEvent Hold(EventRecord e, InboundFrame? inbound, long nowMilliseconds)
    {
        held ??= new SortedDictionary<(Origin Origin, ulong Sequence), HeldEvent>();
        if (!held.TryGetValue((e.Origin, e.Sequence), out var entry))
            held.Add((e.Origin, e.Sequence), entry = new HeldEvent(e, nowMilliseconds));
        if (inbound is not null)
            entry.Inbound.Add(inbound);
        return entry;
    }

    public void Drop(HeldEvent entry) => held!.Remove((entry.Event.Origin, entry.Event.Sequence));

    /// <summary>The next batch whose causes are all here and whose events have all arrived; removed from what is
    /// held.</summary>
    public List<HeldEvent>? Release()
    {
        if (held is null || held.Count == 0)
            return null;
        foreach (var entry in held.Values)
        {
            var e = entry.Event;
            if (Judge(e) == Verdict.Duplicate)
                return Take([entry]);
            if (Judge(e) != Verdict.Append)
                continue;
            if (BatchFrom(entry) is { } batch)
                return Take(batch);
        }
        return null;

        List<HeldEvent> Take(List<HeldEvent> batch)
        {
            foreach (var entry in batch)
                Drop(entry);
            return batch;
        }
    }

    /// <summary>The batch that begins with this held event, when all of it is held back; else null.</summary>
    public List<HeldEvent>? WholeBatch(HeldEvent first)
        => held is not null && held.ContainsKey((first.Event.Origin, first.Event.Sequence)) ? BatchFrom(first) : null;

    /// <summary>The batch with which an origin's events go on, when all of it is held back; else null.</summary>
    public List<HeldEvent>? NextBatchOf(Origin origin)
        => held is not null && held.TryGetValue((origin, Seen[origin] + 1), out var first) ? BatchFrom(first) : null;

    // From the event to the end of its batch, or null when some of it is not here.
    private List<HeldEvent>? BatchFrom(HeldEvent first)
    {
        var (e, batch) = (first.Event, new List<HeldEvent> { first });
        for (var i = e.BatchIndex + 1; i < e.BatchLength; i++)
        {
            if (!held!.TryGetValue((e.Origin, e.Sequence + (ulong)(i - e.BatchIndex)), out var next))
                return null;
            batch.Add(next);
        }
        return batch;
    }

    /// <summary>Forgets replies whose keys the fold has forgotten.</summary>
    public IReadOnlyList<ForgottenReply> ForgetReplies() => replies is not { AreManyUnlooked: true } ? []
        : [.. replies.ForgetUnowned(key => Fold.OwnerOf(key) is not null).Select(k => new ForgottenReply(Key, k))];

    /// <summary>True when a command with this key was answered before: an event carries the key, or a reply without
    /// events is remembered.</summary>
    public bool WasAnswered(string key, long nowMilliseconds)
        => Fold.OwnerOf(key) is not null || Replies.HasEventless(key, nowMilliseconds);

    public EntityView View(ISealing? sealing = null)
        => new(IsShownForgotten ? Forgotten : Fold.State, Seen, Count, Highest, Fold.TailEvents) { Sealing = sealing };

    private object? Decode(EventRecord e)
    {
        try
        {
            return Type.Decode(e.PayloadName, e.PayloadVersion, e.Payload.Span);
        }
        catch (Exception) // a user's serializer: whatever it throws parks this entity alone, through the null
        {
            return null;
        }
    }

    // An author stamps above every event it has seen; one that does not would be folded before its causes.
    private void CheckTimestamp(EventRecord e)
    {
        if (!Fold.HoldsLaterCauseOf(e))
            return;
        Damage = new Failure(ErrorCodes.EntityParked,
            $"Entity {Key} is parked: event {e.Origin.Region}#{e.Sequence} is stamped before what its author had seen.",
            "Its origin runs a faulty build; the event is kept.");
    }
}

/// <summary>What to do with a received event.</summary>
internal enum Verdict
{
    Append,
    Duplicate,
    Hold,
}

/// <summary>An event that waits for its causes, or for the rest of its batch.</summary>
internal sealed class HeldEvent(EventRecord e, long sinceMilliseconds)
{
    public EventRecord Event { get; } = e;
    public long SinceMilliseconds { get; } = sinceMilliseconds;

    /// <summary>Frames that are not resolved before this event is durable or owed.</summary>
    public List<InboundFrame> Inbound { get; } = [];
}
