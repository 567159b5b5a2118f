using System.Text;
using System.Text.Json;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>What each data type promises, in the smallest example of it.</summary>
public sealed class DataTypeScenarios
{
    private static readonly EventContext NothingSeenA = By(A, 1, 5);
    private static readonly EventContext NothingSeenB = By(B, 1, 6);

    [Fact]
    public void Counter_UpAndDownOnBothSides_IsTheExactSum()
    {
        var counter = PnCounter.Zero.Add(5, "a").Add(-3, "b").Add(-4, "a").Add(7, "b");

        counter.Value.ShouldBe(5);
    }

    [Fact]
    public void Register_ConcurrentWrites_StandSideBySideUntilSomebodyWhoSawThemWrites()
    {
        var both = MvRegister<int>.Empty.Set(1, NothingSeenA).Set(2, NothingSeenB);
        both.Values.ShouldBe([1, 2]);
        both.Latest.ShouldBe(2);

        both.Set(3, By(A, 2, 7, (B, 1))).Values.ShouldBe([3]);
    }

    [Fact]
    public void Register_EqualTimes_LowerRegionIsLatest()
        => MvRegister<int>.Empty.Set(1, By(A, 1, 5)).Set(2, By(B, 1, 5)).Latest.ShouldBe(1);

    [Fact]
    public void Flag_EnabledAndDisabledConcurrently_IsOn()
    {
        var flag = EnableWinsFlag.Empty.Enable(NothingSeenA);

        flag.Disable(NothingSeenB).IsEnabled.ShouldBeTrue();
        flag.Disable(By(B, 1, 6, (A, 1))).IsEnabled.ShouldBeFalse();
    }

    [Fact]
    public void OrSet_ConcurrentAdds_AreTheUnion()
        => OrSet<string>.Empty.Add("x", NothingSeenA).Add("y", NothingSeenB).Items.ShouldBe(["x", "y"]);

    [Fact]
    public void OrSet_ConcurrentAddAndRemove_IsPresent()
    {
        var added = OrSet<string>.Empty.Add("x", NothingSeenA);

        added.Remove("x", NothingSeenB).Contains("x").ShouldBeTrue();
        OrSet<string>.Empty.Remove("x", NothingSeenB).Add("x", NothingSeenA).Contains("x").ShouldBeTrue();
    }

    [Fact]
    public void OrSet_ObservedRemoveThenAddedAgain_IsPresent()
    {
        var removed = OrSet<string>.Empty.Add("x", NothingSeenA).Remove("x", By(B, 1, 6, (A, 1)));
        removed.Contains("x").ShouldBeFalse();

        removed.Add("x", By(B, 2, 7, (A, 1))).Contains("x").ShouldBeTrue();
    }

    [Fact]
    public void RemoveWinsSet_ConcurrentAddAndRemove_IsAbsentInEitherOrder()
    {
        var empty = RemoveWinsSet<string>.Empty;

        empty.Add("x", NothingSeenA).Remove("x", NothingSeenB).Contains("x").ShouldBeFalse();
        empty.Remove("x", NothingSeenB).Add("x", NothingSeenA).Contains("x").ShouldBeFalse();
    }

    [Fact]
    public void RemoveWinsSet_EachGrantsAgainAfterOneOfTwoRevocations_IsAbsent()
    {
        var set = RemoveWinsSet<string>.Empty.Remove("x", NothingSeenA).Remove("x", NothingSeenB)
            .Add("x", By(A, 2, 7)).Add("x", By(B, 2, 8));
        set.Contains("x").ShouldBeFalse();

        set.Add("x", By(A, 3, 9, (B, 1))).Contains("x").ShouldBeTrue("who has seen both may grant");
    }

    [Fact]
    public void LwwMap_EarlierWriteArrivesAfterTheRemoval_StaysRemoved()
    {
        var map = LwwMap<string, int>.Empty.Remove("k", NothingSeenB).Set("k", 1, NothingSeenA);
        map.TryGet("k", out _).ShouldBeFalse();

        map.Settle(Horizon.Through(Saw((A, 1), (B, 1)))).IsEmpty.ShouldBeTrue("both are final: nothing is kept");
    }

    [Fact]
    public void OrMap_RemoveConcurrentWithAnUpdate_TheUpdateSurvivesAlone()
    {
        var map = OrMap<string, ResettableCounter>.Empty.Update("k", NothingSeenA, c => c.Add(100, NothingSeenA));
        var update = By(A, 2, 7);

        var both = map.Update("k", update, c => c.Add(1, update)).Remove("k", By(B, 1, 6, (A, 1)));
        both["k"].Value.ShouldBe(1);

        both.Remove("k", By(B, 2, 8, (A, 2))).Contains("k").ShouldBeFalse();
    }

    [Fact]
    public void OrMap_RemoveAfterTheCounterWasSettled_ResetsExactlyWhatItSaw()
    {
        var (old, late) = (By(A, 1, 5), By(A, 2, 9));
        var map = OrMap<string, ResettableCounter>.Empty.Update("k", old, c => c.Add(100, old))
            .Settle(Horizon.Through(Saw((A, 1))));
        map = map.Update("k", late, c => c.Add(1, late)).Remove("k", By(B, 1, 8, (A, 1)));

        map["k"].Value.ShouldBe(1);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Sequence_ConcurrentRunsAtOnePlace_DoNotInterleave(bool firstBackwards, bool secondBackwards)
    {
        var start = Sequence<string>.Empty;
        var opening = By(A, 1, 1);
        start = start.Apply(start.InsertAt(0, "(", ")"), opening);

        var first = Type(start, B, "abcdef", firstBackwards, out var firstEvents);
        var second = Type(start, C, "uvwxyz", secondBackwards, out var secondEvents);

        var merged = Replay(first, secondEvents);
        string.Concat(merged.Items).ShouldBe("(abcdefuvwxyz)");
        Bytes(Replay(second, firstEvents)).ShouldBe(Bytes(merged));
    }

    [Fact]
    public void Sequence_QueueOfALongPast_KeepsNothingOfIt()
    {
        var (queue, seen, sequence) = (Sequence<string>.Empty, VersionVector.Empty, 0ul);
        for (var i = 0; i < 2_000; i++)
        {
            Do(s => s.Apply(queue.InsertAt(queue.Count, $"{i}"), Context()));
            if (queue.Count > 5)
                Do(s => s.Apply(queue.DeleteAt(0), Context()));
            if (i % 50 == 49)
                queue = queue.Settle(Horizon.Through(seen));
        }

        string.Join(' ', queue.Items).ShouldBe("1995 1996 1997 1998 1999");
        queue.Runs.Length.ShouldBe(5);
        Bytes(queue).Length.ShouldBeLessThan(1_000);

        void Do(Func<Sequence<string>, Sequence<string>> change)
        {
            seen = seen.With(A, ++sequence);
            queue = change(queue);
        }

        EventContext Context() => new("e", A, sequence, HybridTimestamp.At((long)sequence), seen, 0, false);
    }

    [Fact]
    public void Sequence_OneCommandDeletesALineAndInsertsBesideIt_CountsBoth()
    {
        var first = By(A, 1, 1);
        var text = Sequence<string>.Empty;
        text = text.Apply(text.InsertAt(0, "x", "y"), first);
        var (cut, insertion) = (text.DeleteAt(0), text.InsertAt(1, "z"));
        var (second, third) = (By(A, 2, 2), By(A, 3, 3) with { BatchIndex = 1 });

        text = text.Apply(cut, second).Apply(insertion, third);

        text.Items.ShouldBe(["z", "y"]);
    }

    [Fact]
    public void Sequence_OldOperationBesideADeletedElement_IsIgnoredWhetherOrNotItIsStillHeld()
    {
        var text = Sequence<string>.Empty;
        text = text.Apply(text.InsertAt(0, "x"), By(A, 1, 1));
        var old = text.InsertAt(1, "z");
        text = text.Apply(text.DeleteAt(0), By(A, 2, 2));

        text.Apply(old, By(A, 3, 3)).Count.ShouldBe(0);
        text.Settle(Horizon.Through(Saw((A, 2)))).Apply(old, By(A, 3, 3)).Count.ShouldBe(0);
        text.Apply(old, By(B, 1, 3, (A, 1))).Items.ShouldBe(["z"], "who had not seen the deletion");
    }

    [Fact]
    public void Dot_AsJson_IsText()
    {
        var dot = new Dot(A, 7);

        Dot.Parse(dot.ToString()).ShouldBe(dot);
        Should.Throw<FormatException>(() => Dot.Parse("a#7"));
        Should.Throw<JsonException>(() => JsonSerializer.Deserialize("{\"settled\":false,\"dots\":[\"?\"]}",
            DataJson.Default.EnableWinsFlag));
    }

    private static Sequence<string> Type(
        Sequence<string> text, Origin origin, string letters, bool backwards,
        out List<(SequenceInsertion<string> What, EventContext Context)> events)
    {
        events = [];
        for (var i = 0; i < letters.Length; i++)
        {
            var letter = letters[backwards ? letters.Length - 1 - i : i].ToString();
            var what = text.InsertAt(backwards ? 1 : 1 + i, letter);
            var context = By(origin, (ulong)i + 1, 10 + i, (A, 1));
            text = text.Apply(what, context);
            events.Add((what, context));
        }
        return text;
    }

    private static Sequence<string> Replay(
        Sequence<string> text, List<(SequenceInsertion<string> What, EventContext Context)> events)
        => events.Aggregate(text, (t, e) => t.Apply(e.What, e.Context));

    private static string Bytes(Sequence<string> text)
        => Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(text, DataJson.Default.SequenceString));

    private static EventContext By(
        Origin origin, ulong sequence, long milliseconds, params (Origin Origin, ulong Count)[] seen)
        => new("e", origin, sequence, HybridTimestamp.At(milliseconds), Saw(seen).With(origin, sequence), 0, false);
}
