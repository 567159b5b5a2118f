using Pelago.Model;

namespace Pelago.Replication;

/// <summary>A frame of events under way to the journal. It is resolved when each of its events is durable, a duplicate
/// of a durable one, or durably owed.</summary>
internal sealed class InboundFrame(long link, int bytes, int remaining, ulong through)
{
    public long Link { get; } = link;
    public int Bytes { get; } = bytes;
    public int Remaining { get; set; } = remaining;
    public ulong Through { get; } = through;
    public OriginCursor? Cursor { get; init; }

    /// <summary>Set for the last answer to a fetch: the gap that it closes.</summary>
    public OwedGap? Closes { get; init; }

    /// <summary>The round of fetching that it ends.</summary>
    public int Round { get; init; }

    /// <summary>Told once all of it is resolved; null when nobody wants to know.</summary>
    public Action? Settled { get; init; }
}

/// <summary>How far one origin's events of one lane have been consumed.</summary>
internal sealed class OriginCursor(Origin origin, ulong frontier, ulong highest)
{
    private ulong stored = frontier;

    public Origin Origin { get; } = origin;

    /// <summary>Every event through here is durable or durably owed.</summary>
    public ulong Frontier { get; private set; } = frontier;

    /// <summary>Highest position of any event that is here.</summary>
    public ulong Highest { get; set; } = Math.Max(frontier, highest);

    /// <summary>Highest position of any durable event: what a failed group took back does not count.</summary>
    public ulong HighestDurable { get; set; } = Math.Max(frontier, highest);

    /// <summary>Where a new subscription begins: what has arrived, resolved or not, is not asked for again.</summary>
    public ulong Received { get; set; } = frontier;

    /// <summary>Highest position that arrived since the start, whatever became of it.</summary>
    public ulong Arrived { get; set; } = frontier;

    /// <summary>Through here the origin's region waits for our report; 0 when it does not.</summary>
    public ulong AwaitedThrough { get; set; }

    /// <summary>Frontier or highest position moved since it was last persisted.</summary>
    public bool Dirty { get; set; }

    /// <summary>The dialled link that serves this origin, or 0.</summary>
    public long ServedBy { get; set; }

    /// <summary>Since when that peer has said to have more, and has sent nothing that led on; null when it
    /// has.</summary>
    public long? StuckSinceMilliseconds { get; set; }

    public Queue<InboundFrame> Inbound { get; } = new();

    /// <summary>Through here whatever any member still has of this life, which is over, is here; 0 while that is not
    /// known. Not stored: a restart finds it out again.</summary>
    public ulong Settled { get; set; }

    /// <summary>That life is over, and all members hold all of it. Not stored: a restart finds it out again.</summary>
    public bool IsRetired { get; set; }

    /// <summary>Grows whenever a row beyond what we vouch for becomes durable.</summary>
    public ulong Revision { get; set; } = 1;

    /// <summary>Arrived events that wait for their entity to be loaded.</summary>
    public int Unplaced { get; set; }

    /// <summary>Events of it had arrived and were not durable, when last looked at.</summary>
    public bool Busy { get; set; }

    /// <summary>Peers that have sent all they hold of it, and as of which revision of theirs.</summary>
    public Dictionary<string, ulong> Gathered { get; } = new(StringComparer.Ordinal);

    /// <summary>Moves the frontier over resolved frames; true when it moved.</summary>
    public bool Advance()
    {
        var moved = false;
        while (Inbound.TryPeek(out var frame) && frame.Remaining == 0)
        {
            Inbound.Dequeue();
            moved |= Raise(frame.Through);
        }
        return moved;
    }

    /// <summary>Where the frontier will be once the frames have these many more events resolved.</summary>
    public ulong ReachedWith(Dictionary<InboundFrame, int> resolved)
    {
        var reached = Frontier;
        foreach (var frame in Inbound)
        {
            if (frame.Remaining > resolved.GetValueOrDefault(frame))
                break;
            reached = Math.Max(reached, frame.Through);
        }
        return reached;
    }

    /// <summary>The journal knows this frontier.</summary>
    public void Stored(ulong frontier) => stored = Math.Max(stored, frontier);

    public bool Raise(ulong through)
    {
        if (through <= Frontier)
            return false;
        Frontier = through;
        Highest = Math.Max(Highest, through);
        Received = Math.Max(Received, through);
        Dirty |= Frontier > stored;
        return true;
    }

    /// <summary>Forgets what arrived and was not resolved.</summary>
    public void Reset()
    {
        Inbound.Clear();
        Gathered.Clear();
        Highest = Math.Max(Frontier, HighestDurable);
        (Received, AwaitedThrough) = (Frontier, 0);
        (ServedBy, StuckSinceMilliseconds) = (0, null);
    }
}

/// <summary>An owed gap in memory.</summary>
internal sealed class OwedGap(Owed entry, ulong lastKnown)
{
    public Owed Entry { get; set; } = entry;

    /// <summary>Highest sequence that is known to be missing; 0 when a restart forgot it, and only a fetch can
    /// tell.</summary>
    public ulong LastKnown { get; set; } = lastKnown;

    /// <summary>Highest position of an event that was passed over since the start: the frontier may not be there
    /// yet.</summary>
    public ulong HighestPosition { get; set; } = entry.Position;

    public bool Durable { get; set; }
    public bool FetchUnderWay { get; set; }

    /// <summary>Where the next page begins; 0 when the next fetch begins a new round.</summary>
    public ulong NextPage { get; set; }

    /// <summary>Who sent the page before: what he holds closes the gap, not what several hold.</summary>
    public string? PagesOf { get; set; }

    /// <summary>Counts how often the gap was asked for from its beginning.</summary>
    public int Round { get; set; }

    /// <summary>The round in which something was last passed over: that round does not close the gap.</summary>
    public int PassedInRound { get; set; }
    public long NextFetchMilliseconds { get; set; }

    /// <summary>What is owed is gone where it was named: the answer will be a snapshot.</summary>
    public bool IsSnapshot { get; set; }

    /// <summary>Snapshots in answer to it that were refused, one after the other.</summary>
    public int Refused { get; set; }

    /// <summary>A peer has sent something of it that waits here.</summary>
    public bool IsHeldElsewhere { get; set; }

    /// <summary>Peers that have only a placeholder of what comes next.</summary>
    public HashSet<string> PlaceholdersAt { get; } = new(StringComparer.Ordinal);

    /// <summary>Placeholders are all that anybody has of it: they are taken.</summary>
    public bool TakesPlaceholders { get; set; }

    /// <summary>Peers that answered and had nothing new of it, and since when.</summary>
    public HashSet<string> NothingAt { get; } = new(StringComparer.Ordinal);

    public long NothingSinceMilliseconds { get; set; }

    /// <summary>When peers were asked in vain: they had nothing new of it, or could not read it. Who was asked longest
    /// ago is asked next, because what one lacks today may be on its way to him.</summary>
    public Dictionary<string, long> InVainAt { get; } = new(StringComparer.Ordinal);
}
