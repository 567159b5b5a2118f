using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>An entity with a filter of its own. A placeholder counts as seen and not as held: it is a row, the vector
/// moves, and causes and numbers stay what they are everywhere; but nothing can be folded any more, so nothing is,
/// from the first placeholder until the last is filled, or given up, which a second row of the same placeholder says.
/// Then the entity is read again from its first event.</remarks>
internal sealed partial class EntityReplica
{
    private EntityRegions? regions;

    /// <summary>Which regions the entity is for; null while it never had a filter.</summary>
    public EntityFilter? Regions => regions?.Rule is { Epoch: > 0 } rule ? rule : null;

    /// <summary>All that is known of it, for a snapshot; null while it never had a filter.</summary>
    public EntityRegions? RegionsKnown => regions;

    /// <summary>Of some of its events only placeholders are here: it has no state.</summary>
    public bool IsPartial => regions is { IsPartial: true };

    /// <summary>It was read again after its placeholders were filled.</summary>
    public bool WasFilled { get; private set; }

    /// <summary>Runs of events that are missing.</summary>
    public IEnumerable<EventRun> Lacking => regions?.Lacking ?? [];

    /// <summary>The entity is for the region, as far as is known here.</summary>
    public bool IsFor(string region) => Regions?.Admits(region) != false;

    /// <summary>Only a placeholder of the event is here.</summary>
    public bool Lacks(EventRecord e) => regions?.Lacks(e.Origin, e.Sequence) == true;

    /// <summary>Takes the row of an event of which a placeholder was here.</summary>
    public void Fill(EventRecord e)
    {
        regions!.Fill(e.Origin, e.Sequence);
        (Count, LastRow) = (Count + 1, LastRow + 1);
    }

    /// <summary>Takes the second row of a placeholder: nobody has what it stands for.</summary>
    public void GiveUp(EventRecord e)
    {
        regions!.GiveUp(e.Origin, e.Sequence);
        LastRow++;
    }

    // False when it is not folded now.
    private bool TakeRegions(EventRecord e)
    {
        regions ??= new EntityRegions();
        regions.Note(e);
        if (!e.IsWithheld)
            return !IsPartial;
        regions.Withhold(e.Origin, e.Sequence);
        Count--;
        return false;
    }

    private bool HasPlaceholders(EntityImage image)
        => IsPartial || image.Rows.Any(r => r.Event.IsWithheld || Lacks(r.Event));

    // What fills placeholders comes late in the journal and early in the total order, which no cause is after: so once
    // nothing is missing, all rows are folded in that.
    private bool RestorePartial(EntityImage image)
    {
        foreach (var e in image.Rows.Select(r => r.Event))
        {
            if (e.Sequence <= Compacted[e.Origin])
                LastRow++;
            else if (Lacks(e))
                TakeAgain(e);
            else
                See(e);
        }
        if (IsPartial)
            return true;
        if (image.Snapshot is not null)
            return false; // it may be of when something was missing
        WasFilled = true;
        foreach (var e in EntityRegions.EventsOf(image).Where(e => e.Sequence > Compacted[e.Origin] && !e.IsWithheld)
            .Order(TotalOrder.Instance))
        {
            if (!PutIntoFold(e, payload: null))
                return false;
        }
        return true;
    }

    private void TakeAgain(EventRecord e)
    {
        if (e.IsWithheld)
            GiveUp(e);
        else
            Fill(e);
    }
}
