using System.Text;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit;

/// <summary>Folds of data types in any order of arrival, with bases that advance, are settled, stored and restored at
/// different times in each region.</summary>
public sealed class FoldSettleTests
{
    private static readonly EntityType Boards = EntityType.Of<Board>();

    [Fact]
    public void State_AnyHistoryWithBasesAndRestores_IsTheSameEverywhere()
    {
        for (var seed = 1; seed <= 120; seed++)
            new Run(seed, keys: false, setBack: false).Check();
    }

    [Fact]
    public void State_OfAnOrderedType_IsTheSameEverywhereToo()
    {
        for (var seed = 1; seed <= 60; seed++)
            new Run(seed, keys: seed % 2 == 0, setBack: false, new Ordered(Boards)).Check();
    }

    [Fact]
    public void State_KeysUsedInSeveralRegions_CountOnceEverywhere()
    {
        for (var seed = 1; seed <= 120; seed++)
            new Run(seed, keys: true, setBack: false).Check();
    }

    [Fact]
    public void State_AuthorSetBackBehindItsReport_IsFoldedFromTheHistory()
    {
        var reloads = 0;
        for (var seed = 1; seed <= 120; seed++)
        {
            var run = new Run(seed, keys: false, setBack: true);
            run.Check();
            reloads += run.Reloads;
        }
        reloads.ShouldBeGreaterThan(10);
    }

    [Fact]
    public void Snapshot_OfASettledBoard_HoldsNoTombstones()
    {
        var fold = new EntityFold(Boards, "b");
        var random = new Random(5);
        var vector = VersionVector.Empty;
        for (ulong i = 1; i <= 500; i++)
        {
            var payload = ((Board)fold.State).AnyChange(random);
            var e = Record(Boards, Events.A, i, (long)i, vector, payload);
            vector = e.Vector;
            fold.Insert(e, payload);
        }
        fold.AdvanceBase(_ => true).ShouldBe(500);
        var stored = fold.ToBase();

        stored.Settled.ShouldBe(vector);
        var state = Encoding.UTF8.GetString(stored.State.Span);
        state.ShouldBe(Encoding.UTF8.GetString(Boards.EncodeComparable(fold.State)));
        state.ShouldNotContain("\"removals\":[\"");
        state.ShouldNotContain("\"deletions\":[\"");
    }

    [Fact]
    public void IsBeforeBase_EventThatHasNotSeenWhatIsSettled_IsTrueAlthoughItIsLater()
    {
        var fold = new EntityFold(Boards, "b");
        var revoked = new BoardChanged("revoke", "x");
        fold.Insert(Record(Boards, Events.A, 1, 5, VersionVector.Empty, revoked), revoked);
        fold.AdvanceBase(_ => true);

        var unaware = Record(Boards, Events.B, 1, 9, VersionVector.Empty, new BoardChanged("grant", "x"));
        fold.IsBeforeBase(unaware).ShouldBeFalse("nothing is settled yet");
        fold.ToBase();

        fold.IsBeforeBase(unaware).ShouldBeTrue();
        fold.IsBeforeBase(Record(Boards, Events.B, 1, 9, Events.Saw((Events.A, 1)), revoked)).ShouldBeFalse();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(9)]
    public void State_LifeThatWasOverGoesOnInACopy_IsTheSameInEitherOrder(long milliseconds)
    {
        var first = Record(Boards, Events.B, 1, 1, VersionVector.Empty, new BoardChanged("tag", "y"));
        var over = VersionVector.From([], [new VersionVector.RetiredLives(Events.B, 1)]);
        var removed = Record(Boards, Events.A, 1, 6, over, new BoardChanged("untag", "x"));
        var copy = Record(Boards, Events.B, 2, milliseconds, first.Vector, new BoardChanged("tag", "x"));

        State(first, removed, copy).ShouldBe(State(first, copy, removed));

        static string State(params EventRecord[] events)
        {
            var fold = new EntityFold(Boards, "b");
            foreach (var e in events)
            {
                Insert(fold, e);
                _ = fold.State;
            }
            return Encoding.UTF8.GetString(Boards.EncodeComparable(fold.State));
        }
    }

    [Fact]
    public void Restore_TailHasNotSeenWhatIsFinal_GoesOnTheSame()
    {
        var fold = new EntityFold(Boards, "b");
        var (revoked, granted) = (new BoardChanged("revoke", "x"), new BoardChanged("grant", "x"));
        var unaware = Record(Boards, Events.B, 1, 9, VersionVector.Empty, granted);
        fold.Insert(Record(Boards, Events.A, 1, 5, VersionVector.Empty, revoked), revoked);
        fold.Insert(unaware, granted);
        fold.AdvanceBase(e => e.Origin.Equals(Events.A)).ShouldBe(1);
        var restored = EntityFold.Restore(Boards, "b", fold.ToBase());
        Insert(restored, unaware);

        ((Board)restored.State).Readers.Contains("x").ShouldBeFalse("who revoked had not seen the grant");
    }

    private static EventRecord Record(
        EntityType type, Origin origin, ulong sequence, long milliseconds, VersionVector seen, object payload,
        string key = "", int index = 0, int length = 1)
    {
        var encoded = type.Encode(payload);
        return new EventRecord
        {
            Entity = new EntityKey(type.Name, "b"), Origin = origin, Sequence = sequence,
            Vector = seen.With(origin, sequence), Timestamp = HybridTimestamp.At(milliseconds), BatchIndex = index,
            BatchLength = length, IdempotencyKey = key, PayloadName = encoded.Name, PayloadVersion = encoded.Version,
            Payload = encoded.Bytes,
        };
    }

    private sealed class Run
    {
        private readonly Random random;
        private readonly string seed;
        private readonly bool keys;
        private readonly bool setBack;
        private readonly IEntityType type;
        private readonly Region[] regions;
        private readonly List<EventRecord[]> batches = [];

        public Run(int seed, bool keys, bool setBack, IEntityType? type = null)
        {
            this.type = type ?? Boards;
            (random, this.seed, this.keys, this.setBack) = (new Random(seed), $"seed {seed}", keys, setBack);
            regions = [.. new[] { Events.A, Events.B, Events.C }.Select(o => new Region(o, this.type))];
        }

        public int Reloads { get; private set; }

        public void Check()
        {
            for (var i = 0; i < 120; i++)
            {
                var region = regions[random.Next(3)];
                switch (random.Next(10))
                {
                    case < 3:
                        Write(region);
                        break;
                    case < 7:
                        Deliver(region);
                        break;
                    case < 9:
                        var final = SeenByAllThatComes(region);
                        region.Fold.AdvanceBase(e => final[e.Origin] >= e.Sequence);
                        break;
                    default:
                        var (stored, tail) = (region.Fold.ToBase(), region.Fold.TailEvents);
                        region.Fold = EntityFold.Restore(type, "b", stored);
                        foreach (var e in tail)
                            Insert(region.Fold, e);
                        break;
                }
            }
            if (setBack)
                WriteUnaware();
            foreach (var region in regions)
            {
                while (Deliver(region))
                {
                }
            }
            var reference = new EntityFold(type, "b");
            foreach (var e in batches.SelectMany(b => b).Order(TotalOrder.Instance))
                Insert(reference, e);
            var expected = Encoding.UTF8.GetString(Boards.EncodeComparable(reference.State));
            foreach (var region in regions)
            {
                region.Fold.Parked.ShouldBeNull(seed);
                Encoding.UTF8.GetString(Boards.EncodeComparable(region.Fold.State)).ShouldBe(expected, seed);
            }
        }

        private void Write(Region region)
        {
            var made = new EventRecord[random.Next(5) == 0 ? 2 : 1];
            var key = keys && random.Next(2) == 0 ? $"k{random.Next(6)}" : "";
            if (key.Length > 0 && region.Fold.OwnerOf(key) is not null)
                return;
            var state = (Board)region.Fold.State;
            for (var i = 0; i < made.Length; i++)
            {
                region.Time += random.Next(1, 30);
                made[i] = Record(Boards, region.Origin, region.Seen[region.Origin] + 1, region.Time, region.Seen,
                    state.AnyChange(random), key, i, made.Length);
                region.Take(made[i]);
            }
            batches.Add(made);
        }

        // A region that was rolled back and writes before it has everything back, under a new life.
        private void WriteUnaware()
        {
            var origin = new Origin("d", new Incarnation(7));
            batches.Add([Record(Boards, origin, 1, 1 + random.Next(2000), VersionVector.Empty,
                new BoardChanged(random.Next(2) == 0 ? "grant" : "set", "x"))]);
        }

        private bool Deliver(Region region)
        {
            var ready = batches.Where(b => region.Seen[b[0].Origin] + 1 == b[0].Sequence
                && region.Seen.With(b[0].Origin, b[0].Sequence).Covers(b[0].Vector)).ToList();
            if (ready.Count == 0)
                return false;
            foreach (var e in ready[random.Next(ready.Count)])
            {
                if (region.Fold.IsBeforeBase(e))
                {
                    Reloads++;
                    var known = batches.SelectMany(b => b).Where(k => region.Seen[k.Origin] >= k.Sequence).ToList();
                    region.Fold = new EntityFold(type, "b");
                    foreach (var k in known)
                        Insert(region.Fold, k);
                }
                region.Take(e);
            }
            if (random.Next(3) == 0)
                _ = region.Fold.State;
            return true;
        }

        private VersionVector SeenByAllThatComes(Region region) => VersionVector.From(region.Seen.Select(slot =>
        {
            var count = regions.Min(r => r.Seen[slot.Origin]);
            foreach (var batch in batches.Where(b => region.Seen[b[0].Origin] < b[0].Sequence))
            {
                var own = batch[0].Origin.Equals(slot.Origin) ? 1u : 0;
                count = Math.Min(count, batch[0].Vector[slot.Origin] - own);
            }
            return slot with { Count = count };
        }));
    }

    private static void Insert(EntityFold fold, EventRecord e)
        => fold.Insert(e, Boards.Decode(e.PayloadName, e.PayloadVersion, e.Payload.Span));

    private sealed class Region(Origin origin, IEntityType type)
    {
        public Origin Origin { get; } = origin;
        public EntityFold Fold { get; set; } = new(type, "b");
        public VersionVector Seen { get; private set; } = VersionVector.Empty;
        public long Time { get; set; }

        public void Take(EventRecord e)
        {
            Insert(Fold, e);
            Seen = Seen.With(e.Origin, e.Sequence);
            Time = Math.Max(Time, e.Timestamp.Milliseconds);
        }
    }

    private sealed class Ordered(IEntityType inner) : IEntityType
    {
        public string Name => inner.Name;

        public MergeStrategy Strategy => MergeStrategy.Ordered;

        public int StateVersion => inner.StateVersion;

        public bool Settles => inner.Settles;

        public object Initial(string id) => inner.Initial(id);

        public Folded Apply(object state, object payload, in EventContext context)
            => inner.Apply(state, payload, context);

        public object? Decode(string payloadName, int payloadVersion, ReadOnlySpan<byte> payload)
            => inner.Decode(payloadName, payloadVersion, payload);

        public EncodedPayload Encode(object payload) => inner.Encode(payload);

        public byte[] EncodeState(object state) => inner.EncodeState(state);

        public object DecodeState(ReadOnlySpan<byte> bytes) => inner.DecodeState(bytes);

        public object Settle(object state, Horizon horizon) => inner.Settle(state, horizon);
    }
}
