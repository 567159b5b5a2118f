using FsCheck;
using FsCheck.Fluent;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

public sealed class EntityFoldTests
{
    [Fact]
    public void TailEvents_NothingWrittenBetween_IsTheSameList()
    {
        var fold = new EntityFold(Words(), "e1");
        fold.Add(Write(A, 1, 5, "one"), Write(A, 2, 6, "two"));

        var first = fold.TailEvents;
        fold.TailEvents.ShouldBeSameAs(first);
        fold.Add(Write(A, 3, 7, "three"));

        (first.Count, fold.TailEvents.Count).ShouldBe((2, 3));
        fold.AdvanceBase(_ => true);
        fold.TailEvents.ShouldBeEmpty();
    }

    [Fact]
    public void AdvanceBase_HandlerFailsWhatItDidBefore_ParksTheEntityAndChangesNothing()
    {
        var type = new Fickle(Words());
        var fold = new EntityFold(type, "e1");
        fold.Add(Write(A, 1, 5, "one"), Write(A, 2, 6, "two"));
        _ = fold.State;
        type.Fails = true;

        fold.AdvanceBase(e => e.Sequence == 1).ShouldBe(0);

        fold.Parked.ShouldNotBeNull().Error.ShouldBe(ErrorCodes.EntityParked);
        (fold.BaseCount, fold.Tail.Count).ShouldBe((0ul, 2));
    }

    [Fact]
    public void State_InOrder_FoldsEachOnce()
    {
        var fold = new EntityFold(Words(), "e1");
        fold.Add(Write(A, 1, 1, "one"), Write(A, 2, 2, "two"));

        fold.State.ShouldBe("one two ");
    }

    [Fact]
    public void State_LateConcurrentEvent_IsRewoundToItsPlaceAndMarked()
    {
        var fold = new EntityFold(Words(), "e1");
        fold.Add(Write(A, 1, 1, "one"), Write(A, 2, 3, "three"));
        _ = fold.State;

        fold.Add(Write(B, 1, 2, "two", Saw((A, 1))));

        fold.State.ShouldBe("one two three* ");
    }

    [Fact]
    public void State_LateEventBeforeManyCheckpoints_IsStillRight()
    {
        var fold = new EntityFold(Words(), "e1");
        for (var i = 1; i <= 500; i++)
        {
            fold.Add(Write(A, (ulong)i, i * 10, "x"));
            _ = fold.State;
        }
        fold.Add(Write(B, 1, 15, "late"), Write(B, 2, 3015, "later", Saw((B, 1))));

        var expected = string.Concat(Enumerable.Range(1, 500).Select(i => i switch
        {
            1 => "x late* ", // its author had not seen the first
            301 => "x* later* ",
            _ => "x* ",
        }));
        fold.State.ShouldBe(expected);
    }

    [Theory]
    [InlineData(2, 5, true)] // its author had seen "two", of time 5, and stamped no later
    [InlineData(2, 4, true)]
    [InlineData(2, 6, false)]
    [InlineData(1, 4, false)] // had not seen "two": concurrent, and may come before it
    [InlineData(1, 3, true)]
    public void HoldsLaterCauseOf_AnEventStampedBeforeWhatItsAuthorHadSeen_IsTrue(
        int seen, long milliseconds, bool broken)
    {
        var e = Write(B, 1, milliseconds, "late", Saw((A, (ulong)seen)));
        var fold = new EntityFold(Words(), "e1");
        fold.Add(Write(A, 1, 3, "one"), Write(A, 2, 5, "two"));

        fold.HoldsLaterCauseOf(e).ShouldBe(broken, "in the tail");
        if (seen < 2)
            return; // an event concurrent with a final one does not exist
        fold.AdvanceBase(_ => true).ShouldBe(2);
        fold.HoldsLaterCauseOf(e).ShouldBe(broken, "in the base");
    }

    [Fact]
    public void State_EventRefusedByAnEarlierOne_IsNotedAndSkipped()
    {
        var fold = new EntityFold(Words(), "e1");
        fold.Add(Write(A, 1, 3, "!"));
        fold.State.ShouldBe("! ");

        fold.Add(Write(B, 1, 2, "stop"));

        fold.State.ShouldBe("stop ");
        fold.TakeConflicts().Single().Refusal.ShouldBe("stopped");
        fold.TakeConflicts().ShouldBeEmpty();
    }

    [Fact]
    public void State_HandlerThrows_ParksTheEntity()
    {
        var fold = new EntityFold(Words(), "e1");
        fold.Add(Write(A, 1, 1, "boom"));
        _ = fold.State;

        fold.Parked!.Error.ShouldBe(ErrorCodes.EntityParked);
        fold.Parked.Message.ShouldContain("a#1");
    }

    [Fact]
    public void State_UnknownPayload_ParksTheEntity()
    {
        var fold = new EntityFold(Words(), "e1");
        fold.Insert(Write(A, 1, 1, "x"), payload: null);
        _ = fold.State;

        fold.Parked.ShouldNotBeNull();
    }

    [Fact]
    public void State_TwoBatchesWithOneKey_CountsTheFirstWhole()
    {
        var fold = new EntityFold(Words(), "e1");
        fold.Add(Write(B, 1, 5, "b1", key: "k", index: 0, length: 2), Write(B, 2, 6, "b2", key: "k", index: 1,
            length: 2));
        fold.State.ShouldBe("b1 b2 ");

        fold.Add(Write(A, 1, 3, "a1", key: "k", index: 0, length: 2), Write(A, 2, 4, "a2", key: "k", index: 1,
            length: 2));

        fold.State.ShouldBe("a1 a2 ");
        fold.OwnerOf("k").ShouldBe(new BatchId(A, 1));
        fold.TakeConflicts().Count(c => c.Deduplicated).ShouldBe(2);
    }

    [Fact]
    public void State_KeyUsedAgainAfterTheWindow_CountsAgain()
    {
        var fold = new EntityFold(Words(), "e1");
        fold.Add(Write(A, 1, 1, "one", key: "k"),
            Write(A, 2, 2 + EventLimits.IdempotencyWindowMilliseconds, "two", key: "k"));

        fold.State.ShouldBe("one two ");
    }

    [Theory]
    [InlineData(MergeStrategy.Ordered, "")] // it comes first in the total order, and concurrent is what comes before
    [InlineData(MergeStrategy.Crdt, "")]
    [InlineData(MergeStrategy.Custom, "a#1 a#2")]
    public void State_LateEvent_IsToldWhatItIsConcurrentWith(MergeStrategy strategy, string expected)
    {
        var type = new Listener(Words(strategy));
        var fold = new EntityFold(type, "e1");
        fold.Add(Write(A, 1, 5, "one"), Write(A, 2, 6, "two"));
        _ = fold.State;
        fold.Add(Write(B, 1, 2, "late"));
        _ = fold.State;

        type.Heard["late"].Order().Distinct().Select(d => $"{d.Origin.Region}#{d.Sequence}")
            .ShouldBe(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void State_CustomType_HearsOfConcurrencyAfterARestartToo()
    {
        var type = new Listener(Words(MergeStrategy.Custom));
        var fold = new EntityFold(type, "e1");
        fold.Add(Write(A, 1, 5, "one"), Write(A, 2, 6, "two"));
        fold.AdvanceBase(e => e.Sequence == 1).ShouldBe(1);
        var restored = EntityFold.Restore(type, "e1", fold.ToBase());
        restored.Add(fold.Tail[0].Event, Write(B, 1, 9, "late", Saw((A, 1))));

        restored.State.ShouldBe("one two late* ");
        type.Heard["late"].ShouldBe([new Dot(A, 2)]);
    }

    [Fact]
    public void State_LateEventWithAKeyOfItsOwn_IsAppliedWhereItArrives()
    {
        var fold = new EntityFold(Words(MergeStrategy.Crdt), "e1");
        fold.Add(Write(A, 1, 5, "one", key: "k1"));
        _ = fold.State;

        fold.Add(Write(B, 1, 2, "late", key: "k2"));
        fold.State.ShouldBe("one late ", "no rewind");
        fold.OwnerOf("k2").ShouldBe(new BatchId(B, 1));

        fold.Add(Write(C, 1, 1, "first", key: "k1"));
        fold.State.ShouldBe("first late ", "a key that was used twice is decided in the total order");
    }

    [Fact]
    public void AdvanceBase_SettlingFails_ParksTheEntity()
    {
        var fold = new EntityFold(new Fickle(Words(MergeStrategy.Crdt)) { FailsToSettle = true }, "e1");
        fold.Add(Write(A, 1, 5, "one"));
        fold.AdvanceBase(_ => true);
        fold.ToBase();

        fold.Parked.ShouldNotBeNull().Message.ShouldContain("could not be settled");
    }

    [Fact]
    public void AdvanceBase_FinalPrefix_KeepsTheState()
    {
        var fold = new EntityFold(Words(), "e1");
        fold.Add(Write(A, 1, 1, "one"), Write(B, 1, 2, "two"), Write(A, 2, 3, "three"));

        fold.AdvanceBase(e => e.Timestamp < HybridTimestamp.At(3)).ShouldBe(2);

        (fold.BaseCount, fold.Tail.Count).ShouldBe((2ul, 1));
        fold.State.ShouldBe("one two* three* ");
        fold.IsBeforeBase(Write(C, 1, 1, "late")).ShouldBeTrue();
        fold.IsBeforeBase(Write(C, 1, 4, "new")).ShouldBeFalse();
    }

    [Fact]
    public void AdvanceBase_NotFinalInBetween_StopsThere()
    {
        var fold = new EntityFold(Words(), "e1");
        fold.Add(Write(A, 1, 1, "one"), Write(B, 1, 2, "two"), Write(A, 2, 3, "three"));

        fold.AdvanceBase(e => e.Origin.Equals(A)).ShouldBe(1);
    }

    [Fact]
    public void Restore_FromBaseAndTail_GoesOnTheSame()
    {
        var fold = new EntityFold(Words(), "e1");
        fold.Add(Write(A, 1, 1, "one", key: "k"), Write(B, 1, 2, "two"));
        fold.AdvanceBase(e => e.Origin.Equals(A));

        var restored = EntityFold.Restore(Words(), "e1", fold.ToBase());
        restored.Add(fold.Tail[0].Event);
        restored.Add(Write(C, 1, 3, "again", key: "k"));

        restored.State.ShouldBe(fold.State);
    }

    [Fact]
    public void Probe_OwnEventThatWouldBeRefused_NamesTheReason()
    {
        var fold = new EntityFold(Words(), "e1");
        fold.Add(Write(A, 1, 1, "stop"));

        fold.RefusalOf([Write(A, 2, 2, "!")], ["!"]).ShouldBe("stopped");
        fold.RefusalOf([Write(A, 2, 2, "x")], ["x"]).ShouldBeNull();
        fold.State.ShouldBe("stop ");
    }

    [Fact]
    public void State_AnyOrderOfArrivalWithRewindsAndBases_IsTheSame()
        => Prop.ForAll<int>(seed =>
        {
            var random = new Random(seed);
            var events = History(random, 60);
            var expected = new EntityFold(Words(), "e1");
            expected.Add([.. events.Order(TotalOrder.Instance)]);

            var fold = new EntityFold(Words(), "e1");
            foreach (var e in Delivered(events, random))
            {
                fold.Add(e);
                if (random.Next(3) == 0)
                    _ = fold.State;
            }
            return Equals(fold.State, expected.State);
        }).QuickCheckThrowOnFailure();

    // Three authors who each see a random part of the others' events.
    private static List<EventRecord> History(Random random, int count)
    {
        var events = new List<EventRecord>();
        Origin[] origins = [A, B, C];
        var seen = origins.ToDictionary(o => o, _ => VersionVector.Empty);
        for (var i = 0; i < count; i++)
        {
            var author = origins[random.Next(3)];
            if (events.Count > 0 && random.Next(2) == 0)
            {
                var learned = events[random.Next(events.Count)];
                seen[author] = learned.Vector.Aggregate(seen[author],
                    (all, slot) => all[slot.Origin] < slot.Count ? all.With(slot.Origin, slot.Count) : all);
            }
            var highest = events.Where(e => seen[author][e.Origin] >= e.Sequence).Select(e => e.Timestamp.Milliseconds)
                .DefaultIfEmpty(0).Max();
            var key = random.Next(5) == 0 ? $"k{random.Next(4)}" : "";
            var e = Write(author, seen[author][author] + 1, highest + random.Next(1, 5), $"w{i}", seen[author], key);
            seen[author] = e.Vector;
            events.Add(e);
        }
        return events;
    }

    private static IEnumerable<EventRecord> Delivered(List<EventRecord> events, Random random)
    {
        var left = events.ToList();
        var seen = VersionVector.Empty;
        while (left.Count > 0)
        {
            var ready = left.Where(e => seen.With(e.Origin, e.Sequence).Covers(e.Vector)
                && seen[e.Origin] + 1 == e.Sequence).ToList();
            var next = ready[random.Next(ready.Count)];
            left.Remove(next);
            seen = seen.With(next.Origin, next.Sequence);
            yield return next;
        }
    }

    private sealed class Fickle(IEntityType inner) : IEntityType
    {
        public bool Fails { get; set; }

        public bool FailsToSettle { get; init; }

        public bool Settles => FailsToSettle;

        public string Name => inner.Name;

        public MergeStrategy Strategy => inner.Strategy;

        public int StateVersion => inner.StateVersion;

        public object Initial(string id) => inner.Initial(id);

        public Folded Apply(object state, object payload, in EventContext context)
            => Fails ? throw new InvalidOperationException("fickle") : inner.Apply(state, payload, context);

        public object? Decode(string payloadName, int payloadVersion, ReadOnlySpan<byte> payload)
            => inner.Decode(payloadName, payloadVersion, payload);

        public EncodedPayload Encode(object payload) => inner.Encode(payload);

        public object Settle(object state, Horizon horizon) => throw new InvalidOperationException("fickle");

        public byte[] EncodeState(object state) => inner.EncodeState(state);

        public object DecodeState(ReadOnlySpan<byte> bytes) => inner.DecodeState(bytes);
    }

    private sealed class Listener(IEntityType inner) : IEntityType
    {
        public Dictionary<string, IReadOnlyList<Dot>> Heard { get; } = [];

        public string Name => inner.Name;

        public MergeStrategy Strategy => inner.Strategy;

        public int StateVersion => inner.StateVersion;

        public object Initial(string id) => inner.Initial(id);

        public Folded Apply(object state, object payload, in EventContext context)
        {
            Heard[(string)payload] = context.ConcurrentWith;
            return inner.Apply(state, payload, context);
        }

        public object? Decode(string payloadName, int payloadVersion, ReadOnlySpan<byte> payload)
            => inner.Decode(payloadName, payloadVersion, payload);

        public EncodedPayload Encode(object payload) => inner.Encode(payload);

        public byte[] EncodeState(object state) => inner.EncodeState(state);

        public object DecodeState(ReadOnlySpan<byte> bytes) => inner.DecodeState(bytes);
    }
}
