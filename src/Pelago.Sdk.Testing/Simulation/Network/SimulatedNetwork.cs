using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>The ways between all regions, and the connections that are open.</summary>
internal sealed class SimulatedNetwork
{
    private readonly Dictionary<(string From, string To), NetworkPath> paths = [];
    private readonly Dictionary<string, Func<SimulatedRegion?>> targets = [];
    private long links;

    public SimulatedNetwork(VirtualTime time, Dice dice, IReadOnlyList<string> regions)
    {
        (Time, Dice) = (time, dice);
        foreach (var from in regions)
        {
            foreach (var to in regions)
                paths[(from, to)] = new NetworkPath();
        }
    }

    internal VirtualTime Time { get; }

    internal Dice Dice { get; }

    /// <summary>Bytes handed to the network.</summary>
    public long BytesSent { get; internal set; }

    /// <summary>Frames sent, by kind.</summary>
    public SortedDictionary<string, long> Frames { get; } = new(StringComparer.Ordinal);

    /// <summary>Changes what a region sends: told which end of a link sends, and a frame with its length prefix, it
    /// says what leaves instead. Null when everything leaves as it is.</summary>
    public Func<LinkEnd, ReadOnlyMemory<byte>, IEnumerable<ReadOnlyMemory<byte>>>? Tap { get; set; }

    /// <summary>Told who sends what, whatever becomes of it.</summary>
    public Action<string, Frame>? Sent { get; set; }

    /// <summary>Told whose frame a reader has taken.</summary>
    public Action<string, Frame>? Arrived { get; set; }

    /// <summary>Told why a reader refused a frame.</summary>
    public Action<Failure>? Refused { get; set; }

    /// <summary>Frames that a reader refused.</summary>
    public int ProtocolBreaks { get; internal set; }

    /// <summary>All ways.</summary>
    public IEnumerable<NetworkPath> Paths => paths.Values;

    /// <summary>All ways on which nothing arrives.</summary>
    public IEnumerable<(string From, string To)> Cuts => paths.Where(p => p.Value.Cut).Select(p => p.Key);

    /// <summary>The way from one region to another.</summary>
    public NetworkPath Path(string from, string to) => paths[(from, to)];

    /// <summary>Adds ways to and from one more region.</summary>
    public void Add(string region)
    {
        foreach (var other in targets.Keys.Append(region).Where(t => !paths.ContainsKey((region, t))).ToArray())
            (paths[(region, other)], paths[(other, region)]) = (new NetworkPath(), new NetworkPath());
    }

    /// <summary>Says who answers at a region's address now.</summary>
    internal void Listen(string region, Func<SimulatedRegion?> target) => targets[region] = target;

    /// <summary>Cuts or mends both directions between two regions.</summary>
    public void Cut(string a, string b, bool cut = true)
    {
        Path(a, b).Cut = cut;
        Path(b, a).Cut = cut;
    }

    /// <summary>Cuts or mends every way to and from a region.</summary>
    public void Isolate(string region, bool cut = true)
    {
        foreach (var ((from, to), path) in paths)
        {
            if (from == region || to == region)
                path.Cut = cut;
        }
    }

    /// <summary>Mends everything.</summary>
    public void Heal()
    {
        foreach (var path in paths.Values)
        {
            path.Mend();
            (path.DelayMilliseconds, path.JitterMilliseconds) = (20, 5);
        }
    }

    internal void Dial(SimulatedRegion from, string peer)
    {
        var life = from.Life;
        var there = Path(from.Name, peer);
        var back = Path(peer, from.Name);
        var trip = there.DelayMilliseconds + back.DelayMilliseconds + Dice.Between(0, there.JitterMilliseconds);
        Time.After(trip, () =>
        {
            var target = targets[peer]();
            if (there.Cut || back.Cut || target is not { Up: true } || Dice.Chance(there.BreakPerMille))
                from.DialFailed(life, peer);
            else
                Connect(from, life, target, peer);
        });
    }

    private void Connect(SimulatedRegion from, int life, SimulatedRegion target, string peer)
    {
        if (!from.Up || from.Life != life)
            return;
        var dialler = new LinkEnd(from, life, ++links) { Dialled = peer };
        var acceptor = new LinkEnd(target, target.Life, ++links);
        var link = new SimulatedLink(this, dialler, acceptor);
        from.Links[dialler.Number] = (link, dialler);
        target.Links[acceptor.Number] = (link, acceptor);
        target.Opened(acceptor, from.Name);
        from.Opened(dialler, peer);
    }
}
