using System.Globalization;
using System.Numerics;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>All orders in which batches can arrive, without walking each of them.</summary>
/// <remarks>There are soon millions of orders, but few <em>sets</em> of events in which they can meet: what a replica
/// has is a number of batches of each region. If every way into each set gives one state, then all orders do, because a
/// state (in its stored form) is all that a handler is given of what came before. So the sets are visited from small
/// to large, and the first that two ways enter with different states is also the smallest. Beyond a limit of sets,
/// orders are drawn at random from a seed.</remarks>
internal sealed class EventLattice(RoundTrip type, string id, IReadOnlyList<EventRecord[]> batches)
{
    private readonly EventRecord[][][] chains = [.. batches.GroupBy(b => b[0].Origin)
        .OrderBy(g => g.Key).Select(g => g.OrderBy(b => b[0].Sequence).ToArray())];

    /// <summary>Looks for two orders that differ. Null when there are none among those looked at.</summary>
    public Divergence? Find(int maxSets, int seed, out ConvergenceReport report)
    {
        var events = batches.Sum(b => b.Length);
        var whole = Walk(maxSets, out var divergence, out var interleavings);
        report = new ConvergenceReport(events, interleavings, interleavings, false);
        if (!whole)
        {
            var orders = Math.Max(1, maxSets / Math.Max(1, batches.Count));
            divergence = Sample(orders, seed);
            report = report with { Interleavings = Count(), Checked = orders, IsSample = true };
        }
        return divergence ?? Settled(seed);
    }

    // False when there are too many sets.
    private bool Walk(int maxSets, out Divergence? divergence, out BigInteger interleavings)
    {
        var none = new int[chains.Length];
        var level = new Dictionary<string, Reached> { [Key(none)] = new Reached([], [], none, 1) };
        (divergence, interleavings) = (null, 1);
        for (int size = 0, visited = 0; size < batches.Count; size++)
        {
            var next = new Dictionary<string, Reached>();
            foreach (var from in level.Values)
            {
                foreach (var (chain, batch) in Ready(from.Taken))
                {
                    if (++visited > maxSets)
                        return false;
                    var order = from.Order.Append(batch).ToList();
                    var state = Interleaving.Fold(type, id, order);
                    var taken = (int[])from.Taken.Clone();
                    taken[chain]++;
                    if (!next.TryGetValue(Key(taken), out var other))
                    {
                        next.Add(Key(taken), new Reached(order, state, taken, from.Ways));
                        continue;
                    }
                    if (!other.State.AsSpan().SequenceEqual(state))
                    {
                        divergence = new Divergence(other.Order, order, other.State, state);
                        return true;
                    }
                    other.Ways += from.Ways;
                }
            }
            level = next;
        }
        interleavings = level.Values.Single().Ways;
        return true;
    }

    private Divergence? Sample(int orders, int seed)
    {
        var random = new Random(seed);
        var known = new Dictionary<string, (IReadOnlyList<EventRecord[]> Order, byte[] State)>();
        for (var i = 0; i < orders; i++)
        {
            var (order, taken) = (new List<EventRecord[]>(), new int[chains.Length]);
            var replica = new Replica(type, id, "elsewhere");
            while (order.Count < batches.Count)
            {
                var ready = Ready(taken).ToList();
                var (chain, batch) = ready[random.Next(ready.Count)];
                order.Add(batch);
                taken[chain]++;
                replica.Take(batch);
                var state = type.EncodeState(replica.State);
                if (!known.TryGetValue(Key(taken), out var other))
                    known.Add(Key(taken), ([.. order], state));
                else if (!other.State.AsSpan().SequenceEqual(state))
                    return new Divergence(other.Order, order, other.State, state);
            }
        }
        return null;
    }

    // Settling early, and restarts from what was settled, must change nothing that regions compare.
    private Divergence? Settled(int seed)
    {
        var random = new Random(seed);
        var plain = batches.OrderBy(b => EventPlace.Of(b[0])).ToList();
        var expected = type.EncodeComparable(type.DecodeState(Interleaving.Fold(type, id, plain)));
        for (var i = 0; i < 20; i++)
        {
            var (order, taken) = (new List<EventRecord[]>(), new int[chains.Length]);
            while (order.Count < batches.Count)
            {
                var ready = Ready(taken).ToList();
                var (chain, batch) = ready[random.Next(ready.Count)];
                order.Add(batch);
                taken[chain]++;
            }
            var settled = Interleaving.FoldSettled(type, id, order);
            if (!settled.AsSpan().SequenceEqual(expected))
                return new Divergence(plain, order, expected, settled);
        }
        return null;
    }

    private IEnumerable<(int Chain, EventRecord[] Batch)> Ready(int[] taken)
    {
        for (var i = 0; i < chains.Length; i++)
        {
            if (taken[i] < chains[i].Length && HasCauses(chains[i][taken[i]], i, taken))
                yield return (i, chains[i][taken[i]]);
        }
    }

    private bool HasCauses(EventRecord[] batch, int own, int[] taken)
    {
        for (var i = 0; i < chains.Length; i++)
        {
            var seen = batch[0].Vector[chains[i][0][0].Origin];
            var have = taken[i] == 0 ? 0 : chains[i][taken[i] - 1][^1].Sequence;
            if (i != own && have < seen)
                return false;
        }
        return true;
    }

    // Ways through the sets alone, without folding anything.
    private BigInteger Count()
    {
        var ways = new Dictionary<string, BigInteger>();
        return From(new int[chains.Length]);

        BigInteger From(int[] taken)
        {
            var key = Key(taken);
            if (ways.TryGetValue(key, out var known))
                return known;
            var sum = BigInteger.Zero;
            foreach (var (chain, _) in Ready(taken))
            {
                taken[chain]++;
                sum += From(taken);
                taken[chain]--;
            }
            return ways[key] = taken.Sum() == batches.Count ? BigInteger.One : sum;
        }
    }

    private static string Key(int[] taken)
        => string.Join(',', taken.Select(n => n.ToString(CultureInfo.InvariantCulture)));

    private sealed record Reached(IReadOnlyList<EventRecord[]> Order, byte[] State, int[] Taken, BigInteger Ways)
    {
        public BigInteger Ways { get; set; } = Ways;
    }
}
