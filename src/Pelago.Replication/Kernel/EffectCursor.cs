using Pelago.Model;

namespace Pelago.Replication;

/// <summary>How far the effects of one own incarnation's events in one lane are done.</summary>
/// <param name="isOrdered">Its rows lie in the lane in the order of their positions: this process writes it. Rows of a
/// life that is over may have come back from peers in any order; they are looked at all together.</param>
internal sealed class EffectCursor(Origin origin, ulong mark, ulong? stored, bool isOrdered)
{
    private readonly ulong start = mark;
    private ulong looked = mark;
    private ulong until;

    public Origin Origin { get; } = origin;

    public bool IsOrdered { get; } = isOrdered;

    /// <summary>Through here, at the origin, the effects are done.</summary>
    public ulong Mark { get; private set; } = mark;

    /// <summary>What the journal knows of that; null when it knows nothing of this incarnation.</summary>
    public ulong? Stored { get; set; } = stored;

    /// <summary>Through here, at the origin, events are final and being looked at; 0 when none are.</summary>
    public ulong Target { get; private set; }

    /// <summary>Rows after this place in the lane have not been looked at.</summary>
    public ulong Looked => looked;

    /// <summary>A page of rows is being read.</summary>
    public bool IsReading { get; set; }

    /// <summary>Some rows cannot be opened, and what is beyond them waits for a process that can.</summary>
    public bool IsBlocked { get; set; }

    /// <summary>Events whose effects are to run or run, by position.</summary>
    public SortedDictionary<ulong, OpenEffect> Open { get; } = [];

    public bool IsDue => Stored != Mark;

    public bool IsWhole => looked >= until;

    /// <summary>Looks at what is final by now.</summary>
    /// <param name="final">The position at the origin through which events are.</param>
    /// <param name="head">The lane's head.</param>
    public void Aim(ulong final, ulong head)
    {
        // Rows of its own life stand at their own positions; others anywhere after what was here at the mark.
        (Target, until) = (final, IsOrdered ? final : head);
        if (!IsOrdered)
            looked = start;
    }

    /// <summary>Takes a page: those events that have effects, as far as they are final.</summary>
    public void Take(LanePage page, Func<EventRecord, bool> hasEffects)
    {
        IsReading = false;
        foreach (var (position, row) in page.Rows)
        {
            var e = row.Event;
            if (e.OriginPosition > Target && IsOrdered)
            {
                looked = Math.Max(looked, Target); // whatever a peer reported: no row of it is below
                return;
            }
            looked = position;
            if (e.OriginPosition > Mark && e.OriginPosition <= Target && hasEffects(e))
                Open.TryAdd(e.OriginPosition, new OpenEffect(e));
        }
        looked = Math.Max(looked, page.Through);
    }

    /// <summary>Moves the mark over what is done.</summary>
    public void Advance()
    {
        if (Target == 0)
            return;
        if (Open.Count == 0 && IsWhole)
            (Mark, Target) = (Math.Max(Mark, Target), 0);
        else if (IsOrdered)
            Mark = Math.Max(Mark, Open.Count > 0 ? Open.Keys.First() - 1 : Math.Min(looked, Target));
    }
}

/// <summary>An event whose effects are not done.</summary>
internal sealed class OpenEffect(EventRecord e)
{
    public EventRecord Event { get; } = e;
    public bool IsRunning { get; set; }
    public long NotBeforeMilliseconds { get; set; }
}
