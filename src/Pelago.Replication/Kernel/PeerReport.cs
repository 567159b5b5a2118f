using Pelago.Model;

namespace Pelago.Replication;

/// <summary>What a peer said to hold of one lane.</summary>
internal sealed class PeerReport
{
    private readonly Dictionary<Origin, LaneHolding> holdings = [];
    private readonly Origin[] newest;
    private readonly Origin? current;
    private readonly IReadOnlyList<PastMark> leftOut;
    private readonly Func<Origin, ulong> endOfPast;
    private readonly int lane;

    /// <summary>A report whose left out lives are known here.</summary>
    /// <param name="endOfPast">Where such a life ended.</param>
    public PeerReport(ReportFrame frame, Func<Origin, ulong> endOfPast)
    {
        (lane, leftOut, this.endOfPast) = (frame.Lane, frame.LeftOut, endOfPast);
        foreach (var h in frame.Holdings)
            holdings[h.Origin] = h;
        if (frame.Current is { } own)
            holdings[own] = new LaneHolding(frame.Lane, own, frame.OwnHead);
        (Opened, Local, Lacks, current) = (frame.Opened, frame.Local, frame.Lacks, frame.Current);
        newest = frame.Current is null ? [.. frame.Linked] : [.. frame.Linked, frame.Current];
        var held = new Dictionary<Origin, ulong>(holdings.Count);
        foreach (var h in holdings.Values)
        {
            if (Math.Max(h.Position, h.Settled) is > 0 and var through)
                held[h.Origin] = through;
        }
        Held = held;
    }

    /// <summary>Histories of types that were local, which it offers.</summary>
    public IReadOnlyList<OpenedHistory> Opened { get; }

    /// <summary>Types of which events stay with it.</summary>
    public IReadOnlyList<string> Local { get; }

    /// <summary>What it has passed and does not have.</summary>
    public IReadOnlyList<LackedEvents> Lacks { get; }

    /// <summary>It has all events of the type among these positions of the origin. What it writes itself it
    /// always has.</summary>
    public bool HasAll(string type, Origin origin, ulong after, ulong through)
        => HoldsOf(origin) >= through
            && (origin.Equals(current) || !Lacks.Any(l => l.Concerns(type, origin, after, through)));

    /// <summary>The epoch of the configuration that its sender had taken.</summary>
    public ulong ConfigurationEpoch { get; init; }

    /// <summary>Every origin of which it holds something, less those that are past on both sides.</summary>
    public IEnumerable<LaneHolding> Holdings => holdings.Values;

    /// <summary>What it holds for good: through the position, or through the end of what is left of a life that is
    /// over; its own incarnation through its own head included.</summary>
    public IReadOnlyDictionary<Origin, ulong> Held { get; }

    /// <summary>What it said of one origin.</summary>
    public LaneHolding Of(Origin origin) => holdings.TryGetValue(origin, out var told) ? told
        : LeavesOut(origin) ? new LaneHolding(lane, origin, endOfPast(origin)) : default;

    /// <summary>What it holds of one origin for good.</summary>
    public ulong HoldsOf(Origin origin) => Held.TryGetValue(origin, out var through) ? through
        : LeavesOut(origin) ? endOfPast(origin) : 0;

    /// <summary>It tells nothing of some life of the region, because that is past.</summary>
    public bool LeavesOutSomeOf(string region) => leftOut.Any(m => m.Last.Region == region);

    private bool LeavesOut(Origin origin)
    {
        for (var i = 0; i < leftOut.Count; i++)
        {
            if (leftOut[i].Last.Region == origin.Region && leftOut[i].Last.CompareTo(origin) >= 0)
                return true;
        }
        return false;
    }

    /// <summary>It hears of that life as one that goes on.</summary>
    public bool Names(Origin origin) => Array.Exists(newest, o => o.Equals(origin));

    /// <summary>The life is over as far as it knows, and all it has of it is durable: whatever else comes to it is
    /// somebody's durable row.</summary>
    public bool IsQuietAbout(Origin origin) => !Of(origin).Busy
        && Array.Exists(newest, o => o.Region == origin.Region) && !Names(origin);
}
