using Pelago.Model;

namespace Pelago.Replication;

/// <summary>What a peer said to hold of one lane.</summary>
internal sealed class PeerReport
{
    private readonly Dictionary<Origin, LaneHolding> holdings = [];
    private readonly Origin[] newest;
    private readonly Origin? current;

    public PeerReport(ReportFrame frame)
    {
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
        => Held.GetValueOrDefault(origin) >= through
            && (origin.Equals(current) || !Lacks.Any(l => l.Concerns(type, origin, after, through)));

    /// <summary>The epoch of the configuration that its sender had taken.</summary>
    public ulong ConfigurationEpoch { get; init; }

    /// <summary>Every origin of which it holds something.</summary>
    public IEnumerable<LaneHolding> Holdings => holdings.Values;

    /// <summary>What it holds for good: through the position, or through the end of what is left of a life that is
    /// over; its own incarnation through its own head included.</summary>
    public IReadOnlyDictionary<Origin, ulong> Held { get; }

    /// <summary>What it said of one origin.</summary>
    public LaneHolding Of(Origin origin) => holdings.GetValueOrDefault(origin);

    /// <summary>The life is over as far as it knows, and all it has of it is durable: whatever else comes to it is
    /// somebody's durable row.</summary>
    public bool IsQuietAbout(Origin origin) => !Of(origin).Busy
        && Array.Exists(newest, o => o.Region == origin.Region) && !Array.Exists(newest, o => o.Equals(origin));
}
