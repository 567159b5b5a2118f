using Pelago.Model;

namespace Pelago.Replication;

/// <summary>One stream to or from a peer. On a dialled link we receive events, on an accepted one we serve them;
/// reports and heartbeats go both ways.</summary>
internal sealed class PeerLink(long id, PeerState peer, bool dialled)
{
    public long Id { get; } = id;
    public PeerState Peer { get; } = peer;
    public bool Dialled { get; } = dialled;
    public HelloFrame? Hello { get; set; }
    public long OpenedMilliseconds { get; init; }
    public long LastHeardMilliseconds { get; set; }
    public long LastHeartbeatMilliseconds { get; set; } = long.MinValue / 2;
    public long PeerSentMilliseconds { get; set; }
    public long PeerSentAtMilliseconds { get; set; }
    public LaneFeed?[] Feeds { get; } = new LaneFeed?[EntityKey.Lanes];
    public long[] CreditToReturn { get; } = new long[EntityKey.Lanes];

    /// <summary>What was ever asked for on this link: of other regions' origins nothing else is taken from it. What was
    /// asked for and stopped may still be under way.</summary>
    public HashSet<(int Lane, Origin Origin)> Asked { get; } = [];

    /// <summary>People know that its version is too old for some entities.</summary>
    public bool IsToldTooOld { get; set; }

    /// <summary>Fetches of the other side that are being read.</summary>
    public int Serving { get; set; }

    /// <summary>The other side's newest incarnation as last named: whose events it serves as its own.</summary>
    public Origin? Serves { get; set; }

    /// <summary>The epoch of the configuration that the other side has taken, as of what last came.</summary>
    public ulong ConfigurationEpoch { get; set; }

    /// <summary>It was alarmed that another process speaks for the same region.</summary>
    public bool IsTwin { get; set; }

    /// <summary>Of each lane and region the life through which the other side knows the same lives to be past; null
    /// while it has not reported the lane.</summary>
    public Dictionary<string, Incarnation>?[] Agreed { get; } = new Dictionary<string, Incarnation>?[EntityKey.Lanes];

    /// <summary>What the newest report of each lane left out.</summary>
    public IReadOnlyList<PastMark>[] LeftOut { get; } = [.. Enumerable.Repeat<IReadOnlyList<PastMark>>(
        [], EntityKey.Lanes)];

    /// <summary>The newest report of each lane, and the configuration's epoch with it, when it leaves out what is not
    /// past here.</summary>
    public (ReportFrame Report, ulong Epoch)?[] NotKnown { get; }
        = new (ReportFrame Report, ulong Epoch)?[EntityKey.Lanes];

    /// <summary>The other side does not know what the newest report of the lane left out: it is to be told
    /// again.</summary>
    public bool[] IsReportDue { get; } = new bool[EntityKey.Lanes];

    /// <summary>Reports sent on this link carry what changed since; all are due at the beginning.</summary>
    public bool IsNew { get; set; } = true;
}

/// <summary>What is known of one peer region.</summary>
internal sealed class PeerState(string name)
{
    public string Name { get; } = name;
    public PeerLink? Dialled { get; set; }
    public bool IsDialling { get; set; }
    public long NextDialMilliseconds { get; set; } = long.MinValue;
    public int Failures { get; set; }

    /// <summary>When the dialled link was lost, or waited for at first.</summary>
    public long DownSinceMilliseconds { get; set; } = long.MinValue;

    public double RoundTripMilliseconds { get; set; } = -1;

    /// <summary>When it was last heard of while nothing that it had reported was missing here; −1 before the
    /// first time.</summary>
    public long CaughtUpMilliseconds { get; set; } = -1;

    /// <summary>Per lane, its newest report on a dialled link.</summary>
    public PeerReport?[] Reports { get; } = new PeerReport?[EntityKey.Lanes];

    /// <summary>Its group is another one with the same name: it has no vote in ours, and we have none in its.</summary>
    public bool IsOfAnotherGroup { get; set; }

    /// <summary>Its newest process that was heard takes entities as snapshots; null when none was heard.</summary>
    public bool? TakesSnapshots { get; set; }

    /// <summary>The session of the dialled link, whose reports count.</summary>
    public Incarnation? Session { get; set; }

    /// <summary>The newest session seen for each of its incarnations; bounded, oldest forgotten first.</summary>
    public SortedDictionary<Incarnation, PeerSession> Sessions { get; } = [];

    public bool IsLive => Dialled?.Hello is not null;

    /// <summary>Positions of its own events that it has reported and that are not here.</summary>
    public ulong Behind(IReadOnlyList<LaneReplica> lanes)
    {
        var behind = 0ul;
        foreach (var lane in lanes)
        {
            if (Reports[lane.Lane] is not { } report)
                continue;
            foreach (var (origin, position) in report.Held)
            {
                if (origin.Region == Name)
                    behind += position - Math.Min(position, lane.Holds(origin));
            }
        }
        return behind;
    }
}

/// <summary>A process of a region.</summary>
/// <param name="Openings">How often its journal was opened; 0 when it does not say.</param>
/// <param name="Id">Made at its start, by its clock.</param>
internal readonly record struct PeerSession(uint Openings, Incarnation Id)
{
    public static PeerSession Of(HelloFrame hello) => new(hello.Openings, hello.Session);

    public bool IsNewerThan(PeerSession other) => Openings == 0 || other.Openings == 0 || Openings == other.Openings
        ? Id.CompareTo(other.Id) > 0 : Openings > other.Openings;
}
