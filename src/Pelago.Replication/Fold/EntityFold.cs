using System.Collections.Immutable;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>The state of one entity as a fold of its events in the total order.</summary>
/// <remarks>
/// <para>The problem: events of several origins arrive in different orders, and every replica must end with the same
/// state. The idea: state is defined as the fold in <see cref="TotalOrder"/>, so that nobody needs to know what
/// commutes. A late event is inserted at its place and everything after it is folded again, from the nearest earlier
/// checkpoint.</para>
/// <para>The events form a final prefix, folded into the <em>base</em> and forgotten, and a <em>tail</em> kept in
/// order. Volatile checkpoints in the tail stand at exponentially growing distances from its end, so that k of them
/// serve a tail of 2^k events. A received batch is inserted first and folded once, when the state is next asked
/// for.</para>
/// <para>Types of replicated data (<see cref="MergeStrategy.Crdt"/>, <see cref="MergeStrategy.Custom"/>) need no
/// rewind: any order that respects causality gives the same state, so a late event is applied where it arrives. The
/// fold in the total order is one of these orders, and so base, snapshots and deduplication are the same for all
/// types.</para>
/// <para>Two batches with one idempotency key are one command: the first in the total order counts whole, the others
/// (within <see cref="EventLimits.IdempotencyWindowMilliseconds"/> of it) are kept and not folded. Rejected: merging
/// states (needs a merge function of the user for every type), and folding in arrival order with compensation (not
/// deterministic).</para>
/// </remarks>
public sealed partial class EntityFold
{
    private static readonly ImmutableDictionary<string, KeyOwner> NoKeys
        = ImmutableDictionary.Create<string, KeyOwner>(StringComparer.Ordinal);

    private readonly IEntityType type;
    private readonly string id;
    private readonly List<FoldEntry> tail = [];
    private List<Checkpoint>? checkpoints; // both are there when they are needed: most entities never do
    private List<FoldEntry>? conflicts;
    private ImmutableDictionary<string, KeyOwner> baseKeys = NoKeys;
    private ImmutableDictionary<string, KeyOwner> keys = NoKeys;
    private object baseState;
    private EventPlace? baseLast;
    private VersionVector baseVector = VersionVector.Empty;
    private object state;
    private VersionVector folded = VersionVector.Empty;
    private int foldedCount;
    private EventRecord[]? tailEvents;
    private int keptKeys;
    private readonly Failure? unborn;
    private Failure? parked;

    /// <summary>An entity without events.</summary>
    public EntityFold(IEntityType type, string id)
    {
        (this.type, this.id, NotesOverwritten) = (type, id, type.LastWriters.Count > 0);
        try
        {
            baseState = type.Initial(id) ?? throw new InvalidOperationException("The first state is null.");
        }
        catch (Exception error) // a user's function of an id that anybody may send: it concerns this entity alone
        {
            baseState = this;
            unborn = new Failure(ErrorCodes.EntityParked,
                $"Entity {new EntityKey(type.Name, id)} is parked: its first state failed with {error.GetType().Name}.",
                "Refuse such ids before the entity is asked, or deploy a build that takes them.");
        }
        state = baseState;
    }

    /// <summary>Events folded into the base.</summary>
    public ulong BaseCount { get; private set; }

    /// <summary>Place of the last event of the base; null when there is none.</summary>
    public EventPlace? BaseLast => baseLast;

    /// <summary>Events that are not in the base, in the total order.</summary>
    public IReadOnlyList<FoldEntry> Tail => tail;

    /// <summary>The events of <see cref="Tail"/> as a list that never changes: reads between two writes share
    /// one.</summary>
    public IReadOnlyList<EventRecord> TailEvents => tailEvents ??= [.. tail.Select(t => t.Event)];

    internal ProbeCounts? Probes { get; set; }

    /// <summary>Which events do not count because a primary wrote them that had been replaced; null for none.</summary>
    public PrimaryRules? Rules { get; set; }

    /// <summary>Why the fold cannot go on, or null. Set while folding.</summary>
    public Failure? Parked => unborn ?? parked;

    /// <summary>True when the fold holds an event that the given one's author had seen and that is not before it in
    /// time: its origin has broken the rule that the total order rests on.</summary>
    public bool HoldsLaterCauseOf(EventRecord e)
    {
        for (var i = tail.Count - 1; i >= 0 && tail[i].Event.Timestamp >= e.Timestamp; i--)
        {
            if (HasNamed(e, tail[i].Event.Origin, tail[i].Event.Sequence))
                return true;
        }
        return baseLast is { } last && last.Timestamp >= e.Timestamp && HasNamed(e, last.Origin, last.Sequence);
    }

    // A life that has left the vector may go on after all, in a copy of its journal: of that its author knew nothing.
    private static bool HasNamed(EventRecord e, Origin origin, ulong sequence)
        => e.Vector.Named(origin) >= sequence;

    /// <summary>Puts an event at its place. The fold happens when <see cref="State"/> is next asked for.</summary>
    /// <param name="e">An event not yet here and not <see cref="IsBeforeBase"/>.</param>
    /// <param name="payload">Its decoded payload, or null when unknown to this build (the entity is parked).</param>
    public void Insert(EventRecord e, object? payload)
    {
        var entry = new FoldEntry(e, payload);
        tailEvents = null;
        var at = PlaceOf(e);
        tail.Insert(at, entry);
        if (NotesOverwritten)
            LookForContest(e, at);
        if (at < foldedCount)
        {
            if (type.Strategy != MergeStrategy.Ordered && Rules?.IsOrphaned(e) != true && CanFoldOutOfOrder(e)
                && HasCausesInOrder(e, at))
                FoldOutOfOrder(entry);
            else
                RewindTo(at);
        }
    }

    // Usually the end; else by halves, because after a week's partition there are many before it.
    private int PlaceOf(EventRecord e)
    {
        var (first, end) = (tail.Count, tail.Count);
        if (end > 0 && TotalOrder.Instance.Compare(e, tail[^1].Event) < 0)
            first = 0;
        while (first < end)
        {
            var middle = (first + end) / 2;
            if (TotalOrder.Instance.Compare(e, tail[middle].Event) < 0)
                end = middle;
            else
                first = middle + 1;
        }
        return first;
    }

    /// <summary>Volatile checkpoints in the tail: about two for each doubling of its length.</summary>
    public int CheckpointCount => checkpoints?.Count ?? 0;

    /// <summary>The state after all events; folds what is not folded yet. Undefined while
    /// <see cref="Parked"/>.</summary>
    public object State
    {
        get
        {
            Advance();
            return state;
        }
    }

    /// <summary>Tries events of a new local command on the present state without keeping them.</summary>
    /// <returns>The refusal of the first event that the fold would refuse, or null.</returns>
    public string? RefusalOf(IReadOnlyList<EventRecord> events, IReadOnlyList<object> payloads)
    {
        Advance();
        var probe = state;
        for (var i = 0; i < events.Count; i++)
        {
            var result = type.Apply(probe, payloads[i], Context(events[i], concurrent: false));
            if (result.Refusal is not null)
                return result.Refusal;
            probe = result.State!;
        }
        return null;
    }

    /// <summary>The event of that name, if it is not in the base.</summary>
    public FoldEntry? Find(Origin origin, ulong sequence)
        => tail.Find(t => t.Event.Sequence == sequence && t.Event.Origin.Equals(origin));

    /// <summary>Entries found not to count since the last call, for the conflict ledger.</summary>
    public IReadOnlyList<FoldEntry> TakeConflicts()
    {
        var taken = conflicts;
        conflicts = null;
        return taken ?? (IReadOnlyList<FoldEntry>)[];
    }

    /// <summary>Which events do not count has changed: the state is made again from the first one that it
    /// concerns.</summary>
    internal void Reconsider()
    {
        var at = tail.FindIndex(0, foldedCount, t => t.Orphaned != Rules!.IsOrphaned(t.Event));
        if (at >= 0)
            RewindTo(at);
    }

    private void Advance()
    {
        while (foldedCount < tail.Count && Parked is null)
        {
            FoldNext(tail[foldedCount]);
            if (Parked is null && (foldedCount & 31) == 0)
                AddCheckpoint();
        }
    }

    private void FoldNext(FoldEntry entry)
    {
        var e = entry.Event;
        var verdict = entry.Refusal;
        entry.Orphaned = Rules is not null && Rules.IsOrphaned(e);
        var duplicate = false;
        if (!entry.Orphaned)
            keys = Claim(keys, e, out duplicate);
        entry.Deduplicated = duplicate;
        entry.Refusal = null;
        if (entry.Orphaned)
            Note(entry, verdict, Rules!.WhyOrphaned(e));
        else if (entry.Deduplicated)
            Note(entry, verdict, "another batch with the same idempotency key counts");
        else if (!TryApply(entry, IsConcurrent(e, folded), verdict, foldedCount))
            return;
        folded = folded.After(e.Vector, e.Origin, e.Sequence);
        foldedCount++;
    }

    private bool TryApply(FoldEntry entry, bool concurrent, string? before, int applied)
    {
        if (entry.Payload is null)
        {
            Park(entry.Event, $"this build does not know event '{entry.Event.PayloadName}' version "
                + $"{entry.Event.PayloadVersion}");
            return false;
        }
        try
        {
            var result = type.Apply(state, entry.Payload, Context(entry, concurrent, applied));
            if (result.Refusal is not null)
                Note(entry, before, result.Refusal);
            else
                state = result.State ?? throw new InvalidOperationException("The event handler returned null.");
            return true;
        }
        catch (Exception error) // whatever a user's handler throws concerns this entity alone
        {
            Park(entry.Event, $"its handler failed with {error.GetType().Name}");
            return false;
        }
    }

    private void Note(FoldEntry entry, string? before, string refusal)
    {
        entry.Refusal = refusal;
        if (before != refusal)
            (conflicts ??= []).Add(entry);
    }

    private void Park(EventRecord e, string why) => parked = new Failure(ErrorCodes.EntityParked,
        $"Entity {new EntityKey(type.Name, id)} is parked at event {e.Origin.Region}#{e.Sequence}: {why}.",
        "Deploy a build that handles it; the events are kept.");

    // An author takes lives for seen whole that were over. One may go on after all, in a copy of its journal, and then
    // order does matter: it is the total order.
    private bool HasCausesInOrder(EventRecord e, int at)
    {
        for (var i = at + 1; i < tail.Count; i++)
        {
            var later = tail[i].Event;
            if (e.Vector[later.Origin] >= later.Sequence || later.Vector[e.Origin] >= e.Sequence)
                return false;
        }
        return true;
    }

    private void FoldOutOfOrder(FoldEntry entry)
    {
        checkpoints = null;
        keys = Claim(keys, entry.Event, out _);
        if (TryApply(entry, IsConcurrent(entry.Event, folded), before: null, foldedCount + 1))
        {
            folded = folded.With(entry.Event.Origin, entry.Event.Sequence);
            foldedCount++;
        }
    }

    private void RewindTo(int at)
    {
        var before = foldedCount;
        Probes?.Hit(Probe.Rewound);
        if (checkpoints?.RemoveAll(c => c.Count > at) > 0)
            Probes?.Hit(Probe.RewoundOverCheckpoint);
        if (checkpoints is [.., var nearest])
            (state, folded, keys, foldedCount) = (nearest.State, nearest.Folded, nearest.Keys, nearest.Count);
        else
            (state, folded, keys, foldedCount) = (baseState, baseVector, baseKeys, 0);
        Probes?.Hit(Probe.FoldedAgain, before - foldedCount);
        parked = null;
    }

    private void AddCheckpoint()
    {
        (checkpoints ??= []).Add(new Checkpoint(foldedCount, state, folded, keys));
        // Thin: of two checkpoints in the same power-of-two distance from the end only the older one stays.
        for (var i = checkpoints.Count - 2; i > 0; i--)
        {
            if (Distance(i) == Distance(i - 1))
                checkpoints.RemoveAt(i);
        }

        int Distance(int i) => int.Log2((foldedCount - checkpoints[i].Count) / 32 + 1);
    }

    // Concurrent to something that the fold has before it: the author had not seen all of it.
    private bool IsConcurrent(EventRecord e, VersionVector before)
    {
        if (type.Strategy == MergeStrategy.Crdt)
            return false; // would depend on the order of arrival
        foreach (ref readonly var slot in before.Slots)
        {
            if (e.Vector[slot.Origin] < slot.Count)
                return true;
        }
        return false;
    }

    private EventContext Context(EventRecord e, bool concurrent)
        => new(id, e.Origin, e.Sequence, e.Timestamp, e.Vector, e.BatchIndex, concurrent);

    // Of the first entries of the tail, which are applied already, those concurrent to this one.
    private EventContext Context(FoldEntry entry, bool concurrent, int applied)
    {
        var context = Context(entry.Event, concurrent);
        if (!concurrent || type.Strategy != MergeStrategy.Custom)
            return context;
        return context with { ConcurrentWith = ConcurrentBefore(entry, applied) };
    }

    // Apart, because what its lambda captures would cost an allocation for every event of every type.
    private Dot[] ConcurrentBefore(FoldEntry entry, int applied) => [.. tail.Take(applied)
        .Where(t => t != entry && t.Refusal is null && EventRecord.Concurrent(t.Event, entry.Event))
        .Select(t => new Dot(t.Event.Origin, t.Event.Sequence))];

    private readonly record struct Checkpoint(
        int Count, object State, VersionVector Folded, ImmutableDictionary<string, KeyOwner> Keys);
}
