using Pelago.Model;

namespace Pelago.Replication;

// The base: the final prefix of the fold, which is all that is kept of those events.
public sealed partial class EntityFold
{
    private const int SettleEvery = 64;

    private VersionVector settled = VersionVector.Empty;
    private int unsettled;

    /// <summary>The last event of the base is a deletion: an event that comes before it changes nothing.</summary>
    public bool IsBaseDeleted { get; private set; }

    /// <summary>The last event of all is a deletion.</summary>
    public bool EndsWithDeletion
        => tail.Count == 0 ? IsBaseDeleted : IsDeletion(tail[^1]);

    // One that does not count, orphaned, refused, or there a second time under its key, leaves the state as it was.
    private static bool IsDeletion(FoldEntry entry)
        => entry.Event.PayloadName == Deletion.PayloadName && !entry.Orphaned && entry.Refusal is null;

    /// <summary>Restores a base from a snapshot or a checkpoint.</summary>
    /// <param name="stateVersion">Schema version of the state in it; null for the type's own.</param>
    /// <exception cref="InvalidOperationException">The type cannot read a state of that version.</exception>
    public static EntityFold Restore(IEntityType type, string id, FoldedPrefix snapshot, int? stateVersion = null)
    {
        var fold = new EntityFold(type, id) { BaseCount = snapshot.Count, IsBaseDeleted = snapshot.IsDeleted };
        if (snapshot.Count > 0)
        {
            fold.baseState = fold.state = type.ReadState(stateVersion ?? type.StateVersion, snapshot.State.Span)
                ?? throw new InvalidOperationException($"State version {stateVersion} cannot be read.");
        }
        fold.baseLast = snapshot.Last;
        fold.baseVector = fold.folded = snapshot.Vector;
        fold.settled = snapshot.Settled;
        fold.openWrites = fold.NotesOverwritten ? OpenWrites.From(snapshot.Open) : null;
        fold.baseKeys = fold.keys = NoKeys.AddRange(snapshot.Keys);
        return fold;
    }

    /// <summary>The base as a snapshot stores it.</summary>
    public FoldedPrefix ToBase()
    {
        Settle();
        return new(BaseCount, BaseCount == 0 ? default : type.EncodeState(baseState), baseLast, baseVector, settled,
            [.. baseKeys.OrderBy(k => k.Key, StringComparer.Ordinal)]) 
            {
                IsDeleted = IsBaseDeleted, Open = openWrites?.ToList() ?? [],
            };
    }

    /// <summary>True when the base cannot take the event, and the history must be read again: it comes before the end
    /// of the base, or has not seen what the base is settled through. Either takes an author who was set back behind
    /// its own reports.</summary>
    public bool IsBeforeBase(EventRecord e)
    {
        if (baseLast is { } last && EventPlace.Of(e).CompareTo(last) < 0)
            return true;
        foreach (ref readonly var slot in settled.Slots)
        {
            if (SeenBeforeBatch(e, slot.Origin) < slot.Count)
                return true;
        }
        return false;
    }

    /// <summary>Takes an event that comes before the base, which ends with a deletion: of it nothing is left but its
    /// key.</summary>
    public void TakeBeforeDeletion(EventRecord e)
    {
        if (e.IdempotencyKey.Length > 0 && !baseKeys.ContainsKey(e.IdempotencyKey))
        {
            baseKeys = Claim(baseKeys, e, out _);
            RewindTo(0);
        }
        baseVector = baseVector.After(e.Vector, e.Origin, e.Sequence);
        folded = folded.After(e.Vector, e.Origin, e.Sequence);
        BaseCount++;
    }

    /// <summary>Moves events from the tail into the base, as long as the next one in the total order is
    /// final.</summary>
    /// <returns>How many were moved.</returns>
    public int AdvanceBase(Func<EventRecord, bool> isFinal)
    {
        var count = 0;
        while (count < tail.Count && isFinal(tail[count].Event))
            count++;
        if (count == 0)
            return 0;
        Advance();
        if (Parked is not null)
            return 0;
        var wasContested = IsContested;
        if (count == tail.Count && !wasContested)
            (baseState, baseVector, baseKeys) = (state, folded, keys); // the fold of all is already known
        else if (!FoldIntoBase(count))
            return 0;
        baseLast = EventPlace.Of(tail[count - 1].Event);
        IsBaseDeleted = IsDeletion(tail[count - 1]);
        ForgetOldKeys();
        BaseCount += (ulong)count;
        tail.RemoveRange(0, count);
        tailEvents = null;
        if (wasContested)
            SettleWrites();
        Probes?.Hit(Probe.BaseAdvanced);
        if (tail.Count == 0)
            keys = baseKeys; // without those that were forgotten
        foldedCount -= count;
        checkpoints?.RemoveAll(c => c.Count <= count);
        for (var i = 0; i < checkpoints?.Count; i++)
            checkpoints[i] = checkpoints[i] with { Count = checkpoints[i].Count - count };
        unsettled += count;
        if (unsettled >= SettleEvery)
            Settle();
        return count;
    }

    private bool FoldIntoBase(int count)
    {
        var (next, vector, owners) = (baseState, baseVector, baseKeys);
        for (var i = 0; i < count; i++)
        {
            var entry = tail[i];
            if (!entry.Orphaned)
                owners = Claim(owners, entry.Event, out _);
            try
            {
                if (entry.Refusal is null)
                {
                    next = Step(next, vector, entry, i);
                    if (IsContested)
                        NoteWrites(next, entry.Event);
                }
            }
            catch (Exception error) // it did not fail before: it depends on more than its arguments
            {
                Park(entry.Event, $"its handler failed with {error.GetType().Name}");
                return false;
            }
            vector = vector.After(entry.Event.Vector, entry.Event.Origin, entry.Event.Sequence);
        }
        (baseState, baseVector, baseKeys) = (next, vector, owners);
        return true;
    }

    private object Step(object before, VersionVector vector, FoldEntry entry, int applied)
        => type.Apply(before, entry.Payload!, Context(entry, IsConcurrent(entry.Event, vector), applied)).State
            ?? before;

    // What is final and in the base, every event that is not in the base has seen, if what is in the tail has: whatever
    // is still to come has seen it because it is final. So the data types may drop what they keep for concurrent
    // events. Done now and then, because it costs time in proportion to the state.
    private void Settle()
    {
        if (!type.Settles || unsettled == 0 || Parked is not null)
            return;
        unsettled = 0;
        var horizon = SeenByTheTail();
        if (horizon.Equals(settled))
            return;
        try
        {
            var (wasBase, next) = (baseState, type.Settle(baseState, Horizon.Through(horizon)));
            state = ReferenceEquals(state, wasBase) ? next : type.Settle(state, Horizon.Through(horizon));
            (baseState, settled) = (next, horizon);
        }
        catch (Exception error) // a user's function: it concerns this entity alone
        {
            parked = new Failure(ErrorCodes.EntityParked,
                $"Entity {new EntityKey(type.Name, id)} is parked: its state could not be settled "
                + $"({error.GetType().Name}).",
                "Deploy a build that settles it; the events are kept.");
        }
    }

    private VersionVector SeenByTheTail()
    {
        var slots = baseVector.Slots.ToArray();
        foreach (var entry in tail)
        {
            for (var i = 0; i < slots.Length; i++)
            {
                var (origin, count) = slots[i];
                slots[i] = new VersionVector.Slot(origin, Math.Min(count, SeenBeforeBatch(entry.Event, origin)));
            }
        }
        return VersionVector.From(slots);
    }

    // What the author had seen when it gave the command: events of one command may refer to each other.
    private static ulong SeenBeforeBatch(EventRecord e, Origin origin)
        => origin.Equals(e.Origin) ? BatchId.Of(e).FirstSequence - 1 : e.Vector[origin];
}
