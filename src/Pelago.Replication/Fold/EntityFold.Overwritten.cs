using Pelago.Model;

namespace Pelago.Replication;

// Writes to last-writer-wins values that were overwritten unseen: found as the base advances.
public sealed partial class EntityFold
{
    private OpenWrites? openWrites;
    private List<OverwrittenWrite>? overwritten;
    private bool contested;

    /// <summary>The type has last-writer-wins values.</summary>
    public bool NotesOverwritten { get; }

    /// <summary>Something in the fold may turn out to have been overwritten unseen: its events are no chain in which
    /// each author had seen the event before.</summary>
    public bool IsContested => contested || openWrites is not null;

    /// <summary>Writes found to be overwritten since the last call, for the conflict ledger.</summary>
    public IReadOnlyList<OverwrittenWrite> TakeOverwritten()
    {
        var taken = overwritten;
        overwritten = null;
        return taken ?? (IReadOnlyList<OverwrittenWrite>)[];
    }

    /// <summary>True when the event is concurrent to something in the base, which takes an author or a membership that
    /// went behind what was final: what of it was overwritten can be told from the whole history alone.</summary>
    public bool IsBesideBase(EventRecord e) => NotesOverwritten && !HasSeenBase(e);

    // Neighbours are enough: who has seen the one before, has seen what that one's author had seen.
    private void LookForContest(EventRecord e, int at) => contested = contested || !HasSeenBefore(e, at)
        || (at + 1 < tail.Count && !HasSeenBefore(tail[at + 1].Event, at + 1));

    private bool HasSeenBefore(EventRecord e, int at)
    {
        return at > 0 ? e.Vector[tail[at - 1].Event.Origin] >= tail[at - 1].Event.Sequence : HasSeenBase(e);
    }

    private bool HasSeenBase(EventRecord e)
    {
        foreach (ref readonly var slot in baseVector.Slots)
        {
            if (e.Vector[slot.Origin] < slot.Count)
                return false;
        }
        return true;
    }

    private void NoteWrites(object after, EventRecord e)
    {
        var stamp = new Stamp(e.Timestamp, e.Origin.Region, e.Origin.Incarnation);
        foreach (var value in type.LastWriters)
        {
            if (value.At(after) == stamp) // in the total order the last one always holds the value
                (openWrites ??= new OpenWrites()).Write(value.Name, e);
        }
    }

    private void SettleWrites()
    {
        contested = false;
        for (var i = 0; i < tail.Count && !contested; i++)
            contested = !HasSeenBefore(tail[i].Event, i);
        if (openWrites is null)
            return;
        if (openWrites.Settle(Horizon.Through(SeenByTheTail())) is { Count: > 0 } found)
            (overwritten ??= []).AddRange(found);
        if (openWrites.IsEmpty)
            openWrites = null;
    }
}
