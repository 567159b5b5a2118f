using System.Text;
using System.Text.Json;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit;

/// <summary>Three to five replicas of one value that write, deliver in any causal order, serialize and settle at
/// random. At random moments and at the end each must show what the specification says of the operations that it has;
/// at the end all have the same bytes.</summary>
internal sealed class History<TState, TOp>
{
    private readonly DataType<TState, TOp> type;
    private readonly Random random;
    private readonly string seed;
    private readonly Replica[] replicas;
    private readonly List<Operation<TOp>[]> batches = [];

    private History(DataType<TState, TOp> type, int seed)
    {
        (this.type, random, this.seed) = (type, new Random(seed), $"seed {seed}");
        replicas = [.. Enumerable.Range(0, random.Next(3, 6)).Select(i => new Replica(
            new Origin(((char)('a' + i)).ToString(), new Incarnation((UInt128)random.Next(1, 3))), type.First))];
    }

    /// <summary>Checks a type on many histories.</summary>
    public static void Check(DataType<TState, TOp> type, int histories = 400)
    {
        for (var seed = 1; seed <= histories; seed++)
            new History<TState, TOp>(type, seed).Run(10 + seed % 50);
    }

    private void Run(int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            var replica = replicas[random.Next(replicas.Length)];
            switch (random.Next(10))
            {
                case < 4:
                    Write(replica);
                    break;
                case < 8:
                    for (var n = random.Next(1, 6); n > 0; n--)
                        Deliver(replica);
                    break;
                case 8:
                    replica.State = JsonSerializer.Deserialize(Bytes(replica.State), type.Json)!;
                    break;
                default:
                    replica.State = type.Settle(replica.State, Horizon.Through(SeenByAllThatComes(replica)));
                    break;
            }
            if (random.Next(4) == 0)
                Compare(replica);
        }
        foreach (var replica in replicas)
        {
            while (Deliver(replica))
            {
            }
            Compare(replica);
        }
        // One that is never settled, in the total order: what every other has to equal.
        var reference = batches.SelectMany(b => b).OrderBy(o => EventPlaceOf(o))
            .Aggregate(type.First, (state, o) => type.Apply(state, o.What, o.Context));
        var expected = Encoding.UTF8.GetString(Bytes(type.Settle(reference, Horizon.All)));
        foreach (var replica in replicas)
            Encoding.UTF8.GetString(Bytes(type.Settle(replica.State, Horizon.All))).ShouldBe(expected, seed);
    }

    private void Write(Replica replica)
    {
        var length = random.Next(5) == 0 ? random.Next(2, 4) : 1;
        var (seen, made) = (replica.State, new Operation<TOp>[length]);
        for (var i = 0; i < length; i++)
        {
            // All of a command are made from the state that its handler is given.
            var what = type.Make(random, seen);
            replica.Seen = replica.Seen.With(replica.Origin, replica.Seen[replica.Origin] + 1);
            replica.Time = HybridTimestamp.After(replica.Time, random.Next(1, 40));
            made[i] = new Operation<TOp>(what, new EventContext("e", replica.Origin, replica.Seen[replica.Origin],
                replica.Time, replica.Seen, i, false), length);
            var before = replica.State;
            replica.State = type.Apply(before, what, made[i].Context);
            if (length == 1)
                type.Intention?.Invoke(before, what, replica.State);
        }
        batches.Add(made);
        replica.Applied.AddRange(made);
    }

    private bool Deliver(Replica replica)
    {
        var ready = batches.Where(b => replica.Seen[b[0].Dot.Origin] + 1 == b[0].Dot.Sequence
            && replica.Seen.With(b[0].Dot.Origin, b[0].Dot.Sequence).Covers(b[0].Context.Vector)).ToList();
        if (ready.Count == 0)
            return false;
        foreach (var operation in ready[random.Next(ready.Count)])
        {
            replica.State = type.Apply(replica.State, operation.What, operation.Context);
            replica.Seen = replica.Seen.With(operation.Dot.Origin, operation.Dot.Sequence);
            replica.Time = operation.Context.Timestamp > replica.Time ? operation.Context.Timestamp : replica.Time;
            replica.Applied.Add(operation);
        }
        return true;
    }

    // What is still to be written has seen what its author has; what is under way has seen what it says.
    private VersionVector SeenByAllThatComes(Replica replica) => VersionVector.From(replica.Seen.Select(slot =>
    {
        var count = replicas.Min(r => r.Seen[slot.Origin]);
        foreach (var batch in batches.Where(b => replica.Seen[b[0].Dot.Origin] < b[0].Dot.Sequence))
        {
            var first = batch[0];
            var own = first.Dot.Origin.Equals(slot.Origin) ? 1u : 0;
            count = Math.Min(count, first.Context.Vector[slot.Origin] - own);
        }
        return slot with { Count = count };
    }));

    private void Compare(Replica replica)
        => type.Show(replica.State).ShouldBe(type.Specification(replica.Applied), seed);

    private byte[] Bytes(TState state) => CanonicalJson.Write(JsonSerializer.SerializeToUtf8Bytes(state, type.Json));

    private static EventPlace EventPlaceOf(Operation<TOp> o)
        => new(o.Context.Timestamp, o.Context.Origin, o.Context.Sequence);

    private sealed class Replica(Origin origin, TState state)
    {
        public Origin Origin { get; } = origin;
        public TState State { get; set; } = state;
        public VersionVector Seen { get; set; } = VersionVector.Empty;
        public HybridTimestamp Time { get; set; }
        public List<Operation<TOp>> Applied { get; } = [];
    }
}

/// <summary>Finds out the types.</summary>
internal static class History
{
    public static void Check<TState, TOp>(DataType<TState, TOp> type, int histories = 400)
        => History<TState, TOp>.Check(type, histories);
}
